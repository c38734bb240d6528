"""What the client found, reckoned into figures."""

from __future__ import annotations

import pytest
from jobs import Found
from measuring import figures, job_for
from stages import STAGES, Stage
from systems import OWN, Place, System

NAMED = {stage.name: stage for stage in STAGES}
DIRECT, _, _, PEEKD = OWN
PLACE = Place(8045, (1, 2))
UPSTREAM = Place(9000, (3,))


def made(stage: Stage, found: Found, system: System = PEEKD) -> dict[str, float]:
    """The figures of a stage."""
    return figures(stage, job_for(stage, system, PLACE, UPSTREAM, 1.0), found)


def test_cpu_is_told_for_a_request_in_milliseconds_and_for_an_event_in_microseconds() -> None:
    found = Found(seconds=2.0, events=1000, requests=10, system=0.5, upstream=0.1, client=0.1, others=0.2)
    assert made(NAMED["request"], found)["cpu"] == pytest.approx(50.0)
    told = made(NAMED["burst"], found)
    assert told["cpu"] == pytest.approx(500.0)
    assert told["upstream"] == pytest.approx(100.0)
    assert (told["rate"], told["busy"], told["others"]) == pytest.approx((500.0, 0.1, 0.1))


def test_times_are_told_in_milliseconds() -> None:
    found = Found(
        seconds=1.0, events=3, requests=3, first=[0.001, 0.002, 0.003], delays={"p50": 0.004, "p99": 0.005}
    )
    told = made(NAMED["delay"], found)
    assert told["first50"] == pytest.approx(2.0)
    assert (told["delay50"], told["delay99"]) == pytest.approx((4.0, 5.0))


def test_what_was_not_found_is_not_told() -> None:
    told = made(NAMED["cancel"], Found(cuts=[0.001, 0.003]))
    assert set(told) == {"cut50", "cut99"}


def test_memory_is_told_for_a_thousand_streams_however_many_there_were() -> None:
    few = PEEKD._replace(most=250)
    told = made(NAMED["idle"], Found(seconds=2.0, before=40.0, peak=50.0), few)
    assert told["grown"] == pytest.approx(40.0)
    assert told["streams"] == 250


def test_who_translates_nothing_is_asked_in_the_upstreams_own_language() -> None:
    stage = NAMED["paced-gemini"]
    assert job_for(stage, DIRECT, PLACE, UPSTREAM, 1.0).tongue == "gemini"
    assert job_for(stage, PEEKD, PLACE, UPSTREAM, 1.0).tongue == "anthropic"
    assert job_for(NAMED["paced-chat"], PEEKD, PLACE, UPSTREAM, 1.0).tongue == "chat"


def test_a_system_is_asked_for_a_model_in_its_own_way() -> None:
    router = PEEKD._replace(model="{family},{model}")
    job = job_for(NAMED["request-gemini"], router, PLACE, UPSTREAM, 1.0)
    assert job.model == "gemini,gemini-sim-1-0"


def test_a_job_without_a_time_asks_once_on_each_connection() -> None:
    job = job_for(NAMED["crowd"], PEEKD, PLACE, UPSTREAM, 1.0)
    assert (job.requests, job.at_once, job.seconds) == (1000, 1000, 0.0)
