"""What stands in the record and in the journal, step by step."""

from hypothesis import given
from hypothesis import strategies as st

from peekd.accounts.wanted import Lease
from peekd.protocols.interface import Call
from peekd.records import narrate
from peekd.records.entries import DEBUG, INFO, WARNING, Entry, RequestRecord
from peekd.records.live import Live
from peekd.relay.consumption import Consumption
from peekd.relay.scribe import Scribe
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.decisions import Decision, Move, Step
from peekd.vocabulary.events import Usage
from peekd.vocabulary.outcomes import AnyOutcome

CLIENT_LEFT = (
    "client_gone after 1 attempt, 4.00 s. What you can do: nothing where a person stopped it; "
    "else it is the agent's: raise its own timeout, or server.write_stall_seconds where it reads slowly"
)
PASSED = Lease(0, "alice", "google", "gemini-3", None, 0.0, "first in line")


class Desk:
    """A scribe with its journal, its registry and a clock that is set by hand."""

    def __init__(self, *, stream: bool = True) -> None:
        self.now = 100.0
        self.entries: list[Entry] = []
        self.live = Live()
        self.record = RequestRecord(
            id="req_1",
            came=0.0,
            method="POST",
            path="/v1/messages",
            protocol="anthropic",
            model="m",
            stream=stream,
        )
        self.scribe = Scribe(self.record, self.live, self.entries.append, lambda: self.now)

    def attempt(self, account: str = "alice") -> None:
        self.scribe.leased(Lease(1, account, "up", "mapped", None, self.now, "first in line"))

    def step(self, outcome: AnyOutcome, move: Move, attempt: int = 1) -> Step:
        return Step(outcome, Decision(move, "because"), "alice" if attempt else "", "up", attempt)

    @property
    def last(self) -> Entry:
        return self.entries[-1]


def test_a_record_is_open_from_the_start() -> None:
    desk = Desk()
    assert desk.live.opened() == 1
    assert desk.scribe.attempt is None


def test_a_plan_names_the_model_and_who_may_serve_it() -> None:
    desk = Desk()
    desk.scribe.planned(("up/mapped", "other/mapped"))
    assert desk.last.message == "anthropic request for m -> up/mapped, other/mapped"
    desk.scribe.planned(())
    assert desk.last.message.endswith("-> nobody")


def test_an_answer_in_one_piece_is_told_to_come_from_a_stream() -> None:
    desk = Desk(stream=False)
    for _ in range(2):
        desk.attempt()
        desk.scribe.sent(Call("/", b""))
    assert [entry.message for entry in desk.entries].count(narrate.AUTO_CONVERTED) == 1


def test_an_answer_that_is_asked_for_whole_is_not_told_to_come_from_a_stream() -> None:
    desk = Desk(stream=False)
    desk.attempt()
    desk.scribe.sent(Call("/", b""), streams=False)
    assert narrate.AUTO_CONVERTED not in [entry.message for entry in desk.entries]


def test_attempts_are_numbered_from_one_and_the_last_stands_in_the_record() -> None:
    desk = Desk()
    desk.attempt("alice")
    desk.now += 2
    desk.attempt("bob")
    assert [(one.number, one.account, one.started) for one in desk.record.attempts] == [
        (1, "alice", 0.0),
        (2, "bob", 2.0),
    ]
    assert (desk.record.account, desk.record.mapped_model) == ("bob", "mapped")
    assert (desk.last.attempt, desk.last.account, desk.last.upstream) == (2, "bob", "up")


def test_only_the_first_time_of_a_phase_counts() -> None:
    desk = Desk()
    desk.scribe.mark("headers")
    desk.attempt()
    desk.now += 1
    desk.scribe.mark("headers")
    desk.now += 1
    desk.scribe.mark("headers")
    assert desk.record.attempts[0].marks == {"headers": 1.0}


def test_what_was_sent_and_who_answered_is_kept() -> None:
    desk = Desk()
    desk.scribe.opened("nobody asked", 200, 0.0)
    desk.attempt()
    desk.scribe.sent(Call("/", b"", (), ("context_management",), ("model",), ("signature",)))
    desk.scribe.opened("up_1", 200, 0.0)
    assert (desk.record.dropped, desk.record.spliced) == (("context_management",), ("model",))
    assert desk.record.restored == ("signature",)
    assert desk.record.attempts[0].upstream_request_id == "up_1"


def test_a_keep_alive_is_told_to_those_who_debug() -> None:
    desk = Desk()
    desk.scribe.heartbeat(b": ping\n\n")
    assert (desk.last.priority, desk.last.phase) == (DEBUG, "peek")
    assert desk.last.message.startswith("Skipping peek heartbeat: ")


def test_a_step_is_told_twice_as_what_came_and_what_is_done_about_it() -> None:
    desk = Desk()
    desk.attempt()
    desk.now += 3
    desk.scribe.stepped(desk.step(o.RateLimited(status=429, type="rate", message="slow down"), "rotate"))
    peek, decide = desk.entries[-2:]
    assert (peek.phase, peek.outcome, peek.status, peek.upstream_error) == (
        "peek",
        "rate_limited",
        429,
        "rate: slow down",
    )
    assert (decide.phase, decide.move, decide.message) == ("decide", "rotate", "rotate: because")
    attempt = desk.record.attempts[0]
    assert (attempt.outcome, attempt.status, attempt.move, attempt.because, attempt.ended) == (
        "rate_limited",
        429,
        "rotate",
        "because",
        3.0,
    )


def test_an_upstreams_words_are_written_down_without_secrets() -> None:
    desk = Desk()
    desk.attempt()
    message = "bad key sk-ant-api03-abcdefghijklmnop of bob@example.com"
    desk.scribe.stepped(desk.step(o.Unauthorized(status=401, message=message), "rotate"))
    desk.scribe.told(message, "")
    written = [*(entry.message for entry in desk.entries), *(entry.upstream_error for entry in desk.entries)]
    written += [desk.record.verdict, desk.record.attempts[0].upstream_error]
    assert not any("abcdefghijklmnop" in words or "bob@" in words for words in written)


def test_what_happens_in_front_of_the_client_is_told_as_relaying() -> None:
    desk = Desk()
    desk.attempt()
    desk.scribe.stepped(desk.step(o.Broken(message="cut"), "give_up"))
    assert [entry.phase for entry in desk.entries[-2:]] == ["relay", "decide"]


def test_a_step_without_an_attempt_changes_no_attempt() -> None:
    desk = Desk()
    desk.attempt()
    desk.scribe.stepped(desk.step(o.RateLimited(status=429), "rotate"))
    desk.scribe.stepped(desk.step(o.NoAccount(), "give_up", attempt=0))
    assert desk.record.attempts[0].outcome == "rate_limited"


def test_a_later_outcome_of_an_attempt_keeps_the_status_that_was_known() -> None:
    desk = Desk()
    desk.attempt()
    desk.scribe.stepped(desk.step(o.Accepted(status=200), "relay"))
    desk.scribe.stepped(desk.step(o.Completed(), "relay"))
    assert (desk.record.attempts[0].outcome, desk.record.attempts[0].status) == ("completed", 200)


def test_an_attempt_goes_on_while_its_answer_is_passed_on() -> None:
    desk = Desk()
    desk.attempt()
    desk.scribe.stepped(desk.step(o.Accepted(status=200), "relay"))
    assert desk.record.attempts[0].ended is None
    desk.now += 9
    desk.scribe.close("client_gone", status=200)
    assert (desk.record.attempts[0].outcome, desk.record.attempts[0].ended) == ("client_gone", 9.0)


def test_pauses_and_refreshes_are_told() -> None:
    desk = Desk()
    desk.attempt()
    desk.now += 1
    step = Step(o.Overloaded(status=529), Decision("again", "because", after=2.0), "alice", "up", 1)
    desk.scribe.pausing(step)
    assert desk.record.waits == [(1.0, 2.0, "because")]
    assert desk.last.phase == "wait"
    desk.scribe.refreshed("alice", fresh=False)
    assert desk.last.message == "the credential of alice is still the same"


def test_a_commit_is_told_with_its_time() -> None:
    desk = Desk()
    desk.now += 15
    desk.scribe.committed(early=True)
    assert (desk.record.commit, desk.record.first_byte) == ("early", 15.0)


def test_closing_ends_the_attempt_in_flight_and_the_record_at_once() -> None:
    desk = Desk()
    desk.attempt()
    desk.now += 4
    desk.scribe.watching(lambda: Consumption(Usage(prompt=7, output=3), "estimated", "", 99))
    desk.scribe.close("client_gone", status=200)
    assert (desk.record.state, desk.record.outcome, desk.record.seconds) == ("done", "client_gone", 4.0)
    assert (desk.record.attempts[0].outcome, desk.record.attempts[0].ended) == ("client_gone", 4.0)
    attempt = desk.record.attempts[0]
    assert (attempt.usage, attempt.counted, attempt.received_bytes) == (
        Usage(prompt=7, output=3),
        "estimated",
        99,
    )
    assert (desk.record.usage, desk.record.wasted) == (Usage(), 10)
    assert desk.live.opened() == 0
    assert (desk.last.priority, desk.last.message) == (INFO, CLIENT_LEFT)


def test_an_attempt_that_has_ended_keeps_its_outcome() -> None:
    desk = Desk()
    desk.attempt()
    desk.scribe.stepped(desk.step(o.RateLimited(status=429), "rotate"))
    desk.scribe.close("client_gone", status=None)
    assert desk.record.attempts[0].outcome == "rate_limited"


def test_a_record_is_closed_once() -> None:
    desk = Desk()
    desk.scribe.told("no answer", "wait")
    desk.scribe.close("empty", status=503)
    told = len(desk.entries)
    desk.scribe.close("client_gone", status=None)
    assert len(desk.entries) == told
    assert (desk.record.outcome, desk.record.status, desk.record.advice) == ("empty", 503, "wait")
    assert (desk.last.priority, desk.last.outcome, desk.last.status) == (WARNING, "empty", 503)
    assert desk.last.message == "empty after 0 attempts, 0.00 s: no answer. What you can do: wait"


def test_what_an_answer_lost_and_what_was_mended_in_it_is_kept() -> None:
    desk = Desk()
    desk.scribe.sent(Call("/", b"", dropped=("top_k",)))
    desk.scribe.rendered(frozenset({"image/png"}), frozenset({"b.x", "a.x"}))
    assert desk.record.dropped == ("top_k", "answer.image/png")
    assert desk.record.repaired == ("a.x", "b.x")


def test_a_target_that_is_passed_over_is_no_attempt_and_is_told_with_its_reason() -> None:
    desk = Desk()
    desk.scribe.passed_over(PASSED, "tools: not with a key like sk-ant-api03-abcdefghijklmnop")
    assert desk.record.attempts == []
    assert desk.last.phase == "plan"
    assert desk.last.message.startswith("google/gemini-3 is passed over: tools: not with a key like ")
    assert "abcdefghijklmnop" not in desk.last.message


@given(st.floats(0, 1e6))
def test_times_are_told_to_the_microsecond(seconds: float) -> None:
    desk = Desk()
    desk.now += seconds
    assert abs(desk.scribe.since() - seconds) <= 0.6e-6
    assert desk.scribe.since() == round(desk.scribe.since(), 6)
