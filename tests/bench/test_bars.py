"""The chart: well-formed, every figure in it, and nothing that only a light page could show."""

from __future__ import annotations

from xml.etree import ElementTree  # noqa: S405  it reads what we drew

from bars import Row, draw, plot

SVG = "{http://www.w3.org/2000/svg}"


def test_each_figure_stands_beside_a_bar_as_long_as_its_share_of_the_most() -> None:
    rows = [Row("a <request>", "ms", [("relay", 10.0), ("peekd", 40.0)])]
    chart = ElementTree.fromstring(draw("costs & more", [("CPU", rows)], "peekd"))  # noqa: S314  likewise
    bars = chart.findall(f"{SVG}rect")
    assert [bar.get("class") for bar in bars] == ["other", "peekd"]
    assert float(bars[1].get("width", "")) == 4 * float(bars[0].get("width", ""))
    words = [text.text for text in chart.findall(f"{SVG}text")]
    assert {"costs & more", "CPU", "a <request>, ms", "relay", "10", "peekd", "40"} <= set(words)


def test_both_light_and_dark_pages_can_show_it() -> None:
    assert "prefers-color-scheme:dark" in draw("", [], "peekd")


def test_what_was_measured_is_drawn() -> None:
    told = plot({("paced", "peekd"): {"cpu": 61.0}, ("paced", "direct"): {"cpu": 0.0}}, ["direct", "peekd"])
    assert ">61<" in told
    assert "direct" not in told
