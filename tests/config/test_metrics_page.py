"""The page of metrics tells every metric and every label; its questions ask for those that there are."""

from __future__ import annotations

import re

from peekd.config.metrics_page import encode_metrics_page
from peekd.serving.exposition import METRICS

PAGE = encode_metrics_page()


def test_every_metric_has_its_row_and_no_other_is_named() -> None:
    assert re.findall(r"^\| `(peekd_\w+)` \|", PAGE, re.MULTILINE) == [row.name for row in METRICS]
    names = {row.name for row in METRICS}
    for said in re.findall(r"peekd_\w+", PAGE):
        assert said in names or said.removesuffix("_bucket") in names


def test_every_label_is_told() -> None:
    table = PAGE.partition("## Labels")[2]
    told = {
        name
        for row in re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    }
    assert {label for row in METRICS for label in row.labels} == told
