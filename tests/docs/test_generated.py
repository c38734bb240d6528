"""The pages and files that are written from the code are as the code would write them today."""

from __future__ import annotations

from pathlib import Path

import pytest

from peekd.config.docs import FILES


@pytest.mark.parametrize("name", sorted(FILES))
def test_it_is_fresh(tree: Path, name: str) -> None:
    assert (tree / name).read_text() == FILES[name](), "stale: ./dev docs writes it anew"
