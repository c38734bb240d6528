"""The monitor behind the HTTP face: its pages, forms, files and the stream of what changes."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
import trio
from werkzeug.exceptions import RequestEntityTooLarge

from peekd.monitor.assets import load_asset
from peekd.monitor.detail import Facts
from peekd.monitor.feed import Feed
from peekd.monitor.page import SECURITY
from peekd.monitor.pages import Means, Pages, Shown, Wish, local_path
from peekd.records.entries import NOTICE, Entry, RequestRecord
from peekd.relay.answers import answer_headers
from peekd.relay.delivery import Final
from peekd.serving.asking import Asking
from peekd.serving.behind import Fittings
from peekd.serving.callers import is_secure
from peekd.serving.ingress import judge_form
from peekd.serving.logins import COOKIE, Logins, cookie
from peekd.serving.replies import encode_fault
from peekd.vocabulary.errors import ClientError, Fault

_LARGEST_FORM = 16 * 1024
_FIELDS = 20
_TOKEN_BYTES = 32

_KEYLESS = (
    "No admin key is configured (server.admin_keys): "
    "on this machine nobody needs to log in, and from elsewhere nobody can."
)


class Monitoring:
    """Knows pages and who is logged in; whether a caller may come in at all is judged before."""

    def __init__(self, fittings: Fittings) -> None:
        self.feed = Feed(fittings.house.live, msgspec.json.encode)
        self.logins = Logins(partial(secrets.token_urlsafe, _TOKEN_BYTES))
        self._journal = fittings.journal
        self._pages = Pages(fittings.house, Means(fittings.settings, fittings.wall, _headers))
        self._table: Mapping[str, Callable[[Wish], Awaitable[Shown]]] = {
            "/monitor": self._pages.requests,
            "/monitor/list": self._pages.part,
            "/monitor/requests/<name>": self._pages.request,
            "/monitor/accounts": self._pages.accounts,
            "/monitor/charts": self._pages.charts,
            "/monitor/policy": self._pages.policy,
            "/monitor/settings": self._pages.settings,
            "/monitor/export/<name>": self._pages.export,
        }

    # ---- who is in ----

    def signed_in(self, asking: Asking) -> bool:
        """Whether a caller shows a cookie that a login gave it."""
        return self.logins.holds(
            asking.cookies.get(COOKIE, ""), asking.access.admin_keys, trio.current_time()
        )

    async def turn_away(self, asking: Asking, fault: Fault) -> Final:
        """Answer a caller who may not see a page: who could log in is led there."""
        if fault.kind == "authentication" and asking.method == "GET":
            onward = urlencode({"next": local_path(asking.target)})
            return _redirect(f"/monitor/login?{onward}")
        status = encode_fault(fault, asking.id, None).status
        return _final(await self._pages.fault(f"{fault.message}.", status))

    # ---- pages ----

    async def page(self, path: str, asking: Asking, name: str) -> Final:
        """Show the page of a route, or do what its form asks for."""
        if path == "/monitor/":
            words = urlencode(asking.arguments)
            return _redirect(f"/monitor{'?' if words else ''}{words}")
        signed_in = self.signed_in(asking)
        try:
            if asking.method == "POST":
                return await self._switch(asking)
            return _final(await self._table[path](Wish(asking.arguments, name, signed_in=signed_in)))
        except ClientError as error:
            status = encode_fault(error.fault, asking.id, None).status
            return _final(await self._pages.fault(f"{error.fault.message}.", status, signed_in=signed_in))

    async def _switch(self, asking: Asking) -> Final:
        form = await self._form(asking)
        account, verb = form.get("account", ""), form.get("verb", "")
        self._pages.switch(account, verb)
        self._journal(
            Entry(f"{verb} {account}: asked for on the monitor", NOTICE, asking.id, account=account)
        )
        return _redirect(f"/monitor/accounts?{urlencode({'did': verb, 'account': account})}")

    async def login(self, asking: Asking) -> Final:
        """Show the form, or take a key from it."""
        access, now = asking.access, trio.current_time()
        wish = Wish(asking.arguments)
        if not access.admin_keys:
            return _final(await self._pages.login(wish, words=_KEYLESS))
        if asking.method != "POST":
            return _final(await self._pages.login(wish))
        form = await self._form(asking)
        wish = Wish({"next": form.get("next", "")})
        wait = self.logins.blocked(asking.caller.address, now)
        if wait:
            words = f"Too many wrong keys came from your address: wait {wait:.0f} seconds."
            shown = _final(await self._pages.login(wish, fault=words, status=429))
            return _with(shown, ("retry-after", str(int(wait) + 1)))
        token = self.logins.log_in(form.get("key", ""), access.admin_keys, asking.caller.address, now)
        if token is None:
            self._journal(
                Entry(f"a wrong admin key from {asking.caller.address}", NOTICE, asking.id, status=401)
            )
            return _final(
                await self._pages.login(wish, fault="This is not one of the admin keys.", status=401)
            )
        return self._with_cookie(_redirect(local_path(form.get("next", ""))), token, asking)

    async def logout(self, asking: Asking) -> Final:
        """End a login."""
        await self._form(asking)
        self.logins.log_out(asking.cookies.get(COOKIE, ""))
        return self._with_cookie(_redirect("/monitor/login"), "", asking)

    def _with_cookie(self, final: Final, token: str, asking: Asking) -> Final:
        secure = is_secure(asking.scheme, asking.peer, asking.said, asking.access.trusted)
        return _with(final, ("set-cookie", cookie(token, secure=secure)))

    async def _form(self, asking: Asking) -> dict[str, str]:
        """Read a form. Raises ClientError for one that is not from a page of ours, or too large to be."""
        fault = judge_form(asking.named)
        if fault is not None:
            raise ClientError(fault.kind, fault.message)
        try:
            body = await asking.body.whole(_LARGEST_FORM)
        except RequestEntityTooLarge:
            raise ClientError("too_large", "no form of ours is as large") from None
        try:
            fields = parse_qsl(
                body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_FIELDS
            )
        except ValueError as error:
            raise ClientError("invalid_request", "no form of ours has so many fields") from error
        return dict(fields)

    # ---- the rest ----

    def asset(self, asking: Asking, name: str) -> Final:
        """Give a file that pages are dressed with."""
        asset = load_asset(name)
        if asset is None:
            raise ClientError("not_found", f"there is no {name!r} here")
        headers = (("cache-control", "no-cache"), ("etag", asset.tag), *SECURITY)
        if asking.named.get("if-none-match") == asset.tag:
            return Final(304, headers, b"")
        return Final(200, (("content-type", asset.kind), *headers), asset.body)


def _headers(record: RequestRecord) -> Facts:
    """Give the headers that an answer had, as far as its record tells."""
    ours = answer_headers(record, early=record.commit == "early", expose_account=True)
    return (("x-request-id", record.id), *ours)


def _final(shown: Shown) -> Final:
    return Final(shown.status, shown.headers, shown.body)


def _with(final: Final, header: tuple[str, str]) -> Final:
    return Final(final.status, (*final.headers, header), final.body)


def _redirect(path: str) -> Final:
    """Lead on to another page, which is then asked for with GET (RFC 9110 section 15.4.4)."""
    return Final(
        303, (("location", quote(path, safe="/?=&%+")), ("cache-control", "no-store"), *SECURITY), b""
    )
