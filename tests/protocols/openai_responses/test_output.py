"""Items have a place and an id each, and are whole once they are done."""

from __future__ import annotations

from answers import counting
from responses import told

from peekd.protocols.openai_responses.output import Output
from peekd.protocols.openai_responses.response import Stream, bare


def test_every_frame_about_an_item_names_its_place_and_id() -> None:
    output = Output(Stream("resp_1", 0, bare("m")), counting())
    first, second = output.open("msg_", "message"), output.open("fc_", "function_call")
    stream = first.added(role="assistant") + second.frame("x", delta="d") + second.done(name="f")
    assert [(event["output_index"], event.get("item_id")) for event in told(stream)] == [
        (0, None),
        (1, "fc_2"),
        (1, None),
    ]
    assert output.items == [{"id": "fc_2", "type": "function_call", "name": "f"}]
    first.done(role="assistant")
    assert [item["id"] for item in output.items] == ["msg_1", "fc_2"]
