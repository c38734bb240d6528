"""Memory summed up is what the ledger says of the same requests."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from peekd.monitor.sums import summed_up
from peekd.records.entries import AttemptRecord, RequestRecord
from peekd.records.ledger import Summary, summed
from peekd.records.rows import attempt_row, request_row
from peekd.signatures.settings import SignatureSettings
from peekd.store.charts import Span
from peekd.store.database import Database
from peekd.store.queries import open_reader
from peekd.vocabulary.events import Usage

SPAN = Span(100.0, 200.0, 10.0)

tokens = st.none() | st.integers(0, 10_000)
attempts = st.builds(
    AttemptRecord,
    number=st.just(1),
    account=st.sampled_from(["alice", "bob"]),
    upstream=st.just("sim"),
    model=st.sampled_from(["m1", "m2"]),
    started=st.just(0.0),
    outcome=st.sampled_from(["completed", "rate_limited", "empty"]),
    move=st.sampled_from(["", "again", "rotate", "give_up"]),
    marks=st.dictionaries(st.just("first_meaning"), st.sampled_from([0.5, 1.0, 2.0, 4.0])),
    usage=st.builds(Usage, prompt=tokens, cached=tokens, output=tokens),
    wasted=st.integers(0, 100),
    cost=st.none() | st.sampled_from([0.25, 0.5]),
)
records = st.lists(
    st.builds(
        RequestRecord,
        id=st.uuids().map(str),
        came=st.sampled_from([99.0, 100.0, 105.0, 110.0, 199.9, 200.0]),
        method=st.just("POST"),
        path=st.just("/"),
        protocol=st.just("anthropic"),
        state=st.sampled_from(["open", "done"]),
        outcome=st.sampled_from(["completed", "broken", "client_gone"]),
        attempts=st.lists(attempts, max_size=3),
        shown=st.sampled_from([0, 1]),
    ),
    max_size=8,
)


def written(path: Path, made: list[RequestRecord]) -> Summary:
    database = Database(path, SignatureSettings())
    for record in made:
        for number, attempt in enumerate(record.attempts, 1):
            attempt.number = number
        database.apply([request_row(record), *(attempt_row(record, one) for one in record.attempts)])
    database.close()
    with open_reader(path) as reader:
        return summed(reader, SPAN)


@given(records)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_says_what_the_ledger_says(
    tmp_path_factory: pytest.TempPathFactory, made: list[RequestRecord]
) -> None:
    told = written(tmp_path_factory.mktemp("ledger") / "peekd.db", made)
    assert summed_up(made, SPAN) == told
