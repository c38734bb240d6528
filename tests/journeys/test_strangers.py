"""What a hostile client or upstream says leads nowhere: to no address, file, header or size of theirs."""

from __future__ import annotations

import gzip
import socket
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest
import trio
from front import answer_to, open_door, statuses
from hostile import said
from playhouse import HELLO, STREAM
from rawhouse import WHOLE, RawAnswer, open_rawhouse

from peekd.records.entries import ERROR

GEMINI = RawAnswer([
    b'data: {"candidates":[{"content":{"parts":[{"text":"Hi"}]},"finishReason":"STOP"}]}\n\n'
])
UPSTREAM = ("simulator", 80)


def pictures(url: str) -> dict[str, dict[str, Any]]:
    """A request of each protocol that names a picture and a file by this address."""
    image = {"type": "image", "source": {"type": "url", "url": url}}
    paper = {"type": "document", "source": {"type": "url", "url": url}}
    looked_at = {"type": "image_url", "image_url": {"url": url}}
    seen = {"type": "input_image", "image_url": url}
    read = {"type": "input_file", "file_url": url}
    part = {"fileData": {"mimeType": "image/png", "fileUri": url}}
    return {
        "/v1/messages": {**HELLO, "messages": [{"role": "user", "content": [image, paper]}]},
        "/v1/chat/completions": {"model": "m", "messages": [{"role": "user", "content": [looked_at]}]},
        "/v1/responses": {"model": "m", "input": [{"role": "user", "content": [seen, read]}]},
        f"/v1beta/models/m:{STREAM}": {"contents": [{"role": "user", "parts": [part]}]},
    }


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody may look a name up or open a socket but by an upstream's dial."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("something went out by itself")

    monkeypatch.setattr(trio, "open_tcp_stream", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("protocol", ["anthropic", "gemini", "openai-chat", "openai-responses"])
@pytest.mark.parametrize("scheme", ["file://", "http://169.254.169.254", "gopher://127.0.0.1:6379"])
async def test_an_address_in_a_request_is_words_and_is_never_gone_to(
    autojump_clock: Any, tmp_path: Path, protocol: str, scheme: str
) -> None:
    secret = tmp_path / "passwd"
    secret.write_text("a-secret-of-this-machine")
    answer = WHOLE if protocol == "anthropic" else GEMINI
    async with open_rawhouse(answer, protocol=protocol) as (house, upstream):
        for path, body in pictures(f"{scheme}{secret}").items():
            await house.ask(msgspec.json.encode(body), path=path)
        assert set(upstream.dialled) <= {UPSTREAM}
        assert not any(b"a-secret-of-this-machine" in body for body in upstream.bodies)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_an_upstream_that_points_elsewhere_is_not_followed(autojump_clock: Any, status: int) -> None:
    elsewhere = RawAnswer([b""], status=status, headers=(("location", "http://169.254.169.254/latest"),))
    async with open_rawhouse(elsewhere) as (house, upstream):
        told = await house.ask()
        assert told.status >= 400
        assert b"169.254" not in told.body
        assert set(upstream.dialled) == {UPSTREAM}
        assert set(upstream.targets) == {"/v1/messages"}


SLIPPED = {
    "folded": "a\r\n\tSet-Cookie: stolen=1",
    "a CR alone": "a\rSet-Cookie: stolen=1",
    "an LF alone": "a\nSet-Cookie: stolen=1",
    "a NUL": "a\0Set-Cookie: stolen=1",
    "another line": "a\r\nSet-Cookie: stolen=1",
    "a second answer": "a\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookie: stolen=1",
    "a separator of lines": "a\u2028Set-Cookie: stolen=1",
    "other letters": "é\x85Set-Cookie: stolen=1",
}


@pytest.mark.parametrize("words", SLIPPED)
@pytest.mark.parametrize("status", [200, 400, 429])
@pytest.mark.parametrize("name", ["request-id", "retry-after", "content-type"])
async def test_no_header_of_an_upstream_becomes_another_one_of_the_clients(
    autojump_clock: Any, words: str, status: int, name: str
) -> None:
    kind = () if name == "content-type" else (("content-type", "text/event-stream"),)
    answer = RawAnswer(WHOLE, status=status, headers=(*kind, (name, SLIPPED[words])))
    async with open_rawhouse(answer) as (house, _), open_door(house) as (_, connect):
        body = msgspec.json.encode({**HELLO, "stream": True})
        request = said(b"Connection: close", b"Content-Length: %d" % len(body), body=body)
        got = await answer_to(connect, request)
        assert len(statuses(got)) == 3
        head = got.partition(b"\r\n\r\n")[0].lower().splitlines()
        assert not any(line.lstrip().startswith(b"set-cookie") for line in head)
        assert [entry.message for entry in house.entries if entry.priority <= ERROR] == []
        house.assert_nothing_left()


BOMB = gzip.compress(bytes(80 * 1024 * 1024), compresslevel=1)
PACKED = ("content-encoding", "gzip")


@pytest.mark.parametrize("kind", ["text/event-stream", "application/json"])
@pytest.mark.parametrize("status", [200, 500])
async def test_what_grows_beyond_bounds_when_unpacked_is_no_answer(
    autojump_clock: Any, kind: str, status: int
) -> None:
    answer = RawAnswer([BOMB], status=status, headers=(("content-type", kind), PACKED))
    async with open_rawhouse(answer) as (house, _):
        told = await house.ask(stream=False)
        assert told.status in {502, 503}
        assert {attempt.outcome for attempt in told.record.attempts} <= {"malformed", "server_error"}
        assert len(told.body) < 16384
        house.assert_nothing_left()
