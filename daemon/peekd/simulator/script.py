"""Scripts: which act is played for which request. Read from TOML, or made in a test.

    default = "answer"            # what is played where no play matches
    keys = ["sim-alice"]          # credentials that are known; others get a 401. Left out: all are
    strict = false                # true: requests are held to the vendors' rules about thought signatures

    [[play]]                      # the first that matches, and has an act left, is played
    key = "sim-alice"             # credential, model and path: * and ? stand for anything; "*" is the default
    model = "claude-*"
    path = "/v1/models"           # without the query; left out: requests for an answer, not counts and lists
    when = "signed"               # only requests that replay a signature; "tools": that offer tools;
                                  # "result": that bring a tool's result; "stream", "whole": how it is asked
    acts = ["429 retry-after=2", {do = "answer", text = "Hello", pace = 0.05}]
    after = "last"                # when all were played: the last again, "cycle", or "pass" to the next play
    each = false                  # true: each credential counts for itself

A play counts the requests that it answers: the n-th gets the n-th act.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import msgspec

from peekd.simulator.acts import Act, read_act
from peekd.simulator.asked import Asked
from peekd.vocabulary.errors import OperatorError

_ANSWER: Final = Act("answer", label="answer")

WantedT = TypeVar("WantedT")
Condition = Literal["", "signed", "tools", "result", "stream", "whole"]


class Play(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Acts for the requests that match; the module tells what each key means."""

    acts: tuple[Act, ...]
    key: str = "*"
    model: str = "*"
    path: str = ""
    when: Condition = ""
    after: Literal["last", "cycle", "pass"] = "last"
    each: bool = False

    def matches(self, asked: Asked) -> bool:
        """Say whether this play is for that request, if it has an act left."""
        return (
            _fits(self.key, asked.key)
            and _fits(self.model, asked.model)
            and (_fits(self.path, asked.path) if self.path else asked.verb == "generate")
            and (not self.when or asked.holds(self.when))
        )

    def act(self, played: int) -> Act | None:
        """Give the act for the request after `played` ones; None: this play is over."""
        if played < len(self.acts):
            return self.acts[played]
        if self.after == "pass":
            return None
        return self.acts[-1 if self.after == "last" else played % len(self.acts)]


class Script(msgspec.Struct, frozen=True):
    """A whole playbook; how far it has been played is kept by `Prompter`."""

    plays: tuple[Play, ...] = ()
    default: Act = _ANSWER
    keys: tuple[str, ...] = ()
    strict: bool = False

    @classmethod
    def of(cls, plays: Mapping[str, Sequence[object]] | Sequence[object], *, strict: bool = False) -> Script:
        """Make one from acts by credential, or for whoever asks. Raises OperatorError as `load_script`."""
        by_key = plays if isinstance(plays, Mapping) else {"*": plays}
        table = {
            "play": [{"key": key, "acts": list(acts)} for key, acts in by_key.items()],
            "strict": strict,
        }
        return _read(table, "script")


class Prompter:
    """Follows a script: gives each request its act."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._played: Counter[tuple[int, str]] = Counter()

    def next_act(self, asked: Asked) -> Act:
        """Give the act for this request, and count it."""
        if self._script.keys and asked.key not in self._script.keys:
            return Act("refuse", label="401", refusal="401", status=401)
        for number, play in enumerate(self._script.plays):
            if not play.matches(asked):
                continue
            place = (number, asked.key if play.each else "")
            act = play.act(self._played[place])
            if act is not None:
                self._played[place] += 1
                return act
        return self._script.default if asked.verb == "generate" else _ANSWER


def load_script(name_or_path: str) -> Script:
    """Load a bundled script by its name, or a file. Raises OperatorError: one line for each fault in it."""
    bundled = files("peekd.simulator") / "scripts"
    source = bundled / f"{name_or_path}.toml"
    if "/" in name_or_path or not source.is_file():
        source = Path(name_or_path).expanduser()
    try:
        text = source.read_text(encoding="utf-8")
    except FileNotFoundError:
        names = ", ".join(sorted(entry.name.removesuffix(".toml") for entry in bundled.iterdir()))
        raise OperatorError(f"simulator script {name_or_path!r}: no such file, nor one of: {names}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"simulator script {name_or_path!r}: {error}") from error
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise OperatorError(f"simulator script {name_or_path!r}: {error}") from error
    return _read(table, f"simulator script {name_or_path!r}")


def _fits(pattern: str, word: str) -> bool:
    """Match * and ?; brackets are ordinary, since model names hold them."""
    return fnmatchcase(word, pattern.replace("[", "[[]"))


def _read(table: Mapping[str, Any], name: str) -> Script:
    unknown = sorted(table.keys() - {"play", "default", "keys", "strict"})
    faults = [f"{name}: unknown key {key!r}; there are play, default, keys and strict" for key in unknown]
    default = read_act(table.get("default", "answer"), f"{name}: default", faults)
    plays = _convert(table.get("play", []), list[dict[str, object]], f"{name}: [[play]]", faults) or []
    found = [_read_play(play, f"{name}: play {number}", faults) for number, play in enumerate(plays, 1)]
    keys = _convert(table.get("keys", []), tuple[str, ...], f"{name}: keys", faults)
    strict = _convert(table.get("strict", False), bool, f"{name}: strict", faults)
    if faults or default is None or keys is None or strict is None:
        raise OperatorError(*faults)
    return Script(tuple(play for play in found if play is not None), default, keys, strict)


def _convert(value: object, wanted: type[WantedT], where: str, faults: list[str]) -> WantedT | None:
    try:
        return msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        faults.append(f"{where}: {error}")
        return None


def _read_play(table: dict[str, object], where: str, faults: list[str]) -> Play | None:
    rest = dict(table)
    specs = _convert(rest.pop("acts", []), list[object], f"{where}: acts", faults)
    if specs is not None and not specs:
        faults.append(f"{where}: acts must hold at least one act")
    acts = [read_act(spec, f"{where}, act {number}", faults) for number, spec in enumerate(specs or (), 1)]
    play = _convert({**rest, "acts": []}, Play, where, faults)
    if play is None:
        return None
    return msgspec.structs.replace(play, acts=tuple(act for act in acts if act is not None))
