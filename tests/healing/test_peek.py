"""Ranks, terminals and deadlines, seen on events alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.healing.peek import TERMINALS, Rank, Watch, is_thought, rank_of
from peekd.healing.settings import HealingSettings
from peekd.vocabulary import events as e
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.events import Event, StopReason, Usage
from peekd.vocabulary.outcomes import AnyOutcome, name_of

SETTINGS = HealingSettings(peek_seconds=120, reasoning_seconds=900, idle_seconds=100)


def watch(*events: Event, at: float = 0.0) -> Watch:
    seen = Watch(SETTINGS, sent=0.0)
    for event in events:
        seen.see_bytes(at)
        seen.see(event, at)
    return seen


IDLE = [
    e.Started("id"),
    e.Beat(),
    e.Opened(0, e.TextBlock()),
    e.TextDelta(0, ""),
    e.ThinkingDelta(0, ""),
    e.Counted(Usage(output=1)),
    e.Closed(0),
    e.Unknown("something_new"),
]
PROGRESS = [
    e.Opened(0, e.ThinkingBlock()),
    e.Opened(0, e.ThinkingBlock(signature="s" * 80)),
    e.Opened(0, e.RedactedBlock("data")),
    e.SignatureDelta(0, "s"),
]
MEANINGFUL = [
    e.TextDelta(0, "Hi"),
    e.ThinkingDelta(0, "Hm"),
    e.Opened(0, e.TextBlock("Hi")),
    e.Opened(0, e.ThinkingBlock("Hm")),
    e.Opened(0, e.ToolCallBlock("toolu_1", "Bash")),
    e.Opened(0, e.OtherBlock("web_search_tool_result")),
    e.ArgumentsDelta(0, ""),
    e.DataInline(0, "image/png", "AAAA"),
    e.OtherDelta(0, "citations_delta"),
]


@pytest.mark.parametrize(
    ("events", "rank"), [(IDLE, Rank.IDLE), (PROGRESS, Rank.PROGRESS), (MEANINGFUL, Rank.MEANINGFUL)]
)
def test_every_event_has_its_rank(events: list[Event], rank: Rank) -> None:
    assert {rank_of(event) for event in events} == {rank}


@pytest.mark.parametrize(
    "event",
    [*IDLE, *PROGRESS, *MEANINGFUL, e.Finished("end"), e.Ended(), e.Kept("file"), e.Erred("overloaded", "")],
)
def test_the_watch_ranks_each_event_and_one_that_is_idle_is_no_word_of_an_answer(event: Event) -> None:
    seen = Watch(SETTINGS, sent=0.0)
    assert seen.see(event, 1.0) is rank_of(event) is seen.rank
    assert seen.substance is (seen.rank is Rank.MEANINGFUL and not is_thought(event))
    assert (seen.said > 0) is (event in {e.TextDelta(0, "Hi"), e.ThinkingDelta(0, "Hm")})
    assert (seen.deadline() == 120) is (seen.rank is Rank.IDLE)


@pytest.mark.parametrize("event", MEANINGFUL)
def test_the_first_meaningful_event_accepts(event: Event) -> None:
    assert isinstance(watch(e.Started(), event).verdict(), o.Accepted)


@pytest.mark.parametrize("event", IDLE + PROGRESS)
def test_nothing_less_than_meaning_accepts(event: Event) -> None:
    assert watch(e.Started(), event).verdict() is None


# ---- terminals ----------------------------------------------------------------------------------

BEFORE_MEANING: dict[StopReason, str] = {
    "end": "blank",
    "tool_use": "blank",
    "max_tokens": "accepted",
    "stop_sequence": "accepted",
    "pause": "accepted",
    "refusal": "accepted",
    "context_exceeded": "accepted",
    "malformed": "malformed",
    "other": "malformed",
}


@pytest.mark.parametrize("reason", TERMINALS)
@pytest.mark.parametrize(
    "before", [[], [e.Opened(0, e.ThinkingBlock()), e.SignatureDelta(0, "s"), e.Closed(0)]]
)
def test_what_a_terminal_means_before_anything_was_said(reason: StopReason, before: list[Event]) -> None:
    verdict = watch(*before, e.Finished(reason)).verdict()
    assert verdict is not None
    assert name_of(verdict) == BEFORE_MEANING[reason]


TEXT: list[Event] = [e.Opened(0, e.TextBlock()), e.TextDelta(0, "Hi"), e.Closed(0)]


@pytest.mark.parametrize("reason", [reason for reason in TERMINALS if reason != "malformed"])
def test_after_text_every_terminal_but_a_malformed_call_makes_a_whole_answer(reason: StopReason) -> None:
    assert watch(*TEXT, e.Finished(reason), e.Ended()).at_end(shown=True) == o.Completed()


def test_a_malformed_call_after_text_breaks_the_answer() -> None:
    seen = watch(*TEXT, e.Finished("malformed", "MALFORMED_FUNCTION_CALL"))
    assert isinstance(seen.at_end(shown=True), o.Broken)
    assert isinstance(seen.at_end(shown=False), o.Malformed)


def test_a_forgotten_last_frame_is_supplied_and_marked() -> None:
    assert watch(*TEXT, e.Finished("end")).at_end(shown=True) == o.Completed(note="last_frame_supplied")


def test_thoughts_that_were_shown_and_then_a_good_end_are_the_answer() -> None:
    thoughts = (e.Opened(0, e.ThinkingBlock()), e.ThinkingDelta(0, "Hm"), e.Closed(0))
    seen = watch(*thoughts, e.Finished("end"), e.Ended())
    assert isinstance(seen.at_end(shown=True), o.Completed)
    assert isinstance(seen.at_end(shown=False), o.Blank)


# ---- ends without a terminal ----------------------------------------------------------------------

CASES: list[tuple[list[Event], str]] = [
    ([], "empty"),
    ([e.Started()], "empty"),
    ([e.Started(), e.Beat(), e.Beat()], "empty"),
    ([e.Started(), e.Counted(Usage(output=0))], "empty"),
    ([e.Started(), e.Opened(0, e.ThinkingBlock()), e.SignatureDelta(0, "s")], "empty"),
    ([e.Started(), *TEXT], "truncated"),
    ([e.Started(), *TEXT[:2], e.Finished("end"), e.Ended()], "truncated"),
    ([e.Started(), *TEXT, e.Ended()], "truncated"),
]


@pytest.mark.parametrize(("events", "outcome"), CASES)
def test_an_end_without_a_whole_terminal_is_no_answer(events: list[Event], outcome: str) -> None:
    assert name_of(watch(*events).at_end(shown=False)) == outcome
    assert isinstance(watch(*events).at_end(shown=True), o.Broken)


@given(st.lists(st.sampled_from([*IDLE, *PROGRESS, *MEANINGFUL, e.Closed(0), e.Ended()])), st.booleans())
def test_no_stream_without_a_terminal_ends_well(events: list[Event], shown: bool) -> None:  # noqa: FBT001
    outcome: AnyOutcome = watch(*events).at_end(shown=shown)
    assert not isinstance(outcome, o.Completed | o.Blank | o.Accepted)


def test_an_error_object_is_named_by_its_kind_and_never_an_answer() -> None:
    seen = watch(e.Started(), e.Erred("overloaded", "busy", type="overloaded_error"))
    assert seen.verdict() == o.Overloaded(status=200, type="overloaded_error", message="busy")


def test_an_error_after_the_terminal_of_a_whole_answer_takes_nothing_back() -> None:
    seen = watch(*TEXT, e.Finished("end"), e.Erred("server_error", "late"))
    assert seen.at_end(shown=True) == o.Completed(note="last_frame_supplied")
    assert seen.overtaken


def test_an_error_inside_a_block_spoils_the_answer_although_a_terminal_came() -> None:
    seen = watch(e.Opened(0, e.TextBlock("Hi")), e.Finished("end"), e.Erred("server_error", "late"))
    assert isinstance(seen.at_end(shown=True), o.Broken)
    assert not seen.overtaken


def test_thoughts_that_the_client_does_not_see_are_progress() -> None:
    hidden = Watch(SETTINGS, sent=0.0, thoughts=False)
    assert hidden.see(e.Opened(0, e.ThinkingBlock()), 1.0) is Rank.PROGRESS
    assert hidden.see(e.ThinkingDelta(0, "Hm"), 2.0) is Rank.PROGRESS
    assert hidden.verdict() is None
    hidden.see(e.Finished("end", "STOP"), 3.0)
    assert hidden.verdict() == o.Blank(type="STOP")


def test_thoughts_that_the_client_does_not_see_show_all_the_same_that_the_model_goes_on() -> None:
    hidden = Watch(SETTINGS, sent=0.0, thoughts=False)
    hidden.see_bytes(800.0)
    hidden.see(e.ThinkingDelta(0, "Hm"), 800.0)
    hidden.see_bytes(1600.0)
    hidden.see(e.ThinkingDelta(0, "Hm"), 1600.0)
    assert hidden.deadline() == 1700.0


# ---- words ------------------------------------------------------------------------------------------

SAID: list[tuple[list[Event], AnyOutcome]] = [
    ([], o.Empty(message="the body ended before anything was said")),
    (TEXT, o.Truncated(message="the body ended without a reason to stop")),
    ([*TEXT[:2], e.Finished("end")], o.Truncated(message="the body ended inside a block")),
    ([e.Finished("end", "STOP")], o.Blank(type="STOP")),
    (
        [*TEXT, e.Finished("malformed", "MALFORMED")],
        o.Malformed(type="MALFORMED", message="the model's call cannot be used"),
    ),
]


@pytest.mark.parametrize(("events", "outcome"), SAID)
def test_an_end_is_told_in_words(events: list[Event], outcome: AnyOutcome) -> None:
    seen = watch(*events)
    assert seen.at_end(shown=False) == outcome
    if not isinstance(outcome, o.Blank):
        assert seen.at_end(shown=True) == o.Broken(type=outcome.type, message=outcome.message)


def test_a_terminal_that_is_an_answer_by_itself_names_itself() -> None:
    assert watch(e.Finished("max_tokens", "length")).verdict() == o.Accepted(type="length")


def test_a_last_frame_before_anything_else_ends_the_peek() -> None:
    assert watch(e.Started(), e.Ended()).verdict() == o.Empty(
        message="the body ended before anything was said"
    )


def test_silence_is_told_with_the_deadline_that_was_in_force() -> None:
    assert watch().at_silence(shown=False) == o.Silent(message="nothing came for 120 s")
    late = Watch(SETTINGS, sent=10.0, ends=60.0)
    assert late.at_silence(shown=False) == o.Silent(message="nothing came for 50 s")
    spent = "the time for this request was spent after 0.5 s"
    hurried = Watch(SETTINGS, sent=10.0, ends=10.5, hurried=True)
    assert hurried.at_silence(shown=False) == o.Silent(type=o.BUDGET_SPENT, message=spent)
    mid = watch(*TEXT[:2], at=7.0)
    assert mid.at_silence(shown=True) == o.Stalled(message="nothing came for 100 s")
    assert mid.at_silence(shown=False) == o.Truncated(message="nothing came for 100 s")


def test_of_two_deadlines_at_once_the_idle_one_is_told() -> None:
    both = Watch(HealingSettings(reasoning_seconds=50, idle_seconds=50), sent=0.0)
    both.see_bytes(0.0)
    both.see(e.TextDelta(0, "Hi"), 0.0)
    assert both.patience() == 50
    later = watch(*TEXT[:2])
    later.see_bytes(850.0)
    assert (later.deadline(), later.patience()) == (900.0, 900)


# ---- deadlines ------------------------------------------------------------------------------------


def test_until_progress_the_peek_deadline_is_absolute_and_no_ping_moves_it() -> None:
    seen = watch()
    for at in range(0, 120, 5):
        seen.see_bytes(at)
        seen.see(e.Beat(), at)
        assert seen.deadline() == 120


def test_the_budget_ends_an_attempt_without_progress_but_none_with_it() -> None:
    seen = Watch(SETTINGS, sent=0.0, ends=50.0)
    assert seen.deadline() == 50.0
    seen.see(e.Opened(0, e.ThinkingBlock()), 1.0)
    assert seen.deadline() == 100.0


def test_an_attempt_in_a_hurry_that_its_own_deadline_ends_is_silent_as_any() -> None:
    whole = Watch(SETTINGS, sent=0.0, ends=120.0, hurried=True)
    assert whole.at_silence(shown=False) == o.Silent(message="nothing came for 120 s")
    began = Watch(SETTINGS, sent=0.0, ends=50.0, hurried=True)
    began.see(e.Opened(0, e.ThinkingBlock()), 1.0)
    assert began.at_silence(shown=False) == o.Silent(message="nothing came for 100 s")


def test_open_reasoning_that_only_pings_lives_until_the_reasoning_deadline() -> None:
    seen = watch(e.Opened(0, e.ThinkingBlock()))
    for at in range(10, 890, 10):
        assert at < seen.deadline()
        seen.see_bytes(at)
        seen.see(e.Beat(), at)
    assert seen.deadline() == 900
    assert "900" in (seen.at_silence(shown=False).message)


def test_silence_after_progress_ends_at_the_idle_deadline() -> None:
    seen = watch(e.Opened(0, e.ThinkingBlock()), at=7.0)
    assert seen.deadline() == 107.0
    assert isinstance(seen.at_silence(shown=False), o.Silent)


def test_meaning_starts_the_reasoning_stretch_anew_and_more_thoughtful_pings_do_not() -> None:
    seen = watch(e.Opened(0, e.ThinkingBlock()))
    seen.see(e.TextDelta(1, "Hi"), 500.0)
    seen.see(e.SignatureDelta(0, "s"), 600.0)
    seen.see_bytes(1350.0)
    assert seen.deadline() == 1400.0


def test_silence_before_the_client_that_saw_meaning_is_a_stall_and_else_a_truncation() -> None:
    seen = watch(*TEXT[:2])
    assert isinstance(seen.at_silence(shown=True), o.Stalled)
    assert isinstance(seen.at_silence(shown=False), o.Truncated)


def test_a_time_in_which_nobody_read_is_nobodys_silence() -> None:
    seen = watch(*TEXT[:2], at=7.0)
    seen.excuse(30.0)
    assert seen.deadline() == 137.0
    seen.see_bytes(900.0)
    assert seen.deadline() == 937.0
    waiting = watch()
    waiting.excuse(30.0)
    assert waiting.deadline() == 120.0


def test_what_the_account_keeps_is_noted_in_order() -> None:
    assert watch(e.Kept("resp_1"), e.Kept("file_1")).kept == ["resp_1", "file_1"]


# ---- usage ----------------------------------------------------------------------------------------


def test_cumulative_usage_replaces_and_is_never_added() -> None:
    seen = watch(e.Counted(Usage(prompt=10, cached=4, output=1)), e.Counted(Usage(output=5)))
    seen.see(e.Counted(Usage(output=9, thoughts=2)), 1.0)
    assert seen.usage == Usage(prompt=10, cached=4, output=9, thoughts=2)


# ---- runs -----------------------------------------------------------------------------------------


@given(st.lists(st.text(min_size=1), min_size=1), st.sampled_from([None, Usage(prompt=7), Usage(output=1)]))
def test_a_run_is_seen_as_each_of_its_words_is(texts: list[str], usage: Usage | None) -> None:
    before = (e.Started("id"), e.Opened(0, e.TextBlock()), e.Counted(Usage(prompt=3, output=0)))
    together, single = watch(*before), watch(*before)
    together.see_run(e.Run(0, texts, usage), 5.0)
    for text in texts:
        single.see(e.TextDelta(0, text), 5.0)
    if usage is not None:
        single.see(e.Counted(usage), 5.0)
    assert [getattr(together, name) for name in Watch.__slots__] == [
        getattr(single, name) for name in Watch.__slots__
    ]
