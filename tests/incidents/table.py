"""The incidents: what is played, and what any telling of it must hold. A new one is a row here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from playhouse import HELLO

Way = Literal["ask", "leave", "stop", "stop_reading", "full_disk", "bad_settings"]
"""`ask`: read to the end. `leave`, after some seconds; `stop`: then peekd stops, at once.
`stop_reading`: the client takes nothing of what is sent. `full_disk`: app.log cannot be written meanwhile.
`bad_settings`: the settings are read anew before, and have a fault."""


class Incident(NamedTuple):
    """One row.

    `plays`: the simulator's acts by account, in the order in which they are asked; `protocol`: its own.
    `cause`: outcomes, `action`: moves, `advice`: words; each must stand in every telling of it. `acts`:
    whether a person must act, for this request or before it comes again.
    `phrase` finds what stands in the journal beside the request's own entries.
    `hedges`: its route asks a second account beside one that is slow to begin.
    `before`: requests that were made before the one that is told.
    """

    name: str
    plays: Mapping[str, Sequence[object]]
    cause: tuple[str, ...]
    action: tuple[str, ...]
    advice: str
    acts: bool = False
    body: Mapping[str, Any] = HELLO
    stream: bool = True
    way: Way = "ask"
    seconds: float = 3.0
    before: int = 0
    accounts: Sequence[str] | None = None
    protocol: str = "anthropic"
    phrase: str = ""
    hedges: bool = False


_THOUGHT = {"type": "thinking", "thinking": "Hm", "signature": "c2lnbmF0dXJl" * 8}
SIGNED: Mapping[str, Any] = {
    **HELLO,
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "messages": [
        {"role": "user", "content": "Say hello."},
        {"role": "assistant", "content": [_THOUGHT, {"type": "text", "text": "Hello."}]},
        {"role": "user", "content": "Again."},
    ],
}
ANSWER = "answer text='One two three.'"
HEALED = "nothing: peekd healed it"
REJECTION = (
    '{"type":"error","error":{"type":"invalid_request_error","message":"max_tokens: must be positive"}}'
)

INCIDENTS: tuple[Incident, ...] = (
    Incident(
        "rate-limit",
        {"alice": ["429 retry-after=40"], "bob": [ANSWER]},
        ("rate_limited",),
        ("rotate",),
        HEALED,
    ),
    Incident(
        "two-limited-one-dead",
        {"alice": ["429 retry-after=40"], "bob": ["429 retry-after=50"], "carol": ["401"]},
        ("rate_limited", "unauthorized"),
        ("rotate", "give_up"),
        "renew the credential of carol",
        acts=True,
    ),
    Incident(
        "quota-for-hours",
        {"alice": ["429 retry-after=7200"]},
        ("quota_exhausted",),
        ("rotate",),
        "wait, or add an account that has quota left",
        acts=True,
    ),
    Incident(
        "provider-storm",
        {"alice": ["529"], "bob": ["529"], "carol": ["529"]},
        ("overloaded",),
        ("again", "rotate", "give_up"),
        "name a second upstream in the route: up is short of capacity",
        acts=True,
    ),
    Incident("broken-server", {"alice": ["500"], "bob": [ANSWER]}, ("server_error",), ("rotate",), HEALED),
    Incident(
        "expired-key",
        {"alice": ["401"]},
        ("unauthorized",),
        ("rotate",),
        "renew the credential of alice",
        acts=True,
    ),
    Incident(
        "no-credit",
        {"alice": ["no-credit"], "bob": [ANSWER]},
        ("payment_required",),
        ("rotate",),
        "It will come again, so add credit to alice",
        acts=True,
    ),
    Incident(
        "not-allowed",
        {"alice": ["403"], "bob": [ANSWER]},
        ("forbidden",),
        ("rotate",),
        "It will come again, so let alice use claude-opus-5-5 at up",
        acts=True,
    ),
    Incident(
        "wants-a-person",
        {"alice": ["validation"]},
        ("validation_required",),
        ("rotate",),
        "confirm alice with its provider",
        acts=True,
        protocol="gemini",
    ),
    Incident(
        "no-such-model",
        {"alice": ["404"], "bob": ["404"]},
        ("model_not_found",),
        ("rotate",),
        "correct the route: up has no claude-opus-5-5 for alice",
        acts=True,
    ),
    Incident(
        "own-fault",
        {"alice": [f"400 'body={REJECTION}'"], "bob": [ANSWER]},
        ("rejected",),
        ("give_up",),
        "correct the request, or what writes it: the upstream says what is wrong with it",
        acts=True,
    ),
    Incident(
        "too-large",
        {"alice": ["413"]},
        ("too_large",),
        ("give_up",),
        "send less: the upstream takes no request of this size",
        acts=True,
    ),
    Incident(
        "signature-repair",
        {"alice": ["signature", ANSWER]},
        ("signature",),
        ("repair",),
        HEALED,
        body=SIGNED,
    ),
    Incident(
        "signature-stays",
        {"alice": ["signature", "signature"]},
        ("signature",),
        ("repair", "give_up"),
        "start a new conversation: this one holds thoughts that up does not take back",
        acts=True,
        body=SIGNED,
    ),
    Incident(
        "unreachable",
        {"alice": ["reset"]},
        ("unreachable",),
        ("again", "give_up"),
        "see whether up can be reached from here: `peekd check --connect`",
        acts=True,
    ),
    Incident("no-status", {"alice": ["silence"], "bob": [ANSWER]}, ("headers_timeout",), ("rotate",), HEALED),
    Incident(
        "pings-only", {"alice": ["pings count=0 every=5"], "bob": [ANSWER]}, ("silent",), ("rotate",), HEALED
    ),
    Incident("empty-stream", {"alice": ["empty", ANSWER]}, ("empty",), ("again",), HEALED),
    Incident(
        "blank-twice",
        {"alice": ["blank"]},
        ("blank", "blank_accepted"),
        ("again", "relay"),
        "say more in the prompt",
        acts=True,
    ),
    Incident(
        "error-in-a-200", {"alice": ["reset at=start", ANSWER]}, ("error_in_stream",), ("again",), HEALED
    ),
    Incident(
        "bad-call", {"alice": ["malformed-call", ANSWER]}, ("malformed",), ("again",), HEALED, stream=False
    ),
    Incident(
        "cut-in-one-piece", {"alice": ["cut", ANSWER]}, ("truncated",), ("again",), HEALED, stream=False
    ),
    Incident(
        "broken-after-words",
        {"alice": ["cut"], "bob": [ANSWER]},
        ("broken",),
        ("give_up",),
        "ask again: up broke off in the middle",
        acts=True,
    ),
    Incident(
        "silent-after-words",
        {"alice": ["stall at=middle seconds=0"], "bob": [ANSWER]},
        ("stalled",),
        ("give_up",),
        "raise healing.idle_seconds for up if it pauses that long",
        acts=True,
    ),
    Incident(
        "all-rest",
        {"alice": ["429 retry-after=600"]},
        ("no_account",),
        (),
        "wait, or add an account that has quota left",
        acts=True,
        before=1,
    ),
    Incident(
        "no-account-at-all",
        {"alice": [ANSWER]},
        ("no_account",),
        (),
        "add an account to the settings, or mend those that are named above",
        acts=True,
        accounts=(),
    ),
    Incident(
        "client-leaves",
        {"alice": ["silence"]},
        ("client_gone",),
        (),
        "nothing where a person stopped it",
        way="leave",
    ),
    Incident(
        "client-stops-reading",
        {"alice": [f"answer text='{'word ' * 60_000}'"]},
        ("client_gone",),
        (),
        "server.write_stall_seconds where it reads slowly",
        way="stop_reading",
    ),
    Incident(
        "stopped-meanwhile",
        {"alice": ["silence"]},
        ("drained",),
        (),
        "ask again once peekd is back",
        acts=True,
        way="stop",
    ),
    Incident(
        "full-disk",
        {"alice": ["529", ANSWER]},
        ("overloaded",),
        ("again",),
        HEALED,
        way="full_disk",
        phrase="cannot be written",
    ),
    Incident(
        "hedge-won",
        {"alice": ["answer text=slow delay=15"], "bob": [ANSWER]},
        ("superseded",),
        (),
        HEALED,
        hedges=True,
    ),
    Incident(
        "bad-settings-on-reload",
        {"alice": ["529", ANSWER]},
        ("overloaded",),
        ("again",),
        HEALED,
        way="bad_settings",
        phrase="settings stay in force",
    ),
)
