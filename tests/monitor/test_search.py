from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.monitor.search import LIMITS, RANGES, SHOWS, Search, read_search
from peekd.store.queries import Query
from peekd.vocabulary.errors import ClientError

words = st.text(st.characters(codec="utf-8"), max_size=20).map(str.strip)
searches = st.builds(
    Search,
    show=st.sampled_from(sorted(SHOWS)),
    account=words,
    model=words,
    path=words,
    text=words,
    since=st.sampled_from(["", *RANGES]),
    limit=st.sampled_from(LIMITS),
    before=st.none() | st.floats(0, 4e9),
)


@given(searches)
def test_what_a_link_says_is_read_as_it_was_meant(search: Search) -> None:
    assert read_search(dict(parse_qsl(search.words()))) == search


def test_a_search_becomes_a_query_for_one_more_than_it_shows() -> None:
    search = Search("failed", "alice", "m", "/v1", "silent", "cut", "1h", 200, 9000.0)
    assert search.query(10_000.0) == Query(
        failed=True,
        since=6400.0,
        before=9000.0,
        account="alice",
        model="m",
        path="/v1",
        outcome="silent",
        text="cut",
        limit=201,
    )
    assert search.query(0.0).healed is False
    assert Search(show="healed").query(0.0).healed
    assert Search(show="open").query(0.0).open


def test_empty_and_unknown_fields_are_not_said() -> None:
    assert read_search({"account": " ", "since": "", "colour": "red", "live": "0"}) == Search()


def test_paging_is_no_filter() -> None:
    assert Search(limit=1000, before=5.0).plain
    assert not Search(path="/v1").plain


@pytest.mark.parametrize(
    "args",
    [
        {"show": "none"},
        {"limit": "x"},
        {"limit": "0"},
        {"limit": "1001"},
        {"since": "2h"},
        {"text": "x" * 201},
    ],
)
def test_what_no_form_of_ours_sends_is_refused(args: dict[str, str]) -> None:
    with pytest.raises(ClientError, match="the filters of the list"):
        read_search(args)
