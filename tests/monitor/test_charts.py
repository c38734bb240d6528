from __future__ import annotations

from datetime import UTC
from operator import itemgetter
from xml.etree import ElementTree as ET  # noqa: S405  our own page

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.monitor.charts import BUCKETS, HEIGHT, WIDTH, filled, nice, ranked, span_of, time_charts
from peekd.monitor.page import render
from peekd.monitor.search import RANGES
from peekd.store.charts import MOST_BUCKETS, Bucket, Share, Span

SPAN = span_of("1h", 7200.0)

counts = st.integers(0, 10**9)
buckets_of = st.lists(
    st.tuples(
        st.integers(0, 59), counts, counts, st.none() | st.floats(0, 1e6), st.none() | st.floats(0, 1e6)
    ),
    unique_by=itemgetter(0),
)


def chart(name: str, *buckets: Bucket) -> object:
    return next(one for one in time_charts(buckets, SPAN, UTC) if one.id == name)


@pytest.mark.parametrize("name", RANGES)
def test_each_range_is_whole_buckets_that_hold_now(name: str) -> None:
    span = span_of(name, 1_800_000_123.4)
    assert span.since < 1_800_000_123.4 < span.until
    assert (span.until - span.since) % span.bucket == 0
    assert 30 <= (span.until - span.since) / span.bucket <= min(100, MOST_BUCKETS)
    assert set(BUCKETS) == set(RANGES)


def test_stretches_without_requests_are_empty_buckets() -> None:
    every = filled([Bucket(SPAN.since + 120, 5)], SPAN)
    assert [bucket.requests for bucket in every] == [0, 0, 5, *[0] * 57]
    assert [bucket.start for bucket in every] == [SPAN.since + 60 * place for place in range(60)]


def test_requests_are_stacked_by_what_became_of_them() -> None:
    told = time_charts([Bucket(SPAN.since, 10, failed=1, healed=4)], SPAN, UTC)[0]
    good, healed, failed = told.blocks
    assert [block.label.partition(": ")[2] for block in told.blocks] == [
        "5 at the first attempt",
        "4 healed",
        "1 failed",
    ]
    assert good.height == pytest.approx(5 * failed.height, abs=0.1)
    assert good.y == pytest.approx(healed.y + healed.height, abs=0.02)
    assert told.rows == (("01:01", "5", "4", "1"),)


def test_a_line_breaks_where_there_is_nothing_and_a_lone_point_is_a_dot() -> None:
    told = time_charts(
        [
            Bucket(SPAN.since, 1, p50=1.0, p95=2.0),
            Bucket(SPAN.since + 60, 1, p50=1.0, p95=2.0),
            Bucket(SPAN.since + 300, 1, p50=1.0, p95=2.0),
        ],
        SPAN,
        UTC,
    )[1]
    first = [trace for trace in told.traces if trace.series == 1]
    assert [len(trace.points.split()) for trace in first] == [2, 1]
    assert [trace.dot is None for trace in first] == [True, False]


def test_without_requests_there_is_no_drawing_but_a_word() -> None:
    for told in time_charts([], SPAN, UTC):
        assert (told.blocks, told.traces, told.up, told.rows) == ((), (), (), ())
        assert told.summary.endswith("nothing in this range")


@given(buckets_of)
def test_whatever_is_drawn_lies_within_the_drawing(
    told: list[tuple[int, int, int, float | None, float | None]],
) -> None:
    made = [
        Bucket(SPAN.since + 60 * place, requests, prompt=prompt, p50=p50, p95=p50, cost=cost)
        for place, requests, prompt, p50, cost in told
    ]
    for one in time_charts(made, SPAN, UTC):
        for block in one.blocks:
            assert 0 <= block.x <= block.x + block.width <= WIDTH + 0.1
            assert 0 <= block.y <= block.y + block.height <= HEIGHT
        for trace in one.traces:
            for point in trace.points.split():
                x, y = map(float, point.split(","))
                assert 0 <= x <= WIDTH
                assert 0 <= y <= HEIGHT


@given(st.floats(1e-9, 1e15))
def test_a_scale_ends_at_a_round_number_that_is_not_below(value: float) -> None:
    assert value * 0.99999 <= nice(value) <= value * 5.01


def test_shares_are_measured_by_the_most_frequent() -> None:
    rows = ranked([Share("a", 40, 30, 1200, 0, 9, 0, 1.5), Share("b", 10, 0, 0, 0, 0, 0, None)])
    assert [(row.name, row.percent) for row in rows] == [("a", 100.0), ("b", 25.0)]
    assert rows[0].cells == ("40", "30", "1.2 k", "0", "9", "0", "$1.50")
    assert rows[1].cells[-1] == ""
    assert ranked([]) == []


def test_the_drawing_is_well_formed_svg() -> None:
    span = Span(SPAN.since, SPAN.until, SPAN.bucket)
    made = time_charts([Bucket(span.since, 3, healed=1, p50=0.5, p95=0.5, prompt=9, cost=0.1)], span, UTC)
    page = render(
        "charts.html",
        title="Charts",
        here="",
        signed_in=False,
        refused=False,
        made="",
        made_stamp="",
        ranges=["1h"],
        range="1h",
        source="",
        charts=made,
        shares=[],
        share_head=(),
    ).decode()
    drawings = page.split("<svg class=")[1:]
    assert len(drawings) == 4
    for drawing in drawings:
        ET.fromstring("<svg class=" + drawing.partition("</svg>")[0] + "</svg>")  # noqa: S314  our own page
