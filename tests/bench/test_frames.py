"""What the benchmark's upstream says: whole answers in both languages, with one mark a piece."""

from __future__ import annotations

import json
from typing import Any

import pytest
from frames import DIGITS, HEAD, MARK, TONGUES, burst, piece

PIECES = 7


def body_of(answer: bytes) -> bytes:
    """Take an answer's chunks apart; the last must be the empty one."""
    assert answer.startswith(HEAD)
    rest, found = answer[len(HEAD) :], b""
    while True:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        data, rest = rest[:length], rest[length:]
        assert rest.startswith(b"\r\n")
        rest, found = rest[2:], found + data
        if not length:
            assert rest == b""
            return found


def events(answer: bytes) -> list[dict[str, Any]]:
    """Give the data of each event."""
    blocks = body_of(answer).decode().strip().split("\n\n")
    return [json.loads(line[6:]) for block in blocks for line in block.split("\n") if line[:6] == "data: "]


@pytest.mark.parametrize("tongue", TONGUES)
def test_an_answer_is_whole_and_has_one_mark_a_piece(tongue: str) -> None:
    answer = burst(tongue, PIECES)
    assert events(answer)
    assert answer.count(MARK) == PIECES


def test_an_anthropic_answer_begins_and_ends_as_it_should() -> None:
    kinds = [event["type"] for event in events(burst("anthropic", 2))]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert kinds[2:-3] == ["content_block_delta"] * 2


def test_a_gemini_answer_ends_with_its_reason() -> None:
    last = events(burst("gemini", 2))[-1]["candidates"][0]
    assert last["finishReason"] == "STOP"


@pytest.mark.parametrize("tongue", TONGUES)
def test_a_piece_keeps_its_length_whatever_the_time(tongue: str) -> None:
    before, after = piece(tongue, 3)
    whole = b"%b%0*d%b" % (before, DIGITS, 12345, after)
    size, _, rest = whole.partition(b"\r\n")
    assert len(rest) == int(size, 16) + 2
    assert before.endswith(MARK)


def test_no_two_pieces_say_the_same() -> None:
    assert len({piece("anthropic", number) for number in range(500)}) == 500
