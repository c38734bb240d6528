"""Usage is told again and again, and never added up."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from peekd.vocabulary.events import Usage, merged

FIGURE = st.none() | st.integers(0, 3)
USAGE = st.builds(Usage, FIGURE, FIGURE, FIGURE, FIGURE, FIGURE)


@given(USAGE, USAGE)
def test_a_later_figure_replaces_and_what_is_not_reported_stays(before: Usage, after: Usage) -> None:
    told = {name: figure for name, figure in msgspec.structs.asdict(after).items() if figure is not None}
    assert merged(before, after) == msgspec.structs.replace(before, **told)


def test_nothing_reported_twice_is_nothing() -> None:
    assert merged(Usage(), Usage()) == Usage()
