"""A browser, the daemons that it looks at, and pages that fail a test by any error they report."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, sync_playwright

from browser.town import HOSTILE, ask, crowd, launch, stream, town

REFUSED = "the server responded with a status of 40"
"""What Chromium says of a whole page that is refused; the tests that bring that about look at the page."""

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Generator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """A daemon that has healed, failed and been told hostile words."""
    with town(tmp_path_factory.mktemp("open")) as address:
        assert [ask(address) for _ in range(3)] == [200, 200, 200]
        assert stream(address) == 200  # cut in the middle
        assert ask(address, HOSTILE, {"user-agent": HOSTILE.replace("\n", " ")}) == 200
        yield address


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """A daemon with an admin key."""
    with town(tmp_path_factory.mktemp("guarded"), admin=True) as address:
        assert ask(address) == 200
        yield address


@pytest.fixture(scope="session")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """A daemon with a thousand requests and more."""
    with town(tmp_path_factory.mktemp("crowded")) as address:
        crowd(address, 1200)
        yield address


@pytest.fixture
def opened(browser: Browser) -> Generator[Open]:
    """Opens pages, each in a context of its own; whatever one of them complains of fails the test."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and REFUSED not in message.text:
            wrong.append(message.text)

    def fail(error: Error) -> None:
        wrong.append(error.message)

    def open_page(url: str = "", **options: Any) -> Page:
        context = browser.new_context(**options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", fail)
        page.on("dialog", lambda dialog: wrong.append(f"a dialog: {dialog.message}"))
        if url:
            page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core as a script to run on a page."""
    return (Path(__file__).parent / "axe.min.js").read_text()
