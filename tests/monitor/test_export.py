from __future__ import annotations

import csv
import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.monitor.export import encode_csv, encode_json
from peekd.records.entries import RequestRecord


def rows(*records: RequestRecord) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(encode_csv(records).decode(), newline="")))


def test_each_request_is_a_line_below_the_names(healed: RequestRecord, failed_record: RequestRecord) -> None:
    first, second = rows(healed, failed_record)
    assert (first["id"], first["healed"], first["attempts"], first["causes"]) == (
        "0b2f",
        "true",
        "2",
        "rate_limited",
    )
    assert (first["prompt_tokens"], first["seconds"], first["cost_usd"]) == ("1200", "3.42", "")
    assert (second["failed"], second["status"]) == ("true", "503")


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\uff1d"])
def test_no_cell_is_a_formula(failed_record: RequestRecord, begin: str) -> None:
    failed_record.client = f"{begin}HYPERLINK(1)"
    (row,) = rows(failed_record)
    assert row["client"] == f"'{begin}HYPERLINK(1)"


@given(st.text(st.characters(codec="utf-8")))
def test_any_words_come_back_whole(words: str) -> None:
    record = RequestRecord("a", -1.5, "POST", "/", "anthropic", client=words)
    (row,) = rows(record)
    assert row["client"] in {words, f"'{words}"}
    assert row["came"] == "-1.5"


def test_json_holds_the_records_whole(healed: RequestRecord) -> None:
    told = msgspec.json.decode(encode_json([healed]))
    assert msgspec.convert(told["requests"][0], RequestRecord) == healed
