"""Google credentials: what a file holds, and what must be sent to get an access token for it.

google-auth knows how each kind of credential is exchanged, and would do the sending itself, blocking. Here it
is asked step by step: it says what it wants to send and stops, whoever asked sends it, and it is asked again
with the answer at hand. So every token request has peekd's own transport, proxies, trust and deadlines, and
no thread ever waits for a network. It is imported when the first such credential is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, cast
from urllib.parse import urlsplit

import msgspec
from typing_extensions import override

from peekd.upstream.secrets import CREDENTIAL, FILE, load_file, path_of
from peekd.vocabulary.errors import OperatorError

GOOGLE: Final = "google:"
ADC: Final = "google:adc"
"""Application Default Credentials, https://cloud.google.com/docs/authentication/application-default-credentials"""

SCOPES: Final = (
    "https://www.googleapis.com/auth/cloud-platform",
    "https://www.googleapis.com/auth/generative-language.retriever",
)
"""What a service account asks for: Vertex AI and Code Assist take the first, the Gemini API wants both
(https://ai.google.dev/gemini-api/docs/oauth). A person's refresh token carries the scopes it was given."""

UNTOLD_SECONDS: Final = 3600.0
"""How long an access token is taken to live where nobody says."""

METADATA_HOSTS: Final = frozenset({"metadata.google.internal", "169.254.169.254"})
_METADATA_PATH: Final = "/computeMetadata/v1/instance/service-accounts/default/token"
_PLAIN_HOSTS: Final = METADATA_HOSTS | {"localhost", "127.0.0.1", "::1", "simulator"}
"""Where a token may be asked for without TLS: what never leaves the machine, or this program."""

_ADC_FILE: Final = "application_default_credentials.json"
_ENDPOINT: Final = "https://oauth2.googleapis.com/token"
_DEPTH: Final = 8
"""Token requests in one exchange; an impersonated account behind a federated one needs three."""

Json = dict[str, Any]


class Errand(NamedTuple):
    """What google-auth wants to have sent. The body may hold a refresh token or a signed assertion."""

    url: str
    method: str = "POST"
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    @override
    def __repr__(self) -> str:
        return f"Errand({self.method} {self.url})"


class Reply(NamedTuple):
    """What came back; google-auth gets to see it only where it is a good one."""

    status: int
    body: bytes

    @override
    def __repr__(self) -> str:
        return f"Reply({self.status}, {len(self.body)} bytes)"


class Minted(NamedTuple):
    """An access token, and how many seconds it lives from now."""

    token: str
    seconds: float

    @override
    def __repr__(self) -> str:
        return f"Minted({self.seconds:g} s)"


class UnmintedError(Exception):
    """A good answer that was no access token; the words never repeat it."""


class GoogleKey:
    """One credential that was read. `project`: the one that its requests are counted to, "" for none named.

    `blocking`: a step may read files of its own, and belongs in a thread. `mark`: tells one content from
    another, and nothing of it.
    """

    def __init__(
        self, kind: str, project: str, steps: _Steps, *, blocking: bool = False, mark: bytes = b""
    ) -> None:
        self.kind = kind
        self.mark = mark
        self.project = project
        self.blocking = blocking
        self._steps = steps

    @override
    def __repr__(self) -> str:
        return f"GoogleKey({self.kind})"

    def step(self, answers: Mapping[str, Reply]) -> Errand | Minted:
        """Give the access token, or what must be sent first; `answers` to what was sent are kept by URL.

        Raises UnmintedError where the answers lead to none.
        """
        if len(answers) > _DEPTH:
            raise UnmintedError("the exchange has no end")
        return self._steps(answers)


_Steps = Callable[[Mapping[str, Reply]], Errand | Minted]


# ---- reading one --------------------------------------------------------------------------------


def load_google(reference: str, environ: Mapping[str, str]) -> GoogleKey:
    """Read what a `google:` reference names. Raises OperatorError with one line that never holds a secret."""
    place = place_of(reference, environ)
    if place is None:
        return _metadata(environ)
    try:
        info = msgspec.json.decode(load_file(place, environ), type=Json)
    except (ValueError, RecursionError):
        raise OperatorError(f"{reference}: not a JSON object") from None
    return google_key(info, reference, adc=reference == ADC)


def place_of(reference: str, environ: Mapping[str, str]) -> str | None:
    """Give the `file:` or `credential:` reference behind a `google:` one; None where no file is.

    For `google:adc` that is the file $GOOGLE_APPLICATION_CREDENTIALS names, else the one that `gcloud auth
    application-default login` keeps, else none: then the machine's own metadata server is asked.
    """
    rest = reference.removeprefix(GOOGLE)
    if reference != ADC:
        return rest if rest.startswith(CREDENTIAL) else FILE + rest
    if named := environ.get("GOOGLE_APPLICATION_CREDENTIALS"):
        return FILE + named
    config = environ.get("CLOUDSDK_CONFIG")
    folder = Path(config) if config else Path(environ.get("HOME", "~")).expanduser() / ".config" / "gcloud"
    return f"{FILE}{folder / _ADC_FILE}" if (folder / _ADC_FILE).is_file() else None


def files_of(reference: str, environ: Mapping[str, str]) -> Path | None:
    """Give the file behind a reference of any kind, so that it can be watched; None where there is none."""
    place = place_of(reference, environ) if reference.startswith(GOOGLE) else reference
    return path_of(place, environ) if place is not None and place.startswith((FILE, CREDENTIAL)) else None


def google_key(info: Json, reference: str, *, adc: bool = False) -> GoogleKey:
    """Make a key of a credential file's content. Raises OperatorError, without a word of it."""
    kind = info.get("type")
    known = {**_KINDS, **_DEFAULT_KINDS} if adc else _KINDS
    if not isinstance(kind, str) or kind not in known:
        raise OperatorError(f"{reference}: its type must be {' or '.join(known)}")
    row = known[kind]
    missing = [name for name in row.needs if not isinstance(info.get(name), str) or not info[name]]
    if missing:
        raise OperatorError(f"{reference}: a {kind} needs {', '.join(missing)}")
    for name, value in info.items():
        if name.endswith(("_uri", "_url")) and isinstance(value, str) and not _is_safe(value):
            raise OperatorError(f"{reference}: {name} is not https://…")
    try:
        wallet = row.load(info)
    except Exception as fault:  # noqa: BLE001  google-auth and cryptography raise what they like
        words = f"{reference}: google-auth cannot use it ({type(fault).__name__})"
        raise OperatorError(words) from None  # their words may quote the key
    project = info.get("quota_project_id")
    project = info.get("quota_project_id")
    return GoogleKey(
        kind,
        project if isinstance(project, str) else "",
        _asked(wallet),
        blocking=row.blocking,
        mark=sha256(msgspec.json.encode(info)).digest(),
    )


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _PLAIN_HOSTS)


# ---- google-auth, step by step ------------------------------------------------------------------


class _Wallet(Protocol):
    """google-auth's credentials, as far as they are used."""

    token: str | None

    def refresh(self, request: object) -> None: ...


class _Row(NamedTuple):
    load: Callable[[Json], _Wallet]
    needs: tuple[str, ...]
    blocking: bool = False


def _authorized_user(info: Json) -> _Wallet:
    from google.oauth2.credentials import Credentials

    made = Credentials(
        None,
        refresh_token=info["refresh_token"],
        client_id=info["client_id"],
        client_secret=info["client_secret"],
        token_uri=info.get("token_uri") or _ENDPOINT,
    )
    return cast("_Wallet", made)


def _service_account(info: Json) -> _Wallet:
    from google.oauth2.service_account import Credentials

    made = Credentials.from_service_account_info(info, scopes=SCOPES)  # pyright: ignore[reportUnknownMemberType]
    return cast("_Wallet", made)


def _impersonated(info: Json) -> _Wallet:
    from google.auth.impersonated_credentials import Credentials

    made = Credentials.from_impersonated_service_account_info(info, scopes=SCOPES[:1])  # pyright: ignore[reportUnknownMemberType]
    return cast("_Wallet", made)


def _federated(info: Json) -> _Wallet:
    from google.auth.identity_pool import Credentials

    return cast("_Wallet", Credentials.from_info(info, scopes=SCOPES[:1]))  # pyright: ignore[reportUnknownMemberType]


_KINDS: Final[Mapping[str, _Row]] = {
    "authorized_user": _Row(_authorized_user, ("client_id", "client_secret", "refresh_token")),
    "service_account": _Row(_service_account, ("client_email", "private_key", "token_uri")),
}
_DEFAULT_KINDS: Final[Mapping[str, _Row]] = {
    "impersonated_service_account": _Row(
        _impersonated, ("service_account_impersonation_url",), blocking=True
    ),
    "external_account": _Row(_federated, ("audience", "subject_token_type", "token_url"), blocking=True),
}
"""What Application Default Credentials may be besides."""


class _Wants(BaseException):
    """google-auth has come to where it sends something. No Exception: it would take one for a failure."""

    def __init__(self, errand: Errand) -> None:
        super().__init__()
        self.errand = errand


class _Transport:
    """google-auth's `transport.Request`: gives what is known, and stops it where more must be sent."""

    def __init__(self, answers: Mapping[str, Reply]) -> None:
        self._answers = answers

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> _Response:
        if url in self._answers:
            return _Response(self._answers[url])
        data = body.encode() if isinstance(body, str) else body or b""
        raise _Wants(Errand(url, method, data, tuple((headers or {}).items())))


class _Response:
    """google-auth's `transport.Response`."""

    def __init__(self, reply: Reply) -> None:
        self.status = reply.status
        self.data = reply.body
        self.headers = {"content-type": "application/json"}


def _asked(wallet: _Wallet) -> _Steps:
    def steps(answers: Mapping[str, Reply]) -> Errand | Minted:
        try:
            wallet.refresh(_Transport(answers))
        except _Wants as wants:
            return wants.errand
        except Exception as fault:  # noqa: BLE001  whatever it makes of an answer
            # Its words repeat the answer, which may hold a token.
            raise UnmintedError(f"google-auth cannot use the answer ({type(fault).__name__})") from None
        return _minted(wallet.token, _seconds(answers))

    return steps


class _Life(msgspec.Struct):
    expires_in: float = UNTOLD_SECONDS


def _seconds(answers: Mapping[str, Reply]) -> float:
    """How long the token lives, as the last answer says it: google-auth tells it by a clock of its own."""
    last = list(answers.values())[-1:]
    try:
        return min(msgspec.json.decode(reply.body, type=_Life, strict=False).expires_in for reply in last)
    except (ValueError, RecursionError):
        return UNTOLD_SECONDS


def _minted(token: str | None, seconds: float) -> Minted:
    if not token or not (token.isascii() and token.isprintable()):
        raise UnmintedError("the answer holds no access token")
    return Minted(token, seconds)


# ---- the machine's own account ------------------------------------------------------------------


class _Metadata(msgspec.Struct):
    access_token: str
    expires_in: float = UNTOLD_SECONDS


def _metadata(environ: Mapping[str, str]) -> GoogleKey:
    """Ask the metadata server of a machine at Google: one request, no secret of ours."""
    host = environ.get("GCE_METADATA_HOST") or "metadata.google.internal"
    url = f"http://{host}{_METADATA_PATH}"

    def steps(answers: Mapping[str, Reply]) -> Errand | Minted:
        if url not in answers:
            return Errand(url, "GET", headers=(("Metadata-Flavor", "Google"),))
        try:
            told = msgspec.json.decode(answers[url].body, type=_Metadata)
        except (ValueError, RecursionError):
            raise UnmintedError("the metadata server's answer holds no access token") from None
        return _minted(told.access_token, told.expires_in)

    return GoogleKey("metadata server", "", steps)
