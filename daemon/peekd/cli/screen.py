"""A terminal to draw on: its other screen, its size, its keys; given back as it was, whatever happens."""

from __future__ import annotations

import os
import select
import signal
import termios
import tty
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from types import FrameType

_ENTER = "\x1b[?1049h\x1b[?25l"
_LEAVE = "\x1b[?25h\x1b[?1049l"
_HOME, _TO_LINE_END, _TO_SCREEN_END = "\x1b[H", "\x1b[K", "\x1b[J"

LOOK_SECONDS = 0.25
"""How often it is looked whether the terminal has another size by now."""

Size = tuple[int, int]
"""Columns and rows."""


class Screen:
    """`keys` and `view` are descriptors of one terminal, or of two."""

    def __init__(self, keys: int, view: int) -> None:
        self._keys = keys
        self._view = view

    @property
    def size(self) -> Size:
        """How much there is room for now; a terminal that does not know has 80 columns and 24 rows."""
        columns, rows = os.get_terminal_size(self._view)
        return columns or 80, rows or 24

    def draw(self, lines: Sequence[str]) -> None:
        """Put lines in place of what is there, without a flicker."""
        body = f"{_TO_LINE_END}\r\n".join(lines)
        self._write(f"{_HOME}{body}{_TO_LINE_END}{_TO_SCREEN_END}")

    def wait(self, seconds: float) -> str:
        """Wait for a key; "" where none came in that time, or where the size has changed."""
        size, left = self.size, seconds
        while left > 0 and self.size == size:
            ready, _, _ = select.select([self._keys], [], [], min(left, LOOK_SECONDS))
            if ready:
                return os.read(self._keys, 64).decode(errors="replace") or "q"  # the terminal is gone
            left -= LOOK_SECONDS
        return ""

    def enter(self) -> None:
        """Turn to the other screen."""
        self._write(_ENTER)

    def leave(self) -> None:
        """Turn back."""
        self._write(_LEAVE)

    def _write(self, text: str) -> None:
        data = text.encode(errors="replace")
        while data:
            data = data[os.write(self._view, data) :]


@contextmanager
def open_screen(keys: int, view: int) -> Generator[Screen]:
    """Take a terminal; SIGTERM ends what is done with it as Ctrl-C does, so that it is given back."""
    screen, before = Screen(keys, view), termios.tcgetattr(keys)
    handler = signal.signal(signal.SIGTERM, _interrupt)
    try:
        tty.setcbreak(keys)
        screen.enter()
        yield screen
    finally:
        screen.leave()
        termios.tcsetattr(keys, termios.TCSADRAIN, before)
        signal.signal(signal.SIGTERM, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
