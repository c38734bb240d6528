"""A record becomes rows and comes back from them as it was."""

from __future__ import annotations

import msgspec
from hypothesis import given
from requests_told import attempt, records, request, same

from peekd.records.entries import ENDED, RequestRecord
from peekd.records.rows import attempt_row, record_of, records_of, request_row
from peekd.store.queries import Kept


def kept(record: RequestRecord) -> Kept:
    return Kept(request_row(record), tuple(attempt_row(record, one) for one in record.attempts))


@given(records())
def test_what_was_written_comes_back(record: RequestRecord) -> None:
    (back,) = records_of([kept(record)])
    assert same(back, record)


def test_a_row_tells_what_can_be_asked_about() -> None:
    silent = attempt(1, "bob", "silent", move="rotate", upstream_error="Nothing CAME", wasted=110)
    record = request("a", silent, attempt(2), wasted=110, counted="reported")
    row = request_row(record)
    assert (row.failed, row.healed, row.open, row.attempts, row.wasted) == (False, True, False, 2, 110)
    assert (row.first_meaning, row.upstream, row.words) == (1.5, "up", "completed\nsilent\nnothing came")
    assert [attempt_row(record, one).cause for one in record.attempts] == ["silent", ""]


def test_writing_leaves_the_record_as_it_was() -> None:
    record = request()
    before = msgspec.json.encode(record)
    request_row(record)
    assert msgspec.json.encode(record) == before


def test_half_a_surrogate_in_a_name_is_written_as_a_question_mark() -> None:
    record = request("a", attempt(1, "al\ud800ice"), model="gpt\udfff", session="s")
    assert request_row(record).model == "gpt?"
    assert attempt_row(record, record.attempts[0]).account == "al?ice"
    assert record_of(kept(record)).attempts[0].account == "al?ice"


def test_what_was_closed_after_a_crash_is_closed_in_the_record() -> None:
    open_one = kept(request("a", attempt(1, outcome="", ended=None), state="open", outcome=""))
    closed = msgspec.structs.replace(open_one.request, open=False, outcome="internal", note=ENDED)
    tried = [msgspec.structs.replace(open_one.attempts[0], open=False, outcome="internal")]
    record = record_of(Kept(closed, tuple(tried)))
    assert (record.state, record.outcome, record.note, record.failed) == ("done", "internal", ENDED, True)
    assert record.attempts[0].outcome == "internal"


@given(records())
def test_each_column_holds_what_the_record_calls_by_its_name(record: RequestRecord) -> None:
    columns = msgspec.structs.asdict(request_row(record))
    tokens = msgspec.structs.asdict(record.usage)
    own = {"id", "came", "outcome", "note", "status", "path", "protocol", "client", "key", "session", "model"}
    own |= {"mapped_model", "account", "seconds", "first_meaning", "counted", "wasted", "cost"}
    own |= {"failed", "healed"}
    assert {name: columns[name] for name in own} == {name: getattr(record, name) for name in own}
    assert {name: columns[name] for name in tokens} == tokens
    for one in record.attempts:
        columns, tokens = msgspec.structs.asdict(attempt_row(record, one)), msgspec.structs.asdict(one.usage)
        own = {
            "number",
            "account",
            "upstream",
            "model",
            "status",
            "outcome",
            "move",
            "counted",
            "wasted",
            "cost",
        }
        assert {name: columns[name] for name in own} == {name: getattr(one, name) for name in own}
        assert {name: columns[name] for name in tokens} == tokens
        assert (columns["request"], columns["began"]) == (record.id, record.came + one.started)
