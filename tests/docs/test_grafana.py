"""etc/grafana-peekd.json is a dashboard, and asks only for metrics, labels and values that there are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from peekd.accounts.states import State
from peekd.serving.exposition import METRICS
from peekd.vocabulary.decisions import Move
from peekd.vocabulary.outcomes import AnyOutcome, name_of

BY_NAME = {metric.name: metric for metric in METRICS}
VALUES = {
    "outcome": {name_of(outcome) for outcome in get_args(AnyOutcome)},
    "move": set(get_args(Move)),
    "state": set(get_args(State)),
}
SELECTOR = re.compile(r"(peekd_\w+?)(_bucket|_count|_sum)?\{([^}]*)\}")
MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"([^"]*)"')
BY = re.compile(r"by \(([^)]*)\)")


@pytest.fixture(scope="module")
def dashboard() -> dict[str, Any]:
    return json.loads((Path(__file__).parents[2] / "etc/grafana-peekd.json").read_text())


def expressions(dashboard: dict[str, Any]) -> Iterator[str]:
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel["targets"])


def test_it_is_a_dashboard_whose_panels_lie_beside_each_other(dashboard: dict[str, Any]) -> None:
    assert (dashboard["uid"], dashboard["schemaVersion"]) == ("peekd", 39)
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) > 10
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken
        taken |= cells
        assert panel["title"]
        assert panel["targets"]


def test_every_expression_asks_for_metrics_and_labels_that_there_are(dashboard: dict[str, Any]) -> None:
    for expression in expressions(dashboard):
        assert len(SELECTOR.findall(expression)) == expression.count("peekd_"), expression
        labels: set[str] = {"le", "instance"}
        for name, part, matchers in SELECTOR.findall(expression):
            metric = BY_NAME[name]
            assert bool(part) == (metric.kind == "histogram"), expression
            assert bool(re.search(rf"(rate|increase)\({name}", expression)) == (
                metric.kind != "gauge" and name != "peekd_lost_total"
            ), expression
            labels |= set(metric.labels)
            for label, _, value in MATCHER.findall(matchers):
                assert label in labels, expression
                if label in VALUES:
                    assert set(value.split("|")) <= VALUES[label], expression
        for names in BY.findall(expression):
            assert set(names.split(", ")) <= labels, expression


def test_every_legend_names_a_label_of_its_metric(dashboard: dict[str, Any]) -> None:
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            names = {
                label for name, _, _ in SELECTOR.findall(target["expr"]) for label in BY_NAME[name].labels
            }
            assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= names | {"instance"}


def test_brackets_are_closed(dashboard: dict[str, Any]) -> None:
    pairs = {")": "(", "]": "[", "}": "{"}
    for expression in expressions(dashboard):
        open_ones: list[str] = []
        for letter in re.sub(r'"[^"]*"', "", expression):
            if letter in pairs.values():
                open_ones.append(letter)
            elif letter in pairs:
                assert open_ones.pop() == pairs[letter], expression
        assert open_ones == []


def test_every_metric_stands_on_it(dashboard: dict[str, Any]) -> None:
    asked = {name for expression in expressions(dashboard) for name, _, _ in SELECTOR.findall(expression)}
    assert asked == BY_NAME.keys()
