"""Each fragment in changes/ is named so that the next release finds it, and is a sentence."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

NAME = re.compile(r"\+[a-z0-9-]+\.([a-z]+)\.md")


def test_every_fragment_has_a_known_type_and_says_something(tree: Path, project: dict[str, Any]) -> None:
    types = {entry["directory"] for entry in project["tool"]["towncrier"]["type"]}
    wrong: list[str] = []
    for path in sorted((tree / "changes").iterdir()):
        name, text = NAME.fullmatch(path.name), path.read_text()
        if name is None or name[1] not in types:
            wrong.append(f"{path.name}: not +<slug>.<type>.md with a type of {sorted(types)}")
        if not text.endswith(".\n") or "\n\n" in text:
            wrong.append(f"{path.name}: not one paragraph that ends with a full stop")
    assert wrong == []


def test_the_changelog_has_the_place_where_a_release_goes(tree: Path, project: dict[str, Any]) -> None:
    settings = project["tool"]["towncrier"]
    assert (tree / settings["filename"]).read_text().count(settings["start_string"]) == 1
