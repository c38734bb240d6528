"""A stream as one JSON array: valid JSON however it was cut, with lines for life in between."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from peekd.protocols.gemini.array import LINE, JsonArray

CHUNKS = st.lists(st.dictionaries(st.text(st.characters(codec="utf-8")), st.integers(-9, 9)))


@given(CHUNKS, st.data())
def test_every_chunk_is_an_element_and_pings_may_stand_anywhere_between(
    chunks: list[dict[str, int]], data: st.DataObject
) -> None:
    array, body = JsonArray(), LINE
    for chunk in chunks:
        frame = b"data: %b\r\n\r\n" % msgspec.json.encode(chunk)
        body += array.wrap(frame) + (LINE if data.draw(st.booleans()) else b"")
    assert msgspec.json.decode(body + array.close()) == chunks


def test_elements_stand_as_googles_own_do() -> None:
    array = JsonArray()
    body = array.wrap(b'data: {"a":1}\n\ndata: {"b":2}\n\n') + array.wrap(b"data: [DONE]\n\n") + array.close()
    assert body == b'[{"a":1}\n,\n{"b":2}\n\n]'


def test_a_frame_without_data_is_a_line() -> None:
    array = JsonArray()
    assert array.wrap(b": alive\n\n\r\n") == LINE * 2
    assert array.close() == b"[]"
