"""The monitor's pages are clicked through, read without scripts, with the keyboard, and by axe."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import Open
from browser.town import ADMIN_KEY, HOSTILE, ask

PAGES = ["", "/accounts", "/charts", "/charts?range=7d", "/policy", "/settings", "/requests/last-failed"]


def failed_request(page: Page, address: str) -> str:
    """Find the address of the newest request that failed."""
    page.goto(f"{address}/monitor?show=failed")
    return address + str(page.locator("tbody a").first.get_attribute("href"))


def faults(page: Page, axe: str) -> list[str]:
    """Give what axe finds wrong on a page, by rule and place."""
    page.evaluate(axe)
    found: list[dict[str, Any]] = page.evaluate("async () => (await axe.run()).violations")
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]
    ]


def test_the_list_tells_what_became_of_each_request(opened: Open, address: str) -> None:
    page = opened(f"{address}/monitor")
    expect(page).to_have_title("Requests · peekd")
    expect(page.locator("tbody .badge.healed").first).to_contain_text("200 completed, healed")
    expect(page.locator("tbody .badge.failed").first).to_contain_text("broken")
    expect(page.get_by_role("status")).to_have_text("Updated as requests come.")


def test_a_new_request_comes_by_itself_and_the_focus_stays(opened: Open, address: str) -> None:
    page = opened(f"{address}/monitor")
    expect(page.get_by_role("status")).to_have_text("Updated as requests come.")
    first = page.locator("tbody a").first
    old = str(first.get_attribute("id"))
    first.focus()
    ask(address, "a-model-of-now")
    expect(page.locator("tbody tr").first).to_contain_text("a-model-of-now")
    assert page.evaluate("document.activeElement.id") == old


def test_filters_find_and_the_form_keeps_them(opened: Open, address: str) -> None:
    page = opened(f"{address}/monitor")
    page.get_by_label("Show", exact=True).select_option("healed")
    page.get_by_label("Account").fill("alice")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_label("Account")).to_have_value("alice")
    expect(page.locator("tbody .badge.healed").first).to_be_visible()
    assert page.locator("tbody .badge:not(.healed)").count() == 0
    page.get_by_label("Error says").fill("nothing says this")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_text("No request fits.")).to_be_visible()
    page.get_by_role("link", name="Show all").click()
    expect(page.locator("tbody tr").first).to_be_visible()


def test_a_request_shows_cause_decision_and_advice(opened: Open, address: str) -> None:
    page = opened()
    page.goto(failed_request(page, address))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Request req_")
    expect(page.get_by_role("img", name=re.compile(r"attempts of this request as bars"))).to_be_visible()
    expect(page.locator(".steps")).to_contain_text("broken")
    expect(
        page.get_by_role("region", name="Drawn timeline").locator("rect.phase.first_meaning")
    ).to_have_count(1)
    advice = page.get_by_role("region", name="What you can do")
    expect(advice).to_contain_text("broke off in the middle")
    expect(advice).to_contain_text("journalctl -u peekd PEEKD_REQUEST=req_")
    advice.get_by_role("link", name="broken").first.click()
    expect(page.locator("tr#broken")).to_be_in_viewport()


def test_strangers_words_are_words(opened: Open, address: str) -> None:
    page = opened(f"{address}/monitor?model=onerror")
    row = page.locator("tbody tr").first
    expect(row).to_contain_text(HOSTILE)
    row.get_by_role("link").click()
    expect(page.get_by_role("region", name="Fields")).to_contain_text(HOSTILE)
    assert page.locator("main img, main script").count() == 0
    page.goto(f"{address}/monitor?" + "text=%3Cscript%3Ealert(3)%3C/script%3E%22%3E")
    expect(page.get_by_label("Error says")).to_have_value('<script>alert(3)</script>">')


def test_accounts_are_disabled_and_enabled(opened: Open, address: str) -> None:
    page = opened(f"{address}/monitor/accounts")
    row = page.locator("tbody tr").nth(1)
    expect(row).to_contain_text("bob <b>bold</b>/&?#")
    row.get_by_role("button", name="disable").click()
    expect(page.locator(".done")).to_have_text("bob <b>bold</b>/&?# serves nobody until it is enabled.")
    expect(row.locator(".badge")).to_have_text("disabled")
    row.get_by_role("button", name="enable").click()
    expect(row.locator(".badge")).not_to_have_text("disabled")


def test_a_cooldown_counts_down_and_is_reset(opened: Open, address: str) -> None:
    page = opened(f"{address}/monitor/accounts")
    row = page.locator("tbody tr", has=page.locator(".countdown")).first
    expect(row.locator(".badge")).to_have_text("resting")
    expect(row).to_contain_text("quota_exhausted")
    before = row.locator(".countdown").inner_text()
    expect(row.locator(".countdown")).not_to_have_text(before)
    row.get_by_role("button", name="reset").click()
    expect(page.locator(".countdown")).to_have_count(0)


def test_a_form_of_another_site_changes_nothing(opened: Open, address: str) -> None:
    page = opened()
    page.route(
        "http://evil.test/*", lambda route: route.fulfill(content_type="text/html", body=EVIL.format(address))
    )
    page.goto("http://evil.test/")
    with page.expect_navigation():
        page.get_by_role("button").click()
    assert "may not call this peekd" in page.content()
    page.goto(f"{address}/monitor/accounts")
    expect(page.locator("tbody .badge.disabled")).to_have_count(0)


EVIL = """<form method="post" action="{}/monitor/accounts"><input name="account" value="alice@example.com">
<input name="verb" value="disable"><button>win</button></form>"""


def test_charts_are_drawn_and_written_out(opened: Open, address: str) -> None:
    page = opened(f"{address}/monitor/charts")
    chart = page.get_by_role("img", name=re.compile(r"^Requests: at the first attempt and healed and failed"))
    expect(chart.locator("rect").first).to_be_visible()
    page.get_by_text("As a table").first.click()
    expect(page.get_by_role("region", name="Requests, as a table").get_by_role("row")).not_to_have_count(0)
    expect(page.get_by_role("region", name="Healing: why another attempt was made")).to_contain_text(
        "quota_exhausted"
    )
    page.get_by_role("link", name="last 24h").click()
    expect(page.get_by_role("link", name="last 24h")).to_have_attribute("aria-current", "true")


def test_the_list_is_taken_along(opened: Open, address: str, tmp_path: Path) -> None:
    page = opened(f"{address}/monitor?show=failed")
    with page.expect_download() as download:
        page.get_by_role("link", name="as CSV").click()
    download.value.save_as(tmp_path / "requests.csv")
    head, first, *_ = (tmp_path / "requests.csv").read_text().splitlines()
    assert head.startswith("id,came,state,outcome")
    assert ",broken," in first


def test_dark_is_chosen_and_kept(opened: Open, address: str) -> None:
    page = opened(f"{address}/monitor", color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Dark").click()
    dark = page.evaluate(ground)
    assert dark != light
    page.get_by_role("link", name="Policy").click()
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    assert page.evaluate(ground) == dark


def test_the_systems_darkness_is_followed(opened: Open, address: str) -> None:
    page = opened(f"{address}/monitor", color_scheme="dark")
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(17, 21, 28)"


def test_all_can_be_read_and_done_without_scripts(opened: Open, address: str) -> None:
    page = opened(f"{address}/monitor", java_script_enabled=False)
    expect(page.locator("tbody tr").first).to_be_visible()
    expect(page.get_by_role("button", name="Dark")).to_be_hidden()
    page.get_by_label("Show", exact=True).select_option("failed")
    page.get_by_role("button", name="Filter").click()
    page.locator("tbody a").first.click()
    expect(page.locator("svg.timeline rect").first).to_be_visible()
    page.goto(f"{address}/monitor/accounts")
    row = page.locator("tbody tr").first
    row.get_by_role("button", name="disable").click()
    expect(row.locator(".badge")).to_have_text("disabled")
    row.get_by_role("button", name="enable").click()
    expect(row.locator(".badge")).not_to_have_text("disabled")
    for path in PAGES:
        page.goto(f"{address}/monitor{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_the_keyboard_is_enough(opened: Open, address: str) -> None:
    page = opened(f"{address}/monitor?live=0")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Show", exact=True)).to_be_focused()
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id").startswith("r-"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Request")


def test_the_login_lets_in_and_out_again(opened: Open, guarded: str) -> None:
    page = opened(f"{guarded}/monitor/charts?range=6h")
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")
    page.get_by_label("Admin key").fill(ADMIN_KEY)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(f"{guarded}/monitor/charts?range=6h")
    (cookie,) = page.context.cookies()
    assert cookie.get("httpOnly")
    assert cookie.get("sameSite") == "Strict"
    page.goto(f"{guarded}/monitor")
    expect(page.get_by_role("status")).to_have_text("Updated as requests come.")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")
    page.goto(f"{guarded}/monitor")
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")


def test_a_thousand_lines_are_pleasant(opened: Open, crowded: str) -> None:
    page = opened(f"{crowded}/monitor?limit=1000")
    expect(page.locator("tbody tr")).to_have_count(1000)
    expect(page.get_by_role("status")).to_have_text("Updated as requests come.")
    page.locator("tbody a").last.focus()
    ask(crowded, "one-more")
    expect(page.locator("tbody tr").first).to_contain_text("one-more")
    expect(page.locator("tbody tr")).to_have_count(1000)
    page.get_by_role("link", name="Older").click()
    expect(page.locator("tbody tr")).not_to_have_count(0)
    expect(page.get_by_text("Not updated by itself.")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(opened: Open, address: str, guarded: str, axe: str, scheme: str) -> None:
    page = opened(color_scheme=scheme)
    found: dict[str, list[str]] = {}
    for url in [f"{guarded}/monitor/login", *(f"{address}/monitor{path}" for path in PAGES)]:
        page.goto(url)
        for summary in page.locator("details summary").all():
            summary.click()
        found[url] = faults(page, axe)
    assert {url: wrong for url, wrong in found.items() if wrong} == {}


def test_a_narrow_screen_scrolls_tables_and_not_the_page(opened: Open, address: str) -> None:
    page = opened(viewport={"width": 360, "height": 700})
    for path in PAGES:
        page.goto(f"{address}/monitor{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
