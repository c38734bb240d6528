"""What the tests of the settings share: a file, and the lines that tell its faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from peekd.config import load
from peekd.config.load import Loaded, load_settings
from peekd.vocabulary.errors import OperatorError

Load = Callable[..., Loaded]
Told = Callable[..., list[str]]


@pytest.fixture(autouse=True)
def no_system_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the machine's own settings out."""
    monkeypatch.setattr(load, "SYSTEM_FILE", tmp_path / "system.toml")


@pytest.fixture
def loaded(tmp_path: Path) -> Load:
    """Load a text as a file of settings, with an environment."""

    def load_text(text: str, environ: Mapping[str, str] | None = None) -> Loaded:
        path = tmp_path / "peekd.toml"
        path.write_text(text, encoding="utf-8")
        return load_settings(str(path), environ or {})

    return load_text


@pytest.fixture
def told(loaded: Load, tmp_path: Path) -> Told:
    """Give the lines that tell the faults of a text, without the folder."""

    def tell(text: str, environ: Mapping[str, str] | None = None) -> list[str]:
        with pytest.raises(OperatorError) as raised:
            loaded(text, environ)
        return [line.replace(f"{tmp_path}/", "") for line in raised.value.faults]

    return tell
