"""The pages: what each asks the house for, and with which template it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Protocol

import msgspec
import trio

from peekd.healing.policy import Policy
from peekd.monitor import accounts, charts, said
from peekd.monitor.configured import notes_of, settings_of, standing_of
from peekd.monitor.detail import Beside, Facts, detail_of
from peekd.monitor.export import MOST, encode_csv, encode_json
from peekd.monitor.page import PAGE_HEADERS, SECURITY, render
from peekd.monitor.policies import rows_of
from peekd.monitor.search import LIMITS, RANGES, SHOWS, Search, read_search
from peekd.monitor.snapshot import page_of
from peekd.monitor.sums import summed_up
from peekd.records.entries import RequestRecord
from peekd.records.ledger import Ledger, Summary
from peekd.records.live import Live
from peekd.store.charts import Span
from peekd.vocabulary.errors import ClientError

LATELY = "24h"
"""The range of the figures beside each account."""

_FOR_ANYONE = frozenset({"login.html", "fault.html"})
"""Pages that tell nothing of this house."""

_DONE = {"enable": "may serve again", "disable": "serves nobody until it is enabled", "reset": "is as if new"}


class House(Protocol):
    """What the pages tell of."""

    @property
    def live(self) -> Live:
        """The requests in memory."""
        ...

    @property
    def ledger(self) -> Ledger:
        """What is written down, and memory with it."""
        ...

    def describe_accounts(self) -> object:
        """Tell of each account."""
        ...

    def describe_policy(self) -> Mapping[str, Policy]:
        """Tell the policy in force, as "policy"."""
        ...

    def switch(self, account: str, verb: str) -> object:
        """Enable, disable or reset an account. Raises ClientError where there is none of that name."""
        ...


class Shown(msgspec.Struct, frozen=True):
    """A page, ready to be sent."""

    body: bytes
    headers: tuple[tuple[str, str], ...] = PAGE_HEADERS
    status: int = 200


class Wish(msgspec.Struct, frozen=True):
    """What a page is asked for with. `name`: the last part of its path, where that is a name."""

    args: Mapping[str, str]
    name: str = ""
    signed_in: bool = False


class Means(msgspec.Struct, frozen=True):
    """What pages are made with. `zone` None is this machine's; `headers`: those that an answer had."""

    settings: Callable[[], msgspec.Struct]
    wall: Callable[[], float]
    headers: Callable[[RequestRecord], Facts]
    zone: tzinfo | None = None


class Pages:
    """Each takes a wish and gives a page. They raise ClientError for what is not there or cannot be read."""

    def __init__(self, house: House, means: Means) -> None:
        self._house = house
        self._means = means

    async def requests(self, wish: Wish) -> Shown:
        """The list, in the frame of its page."""
        search = read_search(wish.args)
        listed = await self._list(search)
        live = search.before is None and wish.args.get("live") != "0"
        words = search.words()
        return await self._page(
            "requests.html",
            wish,
            "/monitor",
            title="Requests",
            shows=SHOWS,
            ranges=list(RANGES),
            limits=LIMITS,
            accounts=[one.name for one in accounts.told_of(self._house.describe_accounts())],
            live=live,
            words=words,
            live_words=search.words(before=None),
            paused_words=f"{words}&live=0".removeprefix("&"),
            export_words=search.words(before=None, limit=LIMITS[0]),
            **listed,
        )

    async def part(self, wish: Wish) -> Shown:
        """The list alone, to be put in the place of an earlier one."""
        return await _write("list.html", **await self._list(read_search(wish.args)))

    async def _list(self, search: Search) -> dict[str, object]:
        records = await self._house.ledger.requests(search.query(self._means.wall()))
        page = page_of(records, search.limit, self._means.zone)
        return {
            "search": search,
            "page": page,
            "newest_words": search.words(before=None),
            "older_words": search.words(before=page.older),
        }

    async def request(self, wish: Wish) -> Shown:
        """One request; with `part` what stands in its page alone."""
        record = await self._house.ledger.find(wish.name)
        if record is None:
            raise ClientError("not_found", f"no request {wish.name!r} is kept")
        bodies = await self._house.ledger.bodies(record.id)
        beside = Beside(self._means.headers(record), tuple((body.part, body.text) for body in bodies))
        detail = detail_of(record, beside, self._means.wall(), self._means.zone)
        if wish.args.get("part"):
            return await _write("story.html", detail=detail)
        title, live = f"Request {record.id}", record.state == "open"
        return await self._page("request.html", wish, "", title=title, detail=detail, live=live)

    async def accounts(self, wish: Wish) -> Shown:
        """The accounts; with `part` their table alone."""
        now = self._means.wall()
        told = accounts.told_of(self._house.describe_accounts())
        summary = await self._summary(charts.span_of(LATELY, now))
        rows = accounts.rows_of(told, summary.accounts, now)
        if wish.args.get("part"):
            return await _write("accounts_table.html", accounts=rows)
        verb, name = wish.args.get("did", ""), wish.args.get("account", "")
        known = verb in _DONE and any(one.name == name for one in told)
        done = f"{name} {_DONE[verb]}." if known else ""
        here = "/monitor/accounts"
        return await self._page("accounts.html", wish, here, title="Accounts", accounts=rows, done=done)

    def switch(self, account: str, verb: str) -> None:
        """Do what a button of that page is for."""
        if verb not in accounts.VERBS:
            raise ClientError("invalid_request", f"expected {', '.join(accounts.VERBS)}, found {verb!r}")
        self._house.switch(account, verb)

    async def charts(self, wish: Wish) -> Shown:
        """What happened over time."""
        name = wish.args.get("range", "1h")
        if name not in RANGES:
            raise ClientError("invalid_request", f"range: expected one of {', '.join(RANGES)}")
        span = charts.span_of(name, self._means.wall())
        summary = await self._summary(span)
        shares = (
            ("Healing: why another attempt was made", "cause", summary.causes),
            ("By account", "account", summary.accounts),
            ("By model", "model", summary.models),
        )
        return await self._page(
            "charts.html",
            wish,
            "/monitor/charts",
            title="Charts",
            ranges=list(RANGES),
            range=name,
            charts=charts.time_charts(summary.buckets, span, self._means.zone),
            shares=[(title, head, charts.ranked(rows)) for title, head, rows in shares],
            share_head=charts.SHARE_HEAD,
            source="" if self._house.ledger.path else "Of the requests in memory: no ledger is written.",
        )

    async def _summary(self, span: Span) -> Summary:
        if self._house.ledger.path is None:
            return summed_up(self._house.live.newest_first(), span)
        return await self._house.ledger.summary(span)

    async def policy(self, wish: Wish) -> Shown:
        """What is done about which outcome."""
        rows = rows_of(self._house.describe_policy()["policy"])
        return await self._page("policy.html", wish, "/monitor/policy", title="Policy", rows=rows)

    async def settings(self, wish: Wish) -> Shown:
        """The configuration in force."""
        every = settings_of(self._means.settings())
        notes = notes_of(standing_of(self._house.describe_accounts()), self._means.zone)
        tables = [(name or "peekd", list(rows)) for name, rows in groupby(every, attrgetter("table"))]
        here = "/monitor/settings"
        return await self._page("settings.html", wish, here, title="Settings", tables=tables, notes=notes)

    async def export(self, wish: Wish) -> Shown:
        """The requests that a search finds, as a file."""
        encode = {"requests.csv": encode_csv, "requests.json": encode_json}.get(wish.name)
        if encode is None:
            raise ClientError("not_found", f"there is no {wish.name!r} to take: requests.csv, requests.json")
        query = read_search(wish.args).query(self._means.wall())
        records = await self._house.ledger.requests(msgspec.structs.replace(query, limit=MOST))
        kind = "text/csv; charset=utf-8" if wish.name.endswith("csv") else "application/json"
        headers = (
            ("content-type", kind),
            ("content-disposition", f'attachment; filename="peekd-{wish.name}"'),
            ("cache-control", "no-store"),
            *SECURITY,
        )
        return Shown(encode(records), headers)

    async def login(self, wish: Wish, *, fault: str = "", words: str = "", status: int = 200) -> Shown:
        """The form to log in with, or (`words`) why there is none."""
        shown = await self._page(
            "login.html",
            wish,
            "",
            title="Log in",
            fault=fault,
            open=not words,
            words=words,
            next=local_path(wish.args.get("next", "")),
        )
        return msgspec.structs.replace(shown, status=status)

    async def fault(self, words: str, status: int, *, signed_in: bool = False) -> Shown:
        """A page that says why another is not there."""
        wish = Wish({}, signed_in=signed_in)
        shown = await self._page("fault.html", wish, "", title="There is no such page", words=words)
        return msgspec.structs.replace(shown, status=status)

    async def _page(self, template: str, wish: Wish, here: str, **context: object) -> Shown:
        now, zone = self._means.wall(), self._means.zone
        made = {"made": said.clock(now, zone), "made_stamp": said.stamp(now, zone)}
        outside = template in _FOR_ANYONE
        refused = not outside and bool(standing_of(self._house.describe_accounts()).faults)
        return await _write(template, here=here, signed_in=wish.signed_in, refused=refused, **made, **context)


async def _write(template: str, **context: object) -> Shown:
    """Write in a thread: a list of a thousand lines must not hold up a stream."""
    return Shown(await trio.to_thread.run_sync(partial(render, template, **context)))


def local_path(path: str) -> str:
    r"""Give a path to go on to after the login: one of the monitor's own, else its first page.

    >>> local_path("/monitor/charts?range=6h"), local_path("//evil.example"), local_path("/monitor\\\\evil")
    ('/monitor/charts?range=6h', '/monitor', '/monitor')
    """
    ours = path == "/monitor" or path.startswith(("/monitor/", "/monitor?"))
    return path if ours and path.isprintable() and "\\" not in path and "//" not in path else "/monitor"
