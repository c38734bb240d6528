"""Takes the pictures that the documents show, of a daemon whose upstream misbehaves: ./dev screenshots."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright
from programs.npm import Unable

from browser.stage import UNAVAILABLE
from browser.town import ask, launch, stream, town

WIDTH, HEIGHT = 1200, 720

SHOTS = {
    "requests": ("/monitor", "light"),
    "request": ("/monitor?show=healed", "light"),
    "accounts": ("/monitor/accounts", "dark"),
    "charts": ("/monitor/charts?range=5m", "dark"),
}
"""By the picture's name: the page, and light or dark."""


def take(page: Page, address: str, name: str, place: Path) -> None:
    """Take one picture."""
    page.goto(address + SHOTS[name][0])
    if name == "request":  # the newest one that was healed
        page.locator("tbody a").last.click()
        page.wait_for_selector("svg.timeline")
    page.screenshot(path=place / f"{name}.png")


def main(place: Path) -> int:
    """Take them all."""
    place.mkdir(exist_ok=True)
    try:
        with (
            tempfile.TemporaryDirectory() as room,
            town(Path(room), second="bob@example.com") as address,
            sync_playwright() as playwright,
        ):
            for _ in range(3):
                ask(address)
            stream(address)
            for model in ("claude-opus-4-5", "claude-haiku-4-5", "claude-sonnet-4-5") * 4:
                ask(address, model)
            browser = launch(playwright)
            for name, (_, scheme) in SHOTS.items():
                size: ViewportSize = {"width": WIDTH, "height": HEIGHT}
                page = browser.new_page(viewport=size, color_scheme="dark" if scheme == "dark" else "light")
                take(page, address, name, place)
                page.close()
            browser.close()
    except Unable as why:
        sys.stderr.write(f"screenshots: {why}\n")
        return UNAVAILABLE
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
