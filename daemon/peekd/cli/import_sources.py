"""What `peekd accounts import` reads: JSON lists of accounts, and files and folders of Google credentials.

Only what it is pointed to: no other program's store of tokens is ever looked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

import msgspec
from typing_extensions import override

from peekd.accounts.settings import AccountSettings
from peekd.config.secrecy import is_account_reference
from peekd.upstream.google import GOOGLE, google_key, load_google
from peekd.vocabulary.errors import OperatorError

Json = dict[str, Any]

MAX_BYTES: Final = 16 * 1024 * 1024

_NAMES: Final = ("name", "email", "account", "client_email")
"""Where an account's name stands, the first that is there."""

_KEYS: Final = ("api_key", "apiKey", "key")
_CARRIED: Final = frozenset({
    "upstream", "priority", "weight", "models", "disabled", "max_concurrent", "proxy",
})  # fmt: skip
"""Settings of an account that an entry may have, as they stand in [[accounts]]."""

_LIST_HELP: Final = 'a list of accounts, {"accounts": […]}, or a Google credential'


class Client(msgspec.Struct, frozen=True):
    """An OAuth client: whose refresh tokens they are, where entries do not say so themselves."""

    client_id: str
    client_secret: str

    @override
    def __repr__(self) -> str:
        return f"Client({self.client_id})"


class Candidate(msgspec.Struct, frozen=True):
    """One account that was found. `where`: source and place in it, for people.

    `credential`: a reference, "" where `secret` is to be kept in a file first: a Google credential's JSON, or
    a key. `identity` tells two of the same apart from two; it is never shown.
    """

    where: str
    name: str
    settings: Json
    credential: str = ""
    secret: str = ""
    identity: str = ""

    @override
    def __repr__(self) -> str:
        return f"Candidate({self.where}, {self.name})"

    @property
    def is_google(self) -> bool:
        """Whether it has a Google credential, kept already or not."""
        return self.credential.startswith(GOOGLE) or self.secret.startswith("{")


class _Entry(msgspec.Struct, frozen=True):
    where: str
    body: Json
    path: Path | None = None
    """The file that holds this entry alone, and can be referred to as it is."""


def read_sources(
    sources: Sequence[str], client: Client | None, environ: Mapping[str, str]
) -> tuple[list[Candidate], list[str]]:
    """Read them all; gives the accounts that were found, and a line for each entry that is none."""
    found: list[Candidate] = []
    faults: list[str] = []
    for source in sources:
        try:
            entries = [*_entries(Path(source).expanduser(), faults)]
        except OperatorError as fault:
            faults += fault.faults
            continue
        for entry in entries:
            try:
                found.append(_candidate(entry, client, environ))
            except OperatorError as fault:
                faults += fault.faults
    return found, faults


def read_client(path: str) -> Client:
    """Read an OAuth client's file, as Google's console gives it. Raises OperatorError."""
    body = _table(_read(Path(path).expanduser()))
    try:
        return msgspec.convert(body.get("installed") or body.get("web") or body, Client)
    except msgspec.ValidationError:
        raise OperatorError(f"{path}: no OAuth client; client_id and client_secret are needed") from None


# ---- files and folders --------------------------------------------------------------------------


def _entries(source: Path, faults: list[str]) -> Iterator[_Entry]:
    if not source.is_dir():
        yield from _entries_of(source)
        return
    files = sorted(path for path in source.iterdir() if path.suffix == ".json")
    if not files:
        faults.append(f"{source}: no .json file is in it")
    for path in files:
        try:
            yield from _entries_of(path)
        except OperatorError as fault:
            faults += fault.faults


def _entries_of(path: Path) -> Iterator[_Entry]:
    body = _read(path)
    if isinstance(_table(body).get("type"), str):
        yield _Entry(str(path), _table(body), path.absolute())
        return
    listed = cast("object", body) if isinstance(body, list) else _table(body).get("accounts")
    if not isinstance(listed, list):
        raise OperatorError(f"{path}: expected {_LIST_HELP}")
    for number, entry in enumerate(cast("list[object]", listed), 1):
        yield _Entry(f"{path}, entry {number}", _table(entry))


def _table(value: object) -> Json:
    return cast("Json", value) if isinstance(value, dict) else {}


def _read(path: Path) -> object:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as fault:
        raise OperatorError(f"{path}: {fault.strerror}") from fault
    if len(data) > MAX_BYTES:
        raise OperatorError(f"{path}: longer than any list of accounts")
    try:
        return msgspec.json.decode(data)
    except (ValueError, RecursionError):
        raise OperatorError(f"{path}: not JSON") from None


# ---- one entry ----------------------------------------------------------------------------------


def _candidate(entry: _Entry, client: Client | None, environ: Mapping[str, str]) -> Candidate:
    """Read one. Raises OperatorError naming the entry, and nothing of what it holds but names of keys."""
    body = entry.body
    settings = {key: body[key] for key in _CARRIED if key in body}
    name = next((body[key] for key in _NAMES if isinstance(body.get(key), str) and body[key]), "")
    name = name or (entry.path.stem if entry.path is not None else "")
    if not name or not name.isascii() or not name.isprintable():
        raise OperatorError(f"{entry.where}: expected a name of printable ASCII under {', '.join(_NAMES)}")
    _check(entry.where, name, settings)
    candidate = Candidate(entry.where, name, settings)
    if entry.path is not None:
        load_google(f"{GOOGLE}{entry.path}", environ)  # as it will be loaded; its mode counts, too
        return msgspec.structs.replace(
            candidate, credential=f"{GOOGLE}{entry.path}", identity=_identity(body)
        )
    if isinstance(body.get("credential"), str) and body["credential"]:
        if not is_account_reference(body["credential"]):
            raise OperatorError(f"{entry.where}: its credential is a literal; a key belongs under api_key")
        return msgspec.structs.replace(candidate, credential=body["credential"], identity=body["credential"])
    if key := next((body[key] for key in _KEYS if isinstance(body.get(key), str) and body[key]), ""):
        return msgspec.structs.replace(candidate, secret=_key(entry.where, key), identity=key)
    info = _google_info(entry.where, body, client)
    google_key(info, entry.where)
    kept = msgspec.json.encode(info).decode()
    return msgspec.structs.replace(candidate, secret=kept, identity=_identity(info))


def _google_info(where: str, body: Json, client: Client | None) -> Json:
    if isinstance(body.get("type"), str):
        return {key: value for key, value in body.items() if key not in _CARRIED | {"name", "email"}}
    if not isinstance(body.get("refresh_token"), str):
        ways = "a refresh_token, an api_key, a credential, or a Google credential's type"
        raise OperatorError(f"{where}: expected {ways}")
    own = {key: body[key] for key in ("client_id", "client_secret", "quota_project_id") if key in body}
    if client is not None and "client_id" not in own:
        own |= {"client_id": client.client_id, "client_secret": client.client_secret}
    if "client_id" not in own:
        raise OperatorError(f"{where}: its refresh_token is of no client: add client_id, or give --client")
    return {"type": "authorized_user", "refresh_token": body["refresh_token"], **own}


def _identity(info: Json) -> str:
    return str(info.get("refresh_token") or info.get("client_email") or "")


def _key(where: str, key: str) -> str:
    if not key.isascii() or not key.isprintable() or key != key.strip():
        raise OperatorError(f"{where}: its key holds characters that no key has")
    return key


def _check(where: str, name: str, settings: Json) -> None:
    try:
        msgspec.convert({"name": name, "upstream": "", **settings}, AccountSettings)
    except msgspec.ValidationError as fault:
        raise OperatorError(f"{where}: {fault}") from None
