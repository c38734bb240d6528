"""The faults of the table: what the upstream does, and what kind of failure that is."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["passing", "account", "own", "blank", "late", "whole"]
"""`passing`: it may be gone the next time, and no word was out. `account`: one account's alone. `own`: the
request's fault. `blank`: the model ends well without a word. `late`: words were out, or thoughts. `whole`:
nothing of the answer is missing."""


class Fault(NamedTuple):
    """One row.

    `key`: by which it is spoken of. `act`: the simulator's (docs/simulator.md); `stays`: what is played once
    that was, where it is not the same again. `wish`: what the request brings. `but`: protocols that cannot
    have it.
    """

    key: str
    name: str
    act: str
    kind: Kind
    wish: tuple[str, ...] = ()
    stays: str = ""
    but: tuple[str, ...] = ()


WORDS = "One two three four five six seven eight nine ten."
"""What a whole answer says; less is a part of it."""

_SAYS = f"text='{WORDS}'"
ANSWER = f"answer {_SAYS}"
_MUTE = "thinking-only thinking="

REFUSAL = '{"error": {"code": 400, "type": "invalid_request_error", "message": "No such field."}, "odd": 1}'
"""The body of a 400, with a field that nobody knows."""
OWN_FAULT = f"400 'body={REFUSAL}'"

FAULTS = (
    Fault("429", "429, `retry-after: 2`", "429 retry-after=2", "account"),
    Fault("429-long", "429, `retry-after: 40`", "429 retry-after=40", "account"),
    Fault("529", "529, overloaded", "529", "passing"),
    Fault("503", "503, overloaded", "503", "passing"),
    Fault("500", "500", "500", "passing"),
    Fault("502", "502, a page of HTML", "502", "passing"),
    Fault("401", "401, the key is refused", "401", "account"),
    Fault("402", "402, no money", "402", "account"),
    Fault("403", "403, not allowed", "403", "account"),
    Fault("404", "404 of the model", "404", "account"),
    Fault("400", "400, the request's own fault", OWN_FAULT, "own"),
    Fault(
        "signature",
        "400, a thought's signature",
        "signature",
        "passing",
        ("signed",),
        stays=ANSWER,
        but=("openai-chat",),
    ),
    Fault("reset", "reset before headers", "reset", "passing"),
    Fault("close", "close before headers", "close", "passing"),
    Fault("no-headers", "no headers, ever", "silence", "passing"),
    Fault("hang", "headers, then nothing", "hang", "passing"),
    Fault("opening", "an opening, then nothing", "stall at=start", "passing"),
    Fault("empty", "a 200 with nothing", "empty", "passing"),
    Fault("usage", "a 200 with usage and no word", "usage-only", "passing"),
    Fault("pings", "pings for 40 s, then the end", "pings count=4 every=10", "passing"),
    Fault("error-first", "an error first in a 200", "error", "passing"),
    Fault(
        "thoughts-mute",
        "thoughts that show nothing, then the end",
        _MUTE,
        "passing",
        ("thinks",),
    ),
    Fault("blank", "an end well without a word", "blank", "blank"),
    Fault("thoughts", "thoughts that show, then the end", "thinking-only", "late", ("thinks",)),
    Fault("cut", "cut after words", f"cut {_SAYS}", "late"),
    Fault("reset-late", "reset after words", f"reset at=middle {_SAYS}", "late"),
    Fault("error-late", "an error after words", f"error at=middle {_SAYS}", "late"),
    Fault("silence-late", "silence after words", f"stall {_SAYS}", "late"),
    Fault("cut-tool", "cut inside a tool call", "cut-tool tool=Bash", "late", ("tools",)),
    Fault("no-reason", "no reason for the end", f"no-stop {_SAYS}", "late"),
    Fault(
        "no-last",
        "only the last frame missing",
        f"no-last {_SAYS}",
        "whole",
        but=("gemini", "openai-responses"),
    ),
)
