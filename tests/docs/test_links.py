"""Every link between the documents leads to a file, and to a heading of it."""

from __future__ import annotations

import re
from pathlib import Path

LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")


def anchors(text: str) -> set[str]:
    """Give the anchors of a page, made from its headings as the common forges make them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_link_leads_somewhere(files: tuple[Path, ...]) -> None:
    broken: list[str] = []
    pages = [path for path in files if path.suffix == ".md"]
    for page in pages:
        for target, anchor in LINK.findall(page.read_text()):
            aim = (page.parent / target).resolve() if target else page
            if not aim.exists() or (anchor and anchor not in anchors(aim.read_text())):
                broken.append(f"{page.name}: {target}#{anchor}")
    assert pages
    assert broken == []
