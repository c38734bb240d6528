"""The last thousand requests, found by id and by name."""

from peekd.records.entries import RequestRecord
from peekd.records.live import Live, failed


def record(name: str, outcome: str = "") -> RequestRecord:
    return RequestRecord(id=name, came=0.0, method="POST", path="/", protocol="anthropic", outcome=outcome)


def closed(live: Live, name: str, outcome: str = "completed") -> None:
    kept = record(name, outcome)
    live.open(kept)
    live.close(kept)


def test_the_oldest_done_request_makes_room() -> None:
    live = Live(kept=2)
    for name in "abc":
        closed(live, name)
    assert [kept.id for kept in live.newest_first()] == ["c", "b"]


def test_open_requests_are_never_dropped_and_come_first() -> None:
    live = Live(kept=1)
    live.open(record("open"))
    closed(live, "a")
    closed(live, "b")
    assert [kept.id for kept in live.newest_first()] == ["open", "b"]
    assert live.opened() == 1


def test_last_and_last_failed_are_the_newest_done() -> None:
    live = Live()
    closed(live, "bad", "broken")
    closed(live, "good")
    live.open(record("open"))
    found = [live.find("last"), live.find("last-failed"), live.find("open"), live.find("none")]
    assert [kept.id if kept else None for kept in found] == ["good", "bad", "open", None]


def test_last_is_the_open_one_where_none_is_done() -> None:
    live = Live()
    live.open(record("open"))
    kept = live.find("last")
    assert kept is not None
    assert kept.id == "open"


def test_closing_twice_keeps_one() -> None:
    live = Live()
    kept = record("a")
    live.open(kept)
    live.close(kept)
    live.close(kept)
    assert len(list(live.newest_first())) == 1


def test_a_client_that_left_is_no_failure() -> None:
    done = record("a", "client_gone")
    done.state = "done"
    assert not failed(done)
