"""Notes in a built package which commit it was built from; `peekd --version` shows it."""

from __future__ import annotations

import json
import subprocess  # noqa: S404  git has no other face
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BuildInfo(BuildHookInterface[Any]):
    """Puts peekd/build.json into the wheel; an editable install has none, since it changes under its feet."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the file where there is something to note."""
        commit = _commit(Path(self.root))
        if version != "editable" and commit:
            with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
                json.dump({"commit": commit}, file)
            build_data["force_include"][file.name] = "peekd/build.json"


def _commit(root: Path) -> str:
    """The commit of the tree, with a + where files differ from it; "" where git knows nothing of it."""
    try:
        told = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--abbrev=10"],  # noqa: S607  whose git is the builder's
            cwd=root, capture_output=True, text=True, check=True, timeout=10,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return told.stdout.strip()
