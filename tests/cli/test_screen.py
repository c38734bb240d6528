"""The terminal is drawn on, asked for keys and size, and given back as it was."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import termios
from collections.abc import Iterator

import pytest

from peekd.cli.screen import LOOK_SECONDS, Screen, open_screen


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Both ends: what a person holds, and what a program has."""
    person, program = pty.openpty()
    yield person, program
    os.close(person)
    os.close(program)


def resize(descriptor: int, columns: int, rows: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def test_it_is_taken_and_given_back_as_it_was(terminal: tuple[int, int]) -> None:
    person, program = terminal
    before = termios.tcgetattr(program)
    with open_screen(program, program) as screen:
        assert not termios.tcgetattr(program)[3] & termios.ICANON
        screen.draw(["one", "two"])
    assert termios.tcgetattr(program) == before
    written = ""
    while not written.endswith("\x1b[?1049l"):
        written += os.read(person, 4096).decode().replace("\r", "")
    assert written.startswith("\x1b[?1049h")
    assert "one\x1b[K\ntwo\x1b[K\x1b[J" in written


def test_it_is_given_back_whatever_happens(terminal: tuple[int, int]) -> None:
    _, program = terminal
    before, handler = termios.tcgetattr(program), signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), open_screen(program, program):
        signal.raise_signal(signal.SIGTERM)
    assert termios.tcgetattr(program) == before
    assert signal.getsignal(signal.SIGTERM) is handler


def test_a_key_ends_the_wait_and_so_does_another_size(terminal: tuple[int, int]) -> None:
    person, program = terminal
    with open_screen(program, program) as screen:
        os.write(person, b"q")
        assert screen.wait(600) == "q"
        assert screen.wait(LOOK_SECONDS / 100) == ""


def test_its_size_is_its_own_and_one_that_does_not_know_is_taken_for_the_usual(
    terminal: tuple[int, int],
) -> None:
    _, program = terminal
    screen = Screen(program, program)
    resize(program, 0, 0)
    assert screen.size == (80, 24)
    resize(program, 100, 30)
    assert screen.size == (100, 30)
