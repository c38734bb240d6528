"""Every law can fail: for each there is a request that breaks it and no other way to say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from peekd.healing.settings import HealingSettings, RouteSettings
from peekd.records.entries import ENDED, AttemptRecord, Entry, RequestRecord
from peekd.records.tally import Tally
from peekd.serving.settings import ServerSettings
from peekd.vocabulary.events import Usage
from simulation.asking import Wish
from simulation.dice import Dice
from simulation.laws import LAWS, judge
from simulation.laws_beyond import hedges_bounded
from simulation.laws_journal import Noted, metrics_agree
from simulation.transcripts import LAG, Blame, Call, Case, Rules, Said
from simulation.wire import Line, Manner, connect

HEALING = HealingSettings(
    early_commit_seconds=3, ping_seconds=2, peek_seconds=10, headers_seconds=6, max_attempts=2
)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"


def frame(kind: str, **said: object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), msgspec.json.encode({"type": kind, **said}))


def answer(text: str = "Hello", *, model: str = "claude", tokens: int = 7) -> list[bytes]:
    delta = {"type": "text_delta", "text": text}
    return [
        frame("message_start", message={"model": model, "usage": {"output_tokens": 1}}),
        frame("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        frame("content_block_delta", index=0, delta=delta),
        frame("content_block_stop", index=0),
        frame("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": tokens}),
        frame("message_stop"),
    ]


ERROR = frame("error", error={"type": "overloaded_error", "message": "no"})
CALL = (
    frame("content_block_start", index=0, content_block={"type": "tool_use", "name": "Bash", "input": {}}),
    frame("content_block_delta", index=0, delta={"type": "input_json_delta", "partial_json": '{"a'}),
)


def line() -> Line:
    return connect(Dice(1), Manner())[0]


def said_of(frames: list[bytes], *, status: bytes = HEAD, **changes: Any) -> Said:
    said = Said(1, "up", "anthropic", "up0", 1, "Hello", line(), arrived_at=1.1, pieces=[(1.2, status)])
    said.pieces += [(1.2, piece) for piece in frames]
    said.finished_at = 1.3
    for name, value in changes.items():
        setattr(said, name, value)
    return said


def refusal(status: int, label: str = "", **changes: Any) -> Said:
    head = b"HTTP/1.1 %d No\r\ncontent-length: 0\r\n\r\n" % status
    return said_of([], status=head, label=label or str(status), fault=label or str(status), **changes)


def call_of(frames: list[bytes], **changes: Any) -> Call:
    wish = Wish(1, "claude", stream=changes.pop("stream", True), talk=changes.pop("talk", ""))
    call = Call(wish, "anthropic", "patient", "key", 1, began=1.0, asked_at=1.0, line=line())
    call.status, call.head_at, call.end, call.ended_at = 200, 1.3, "whole", 1.4
    call.pieces = [(1.3, piece) for piece in frames]
    for name, value in changes.items():
        setattr(call, name, value)
    return call


def record_of(**changes: Any) -> RequestRecord:
    record = RequestRecord("req_1", 0.0, "POST", "/v1/messages", "anthropic", state="done", status=200)
    record.outcome, record.seconds, record.usage, record.shown = "completed", 0.3, Usage(output=7), 1
    record.attempts = [
        AttemptRecord(1, "up0", "up", "claude", 0.1, outcome="completed", usage=Usage(output=7), ended=0.3)
    ]
    for name, value in changes.items():
        setattr(record, name, value)
    return record


def case_of(call: Call | None = None, *said: Said, **changes: Any) -> Case:
    given: dict[str, Any] = {
        "call": call or call_of(answer()),
        "said": said or (said_of(answer()),),
        "record": record_of(),
        "rules": Rules(HEALING, ServerSettings(), ("up0",), frozenset({("up", "claude")})),
        "request": "req_1",
    }
    given["row"] = changes.get("record", given["record"])
    given |= changes
    given.setdefault("entries", journal_of(given["record"]))
    return Case(**given)


def journal_of(record: RequestRecord | None) -> list[tuple[float, Entry]]:
    """What the journal says of such a request."""
    entries: list[Entry] = []
    for attempt in record.attempts if record else ():
        entries.append(
            Entry(f"attempt {attempt.number} with {attempt.account}", attempt=attempt.number, phase="attempt")
        )
        if attempt.move:
            decided = Entry(
                "", attempt=attempt.number, phase="decide", outcome=attempt.outcome, move=attempt.move
            )
            entries += [msgspec.structs.replace(decided, phase="peek"), decided]
    if record is not None:
        entries.append(Entry("it is over", phase="end", outcome=record.outcome, status=record.status))
    return [(1.4, entry) for entry in entries]


def error_of(status: int, *said: Said, headers: dict[str, str] | None = None, **changes: Any) -> Case:
    body = b'{"type":"error","error":{"type":"x","message":"no"}}'
    given = {"retry-after": "1"} if headers is None else headers
    call = call_of([body], status=status, headers=given)
    record = changes.pop("record", record_of(status=status, outcome="overloaded"))
    return case_of(call, *(said or (refusal(529),)), record=record, **changes)


def gone_case() -> Case:
    call = call_of([], end="left", status=0)
    gone = line()
    vars(gone)["_incoming"].ends_at = 1.5
    call.line = gone
    return case_of(call, said_of([], finished_at=9.0))


def with_line(said: Said, sent: bytes) -> Said:
    said.line.sent += sent
    return said


def repaired(*told: str) -> list[AttemptRecord]:
    pairs = zip(told[::2], told[1::2], strict=True)
    return [
        AttemptRecord(n, account, "up", "claude", 0.1, move=move) for n, (account, move) in enumerate(pairs)
    ]


def signed(language: str, talk: str) -> Said:
    return said_of(answer(), language=language, talk=talk, proof="PROOF")


def with_attempt(**changes: Any) -> RequestRecord:
    """A record with another attempt, that nobody was shown."""
    record = record_of()
    record.attempts.append(AttemptRecord(2, "up1", "up", "claude", 0.2, outcome="silent", **changes))
    return record


DECIDED = record_of(
    attempts=[AttemptRecord(1, "up0", "up", "claude", 0.1, outcome="completed", move="relay")]
)


def talked(*, language: str = "gemini", sent: bytes = b"", label: str = "", before: str = "") -> Case:
    """A turn of a Chat client, after one in which `before` made the call that `t1x` marks."""
    call = call_of(answer(), talk="talk-1-1", tongue="openai-chat")
    made = signed(before or language, "talk-1-1")
    made.tag, made.number = "t1x", 1
    said = said_of(answer(), language=language, talk="talk-1-1", sent=sent, label=label, number=2)
    return case_of(call, said, others=(made, said))


STOOD_IN = (
    b'{"contents":[{"parts":[{"functionCall":{"name":"f","args":{"of":"t1x"}},'
    b'"thoughtSignature":"skip_thought_signature_validator"}]}]}'
)

SILENT = said_of([], finished_at=None, pieces=[(1.2, HEAD)])
SILENT.line.closed_at = 30.0

GOALS = frozenset({("up", "claude")})
RULES = Rules(HEALING, ServerSettings(), ("up0", "up1"), GOALS, options=RouteSettings("*", (), hedge=True))
ALLOWED = Rules(
    HEALING,
    ServerSettings(),
    ("up0",),
    GOALS,
    options=RouteSettings("*", (), tool_boundary=True, continue_text=True),
)
AT_CALL = record_of(note="completed_at_tool_boundary")
TOOL_END = [
    answer()[0],
    CALL[0],
    frame("content_block_delta", index=0, delta={"type": "input_json_delta", "partial_json": "{}"}),
    frame("content_block_stop", index=0),
    frame("message_delta", delta={"stop_reason": "tool_use"}, usage={"output_tokens": 7}),
    frame("message_stop"),
]


def beside(**changes: Any) -> tuple[Said, Said]:
    """Two attempts on two accounts, of which the second was begun beside the first and is heard."""
    first = said_of([], finished_at=9.0, tag="t1x", arrived_at=1.1)
    second = said_of(answer(), account="up1", arrived_at=1.15 + LAG, **changes)
    first.line.closed_at = 1.41 + LAG
    second.finished_at = 1.5 + LAG
    return first, second


def going_on(shown: str, rest: str, *, told: str, rules: Rules = ALLOWED) -> Case:
    """An answer that broke off, one that went on, and what the client read."""
    asked = msgspec.json.encode({"messages": [{"role": "assistant", "content": shown}]})
    first = said_of(answer(shown)[:3], tag="One")
    second = said_of(answer(rest), sent=asked, tag="more")
    ends = ((1, "broken", "resume", Usage()), (2, "completed", "relay", Usage(output=7)))
    attempts = [
        AttemptRecord(n, "up0", "up", "claude", 0.1, outcome=outcome, move=move, usage=usage, ended=0.3)
        for n, outcome, move, usage in ends
    ]
    record = record_of(attempts=attempts, shown=2)
    return case_of(call_of(answer(told)), first, second, record=record, rules=rules)


BROKEN: dict[str, list[Case]] = {
    "one_winner": [case_of(None, said_of([], finished_at=9.0, tag="t1x"), said_of(answer()), rules=RULES)],
    "no_hedge_after_limit": [
        case_of(None, *beside()),
        case_of(None, *beside(), rules=ALLOWED),
        case_of(call_of(answer(), stream=False), *beside(), rules=RULES),
        case_of(None, refusal(429, finished_at=1.2), *beside(), rules=RULES),
        case_of(None, beside()[0], said_of(answer(), arrived_at=1.15 + LAG, finished_at=2.0), rules=RULES),
    ],
    "boundary_where_allowed": [
        case_of(call_of(TOOL_END), said_of(TOOL_END[:4]), record=AT_CALL, rules=RULES),
        case_of(call_of(TOOL_END), said_of(TOOL_END[:3]), record=AT_CALL, rules=ALLOWED),
        case_of(call_of(TOOL_END), said_of([*TOOL_END[:4], ERROR]), record=AT_CALL, rules=RULES),
        case_of(None, said_of(answer()[:4]), record=AT_CALL, rules=ALLOWED),
    ],
    "continuation_seam": [
        going_on("One", " more", told="One more", rules=RULES),
        going_on("One", " more", told="One  more"),
        going_on("Two", " more", told="One more"),
        going_on("One", " more and more", told="One more"),
    ],
    "one_start": [case_of(call_of([answer()[0], *answer()]))],
    "one_end": [
        case_of(call_of([*answer(), answer()[-1]])),
        case_of(call_of([*answer(), ERROR])),
        case_of(call_of(answer()[:-1])),
    ],
    "frames_whole": [
        case_of(call_of([*answer()[:2], b"event: ping\ndata: {}\n\n", *answer()[2:]])),
        case_of(call_of([*answer(), b"data: {"])),
        case_of(call_of([answer()[0], answer()[2]])),
    ],
    "tool_json": [
        case_of(
            call_of([answer()[0], *CALL, *answer()[3:]]), said_of([answer()[0], *CALL], language="gemini")
        )
    ],
    "never_cut": [case_of(call_of(answer()[:2], end="cut")), case_of(call_of([], end="cut", status=0))],
    "content_of_one_attempt": [case_of(call_of(answer("Hello there")), said_of(answer("Hello")))],
    "no_false_end": [
        case_of(None, said_of(answer()[:3])),
        case_of(call_of(answer("Hel")), said_of(answer())),
    ],
    "no_empty_200": [
        case_of(call_of([answer()[0], *answer()[4:]]), said_of([answer()[0], *answer()[4:]])),
        case_of(call_of([answer()[0], *answer()[4:]]), said_of(answer())),
    ],
    "usage_told": [
        case_of(call_of(answer(tokens=14))),
        case_of(record=record_of(usage=Usage(output=8))),
    ],
    "model_told": [case_of(call_of(answer("", model="gemini")), said_of([], language="gemini", status=HEAD))],
    "verbatim": [case_of(call_of([frame("message_start", message={"model": "other"}), *answer()[1:]]))],
    "no_silence": [
        case_of(call_of(answer(), head_at=5.0)),
        case_of(call_of(answer(), ended_at=9.0)),
    ],
    "over_in_time": [
        case_of(call_of([], end="gave up")),
        case_of(call_of(answer(), ended_at=5000.0)),
    ],
    "peek_is_absolute": [case_of(None, SILENT)],
    "leaves_with_client": [gone_case()],
    "within_limits": [
        case_of(None, *(said_of(answer()[:1]) for _ in range(3))),
        case_of(None, *(refusal(429, account=f"up{number}") for number in range(9))),
        case_of(None, said_of(answer(), arrived_at=400.0)),
    ],
    "own_fault_at_once": [
        error_of(503, refusal(400), refusal(529)),
        error_of(503, refusal(400)),
    ],
    "blame_is_earned": [case_of(blames=(Blame("up0", "silent", 1.3),), others=(said_of(answer()),))],
    "nobody_idles": [error_of(503, idle=("up1",))],
    "no_signature_refusal": [
        case_of(call_of([], status=400, talk="talk-1-1"), refusal(400, "strict")),
    ],
    "one_repair": [
        case_of(record=record_of(attempts=repaired("up0", "repair", "up0", "repair"))),
        case_of(record=record_of(attempts=repaired("up0", "repair", "up1", "relay"))),
        case_of(blames=(Blame("up0", "signature", 1.3),)),
    ],
    "proofs_to_their_family": [
        case_of(None, said_of(answer(), sent=b"peekd1.abc")),
        case_of(None, said_of(answer(), sent=b"skip_thought_signature_validator")),
        case_of(None, said_of(answer(), sent=b"{PROOF}"), others=(signed("gemini", ""),)),
    ],
    "no_shared_signatures": [
        case_of(None, said_of(answer(), sent=b"{PROOF}"), others=(signed("anthropic", "talk-2-1"),)),
    ],
    "one_closed_row": [
        case_of(row=None),
        case_of(row=record_of(state="open")),
        case_of(row=record_of(note=ENDED), closes=0),
        case_of(closes=0),
        case_of(closes=2),
        case_of(row=record_of(attempts=[AttemptRecord(1, "up0", "up", "claude", 0.1)])),
    ],
    "row_agrees": [
        case_of(row=record_of(status=503)),
        case_of(row=record_of(outcome="broken")),
        case_of(row=record_of(attempts=[])),
        case_of(call_of(answer(), headers={"x-account-email": "up1"}), record=record_of(account="up0")),
        case_of(row=record_of(session="other")),
    ],
    "sums_agree": [
        case_of(row=record_of(wasted=7)),
        case_of(row=record_of(shown=0)),
        case_of(row=record_of(usage=Usage(output=14))),
        case_of(row=with_attempt(wasted=0, usage=Usage(prompt=5))),
        case_of(row=with_attempt(wasted=5, usage=Usage(prompt=5))),
    ],
    "nothing_forgotten": [
        talked(sent=STOOD_IN),
        talked(language="anthropic", label="strict"),
        talked(language="anthropic", sent=b"echo t1x"),
    ],
    "refused_goes_no_more": [
        case_of(
            None,
            refusal(400, "strict", sent=b"{PROOF}"),
            said_of(answer(), sent=b"{PROOF}"),
            others=(signed("anthropic", ""),),
        ),
    ],
    "true_status": [error_of(529), error_of(500), error_of(503, headers={}), error_of(401)],
    "errands_done": [case_of(call_of([], errand="lost"))],
    "secrets_kept": [
        case_of(call_of(answer("sk-canary-up-up0-000000"))),
        case_of(entries=((1.0, Entry("key sk-canary-up-up0-000000")),)),
        case_of(record=record_of(verdict="sk-canary-client-0123456789abcdef")),
        case_of(None, with_line(said_of(answer()), b"x-api-key: sk-canary-client-0123456789abcdef")),
        case_of(None, with_line(said_of(answer()), b"x-api-key: sk-canary-up-other0-000000\r\n")),
    ],
    "one_tree": [
        case_of(rules=Rules(HEALING, ServerSettings(), ("up1",), frozenset({("up", "claude")}))),
        case_of(rules=Rules(HEALING, ServerSettings(), ("up0",), frozenset({("other", "claude")}))),
    ],
    "kept_back": [case_of(call_of(answer(), headers={"set-cookie": "a=b"}))],
    "record_tells": [
        case_of(record=record_of(state="open")),
        case_of(record=record_of(outcome="broken")),
        case_of(record=record_of(status=503)),
        case_of(record=record_of(attempts=[])),
        case_of(entries=((1.4, Entry("a", phase="end")), (1.5, Entry("b", phase="end")))),
    ],
    "journal_agrees": [
        case_of(entries=()),
        case_of(entries=journal_of(record_of(outcome="broken"))),
        case_of(entries=journal_of(record_of(attempts=[]))),
        case_of(entries=[one for one in journal_of(DECIDED) if one[1].phase != "decide"], record=DECIDED),
        case_of(entries=[one for one in journal_of(DECIDED) if not one[1].move], record=DECIDED),
        case_of(entries=journal_of(record_of()), record=record_of(waits=[(0.1, 1.0, "rest")])),
    ],
}


def test_a_request_that_went_well_breaks_no_law() -> None:
    assert list(judge(case_of())) == []
    assert list(judge(error_of(503))) == []


def test_what_the_options_allow_breaks_no_law() -> None:
    assert list(judge(going_on("One", " more", told="One more"))) == []


@pytest.mark.parametrize(("second", "law"), [(" and more", []), (" or and", ["continuation_seam"])])
def test_a_text_that_went_on_twice_is_looked_at_seam_by_seam(second: str, law: list[str]) -> None:
    """Of the second attempt the client had less than was said: its line was reset."""
    asked = (
        msgspec.json.encode({"messages": [{"role": "assistant", "content": words}]})
        for words in ("One", "One and")
    )
    broke, went, ended = (
        said_of(answer(words)[: 3 if tag else None], tag=tag or "end", sent=body)
        for words, tag, body in zip(("One", second, " end"), ("One", "and", ""), (b"", *asked), strict=True)
    )
    case = case_of(call_of(answer("One and end")), broke, went, ended, rules=ALLOWED)
    assert [name for name, _ in judge(case) if name == "continuation_seam"] == law
    ended = case_of(call_of(TOOL_END), said_of(TOOL_END[:4]), record=AT_CALL, rules=ALLOWED)
    assert list(judge(ended)) == []
    late = call_of(answer(), pieces=[(1.4 + LAG, piece) for piece in answer()], ended_at=1.5 + LAG)
    attempts = [*record_of().attempts, AttemptRecord(2, "up1", "up", "claude", 0.1, outcome="completed")]
    assert list(judge(case_of(late, *beside(), rules=RULES, record=record_of(attempts=attempts)))) == []


def test_more_hedges_than_their_share_are_told() -> None:
    asked = [(float(n), Entry("anthropic request for claude -> up/claude", phase="plan")) for n in range(10)]
    hedge = (1.0, Entry("attempt 2 with up1 beside attempt 1, which …", phase="attempt"))
    assert list(hedges_bounded([*asked, hedge], 0.1)) == []
    assert list(hedges_bounded([*asked, hedge, hedge], 0.1))


def test_there_is_a_request_that_breaks_each_law() -> None:
    assert BROKEN.keys() == LAWS.keys()


def test_what_was_never_known_may_be_stood_in_for() -> None:
    for case in (
        talked(sent=STOOD_IN, before="anthropic"),
        talked(sent=b"echo t1x PROOF"),
        msgspec.structs.replace(talked(sent=STOOD_IN), intact=False),
    ):
        assert list(LAWS["nothing_forgotten"](case)) == []


@pytest.mark.parametrize(
    ("name", "case"),
    [
        pytest.param(name, case, id=f"{name} {n}")
        for name, cases in BROKEN.items()
        for n, case in enumerate(cases)
    ],
)
def test_a_law_can_fail(name: str, case: Case) -> None:
    assert [complaint for complaint in LAWS[name](case) if complaint]


# ---- metrics ------------------------------------------------------------------------------------------


def tallied(record: RequestRecord) -> tuple[Tally, Noted]:
    tally, noted = Tally(), Noted()
    tally.closed(record)
    for _, entry in journal_of(record):
        noted.note(entry)
    return tally, noted


def test_sums_of_what_the_journal_tells_break_no_law() -> None:
    assert list(metrics_agree(*tallied(record_of()), {"up"}, {"claude"})) == []


def _requests_lost(tally: Tally) -> None:
    tally.requests.clear()


def _attempts_lost(tally: Tally) -> None:
    tally.attempts.clear()


def _decision_made_up(tally: Tally) -> None:
    tally.decisions["rotate", "silent"] += 1


def _length_lost(tally: Tally) -> None:
    tally.seconds.clear()


def _session_for_model(tally: Tally) -> None:
    tally.tokens["up", "session-77", "output"] += 1


def _strange_upstream(tally: Tally) -> None:
    tally.attempts["up9", "completed"] += 1


@pytest.mark.parametrize(
    "spoil",
    [_requests_lost, _attempts_lost, _decision_made_up, _length_lost, _session_for_model, _strange_upstream],
)
def test_sums_and_labels_that_are_wrong_are_told(spoil: Callable[[Tally], None]) -> None:
    tally, noted = tallied(record_of())
    spoil(tally)
    assert list(metrics_agree(tally, noted, {"up"}, {"claude"}))
