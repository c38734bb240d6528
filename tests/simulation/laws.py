"""The laws: each looks at one request from every side, and says what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from simulation.transcripts import Case

Law = Callable[[Case], Iterator[str]]
LAWS: Mapping[str, Law] = {}
