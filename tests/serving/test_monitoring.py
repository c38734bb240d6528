"""The monitor over HTTP: who gets in, what a form may do, and that strangers' words stay words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
import trio

from peekd.monitor.feed import LISTENERS
from peekd.records.entries import AttemptRecord, RequestRecord
from peekd.serving.logins import GUESSES
from peekd.serving.routes import ROUTES

Bench = Callable[..., Any]

ADMIN = {"ops": "the-admin-key"}
SAME = {"Origin": "http://localhost", "Content-Type": "application/x-www-form-urlencoded"}
HOSTILE = "</script><script>alert(1)</script><img src=x onerror='alert(2)'>\"'"
PAGES = [
    route.path
    for route in ROUTES
    if route.entry == "page" and "GET" in route.methods and route.path != "/monitor/"
]


def named(path: str, name: str = "one") -> str:
    return path.replace("export/<name>", "export/requests.csv").replace("<name>", name)


async def log_in(toy: Any, key: str = "the-admin-key", **headers: str) -> Any:
    data = f"key={key}&next=/monitor/charts"
    return await toy.ask("POST", "/monitor/login", data=data, headers={**SAME, **headers})


def cookie_of(reply: Any) -> dict[str, str]:
    return {"Cookie": reply.headers["set-cookie"].partition(";")[0]}


async def test_a_slash_at_its_end_leads_to_the_monitor_with_all_that_was_asked(bench: Bench) -> None:
    for asked, led in {"/monitor/": "/monitor", "/monitor/?failed=1": "/monitor?failed=1"}.items():
        reply = await bench().ask("GET", asked)
        assert (reply.status, reply.headers["location"]) == (303, led)


# ---- pages -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
async def test_each_page_is_there_under_a_strict_policy(bench: Bench, path: str) -> None:
    toy = bench()
    toy.keep("one", "completed")
    reply = await toy.ask("GET", named(path))
    assert reply.status == 200, reply.body
    policy = dict(part.split(" ", 1) for part in reply.headers["content-security-policy"].split("; "))
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["object-src"] == "'none'"
    assert reply.headers["x-frame-options"] == "DENY"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["referrer-policy"] == "same-origin"
    assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", PAGES)
async def test_no_page_has_scripts_or_styles_within(bench: Bench, path: str) -> None:
    toy = bench()
    toy.keep("one", "broken")
    text = (await toy.ask("GET", named(path))).body.decode()
    assert text.count("<script") == text.count("<script src=")
    assert not [
        word for word in ("<style", " style=", " onclick=", " onload=", "javascript:") if word in text
    ]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/monitor/requests/nobody", 404),
        ("/monitor/export/passwd", 404),
        ("/monitor/charts?range=9y", 400),
        ("/monitor?limit=0", 400),
        ("/monitor?limit=99999", 400),
        ("/monitor?since=1y", 400),
        ("/monitor?before=x", 400),
        (f"/monitor?text={'x' * 201}", 400),
    ],
)
async def test_what_is_not_there_is_a_page_that_says_so(bench: Bench, path: str, status: int) -> None:
    reply = await bench().ask("GET", path)
    assert (reply.status, reply.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert b'role="alert"' in reply.body


async def test_strangers_words_are_escaped_wherever_they_stand(bench: Bench) -> None:
    toy = bench()
    attempt = AttemptRecord(1, HOSTILE, HOSTILE, HOSTILE, 0.0, outcome="broken", status=200, ended=1.0)
    attempt.upstream_error = attempt.because = attempt.upstream_request_id = attempt.move = HOSTILE
    record = RequestRecord(HOSTILE, 1.0, HOSTILE, HOSTILE, HOSTILE, attempts=[attempt])
    for name in ("client", "key", "session", "model", "mapped_model", "note", "account", "verdict", "advice"):
        setattr(record, name, HOSTILE)
    record.spliced = record.dropped = record.restored = record.repaired = (HOSTILE,)
    record.waits.append((0.1, 0.2, HOSTILE))
    record.outcome = "broken"
    toy.house.live.open(record)
    toy.house.live.close(record)
    for path in ("/monitor", "/monitor/requests/last", "/monitor/accounts", "/monitor/charts?range=7d"):
        reply = await toy.ask("GET", path)
        assert reply.status == 200
        assert b"<img" not in reply.body
        assert b"<script>" not in reply.body
        assert b"<b>bob" not in reply.body
    searched = await toy.ask("GET", "/monitor", query_string={"text": HOSTILE, "account": HOSTILE})
    assert b"<img" not in searched.body
    assert searched.body.count(b"onerror=&#39;") > 1


async def test_filters_narrow_the_list_and_pages_follow_each_other(bench: Bench) -> None:
    toy = bench()
    for number in range(60):
        record = RequestRecord(
            f"req_{number:02}", float(number), "POST", "/", "anthropic", outcome="completed"
        )
        record.outcome = "broken" if number % 10 == 0 else "completed"
        toy.house.live.open(record)
        toy.house.live.close(record)

    async def ids(path: str) -> list[str]:
        text = (await toy.ask("GET", path)).body.decode()
        return [piece.partition('"')[0] for piece in text.split('id="r-')[1:]]

    assert await ids("/monitor?show=failed") == [f"req_{number}0" for number in (5, 4, 3, 2, 1, 0)]
    assert len(await ids("/monitor")) == 50
    assert await ids("/monitor?before=10.0") == [f"req_{number:02}" for number in range(9, -1, -1)]
    assert b'rel="next" href="/monitor?before=10.0"' in (await toy.ask("GET", "/monitor")).body


async def test_files_are_named_kept_and_asked_for_again_only_when_they_changed(bench: Bench) -> None:
    toy = bench()
    first = await toy.ask("GET", "/monitor/static/monitor.css")
    assert first.headers["content-type"] == "text/css; charset=utf-8"
    known = {"If-None-Match": first.headers["etag"]}
    again = await toy.ask("GET", "/monitor/static/monitor.css", headers=known)
    assert (again.status, again.body) == (304, b"")
    for name in ("page.py", "..%2fpage.py", "nothing.js"):
        assert (await toy.ask("GET", f"/monitor/static/{name}")).status == 404


# ---- who gets in -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
async def test_without_the_admin_key_every_page_leads_to_the_login(bench: Bench, path: str) -> None:
    toy = bench(admin_keys=ADMIN)
    reply = await toy.ask("GET", named(path))
    assert reply.status == 303
    assert reply.headers["location"].startswith("/monitor/login?next=%2Fmonitor")


@pytest.mark.parametrize("path", [*PAGES, "/api/requests/live"])
async def test_from_elsewhere_nobody_sees_anything_without_admin_keys(bench: Bench, path: str) -> None:
    toy = bench(bind=("0.0.0.0:1",))
    reply = await toy.ask("GET", named(path), peer="192.0.2.7")
    assert reply.status == 403
    login = await toy.ask("GET", "/monitor/login", peer="192.0.2.7")
    assert b"<form" not in login.body.partition(b"<main")[2]


async def test_a_login_opens_pages_and_api_until_the_logout(bench: Bench) -> None:
    toy = bench(admin_keys=ADMIN)
    assert b'type="password"' in (await toy.ask("GET", "/monitor/login")).body
    reply = await log_in(toy)
    assert (reply.status, reply.headers["location"]) == (303, "/monitor/charts")
    assert "HttpOnly" in reply.headers["set-cookie"]
    assert "SameSite=Strict" in reply.headers["set-cookie"]
    cookie = cookie_of(reply)
    for path in ("/monitor", "/api/requests", "/api/policy"):
        assert (await toy.ask("GET", path, headers=cookie)).status == 200
    out = await toy.ask("POST", "/monitor/logout", headers={**SAME, **cookie})
    assert out.status == 303
    assert "Max-Age=0" in out.headers["set-cookie"]
    assert (await toy.ask("GET", "/api/requests", headers=cookie)).status == 401


async def test_an_admin_key_in_a_header_opens_pages_too(bench: Bench) -> None:
    reply = await bench(admin_keys=ADMIN).ask("GET", "/monitor", headers={"x-api-key": "the-admin-key"})
    assert reply.status == 200


async def test_wrong_keys_are_told_counted_and_not_repeated(bench: Bench) -> None:
    toy = bench(admin_keys=ADMIN)
    for _ in range(GUESSES):
        reply = await log_in(toy, "guess-of-a-key")
        assert (reply.status, "set-cookie" in reply.headers) == (401, False)
        assert b"guess-of-a-key" not in reply.body
    blocked = await log_in(toy)
    assert (blocked.status, "set-cookie" in blocked.headers) == (429, False)
    assert int(blocked.headers["retry-after"]) > 0
    assert not any("guess" in entry.message for entry in toy.entries)


@pytest.mark.parametrize("onward", ["https://evil.example", "//evil.example", "/v1/models", "/monitor//y"])
async def test_a_login_leads_nowhere_else(bench: Bench, onward: str) -> None:
    toy = bench(admin_keys=ADMIN)
    data = urlencode({"key": "the-admin-key", "next": onward})
    reply = await toy.ask("POST", "/monitor/login", data=data, headers=SAME)
    assert reply.headers["location"] == "/monitor"


async def test_the_cookie_is_secure_where_a_trusted_proxy_speaks_tls(bench: Bench) -> None:
    toy = bench(admin_keys=ADMIN, trusted_proxies=("127.0.0.1",))
    said = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"}
    assert "; Secure" in (await log_in(toy, **said)).headers["set-cookie"]
    stranger = bench(admin_keys=ADMIN)
    assert "; Secure" not in (await log_in(stranger, **said)).headers["set-cookie"]


# ---- forms -------------------------------------------------------------------------------------------


async def test_a_form_of_ours_switches_an_account_and_the_journal_says_so(bench: Bench) -> None:
    toy = bench()
    reply = await toy.ask("POST", "/monitor/accounts", data="account=alice&verb=disable", headers=SAME)
    assert (reply.status, reply.headers["location"]) == (303, "/monitor/accounts?did=disable&account=alice")
    assert toy.house.switched == [("alice", "disable")]
    assert toy.entries[-1].account == "alice"
    told = await toy.ask("GET", reply.headers["location"])
    assert b"alice serves nobody until it is enabled." in told.body


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "https://friend.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
@pytest.mark.parametrize("path", ["/monitor/accounts", "/monitor/logout", "/monitor/login"])
async def test_a_form_of_anybody_else_does_nothing(bench: Bench, path: str, headers: dict[str, str]) -> None:
    toy = bench(allowed_origins=("https://friend.example",), admin_keys=ADMIN)
    given = {**headers, **cookie_of(await log_in(toy)), "Content-Type": SAME["Content-Type"]}
    data = "account=alice&verb=disable&key=the-admin-key"
    reply = await toy.ask("POST", path, data=data, headers=given)
    assert (reply.status, "set-cookie" in reply.headers) == (403, False)
    assert toy.house.switched == []


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ("account=nobody&verb=reset", 404),
        ("account=alice&verb=remove", 400),
        ("", 400),
        ("account=" + "a" * 20_000, 413),
        ("&".join(f"f{number}=1" for number in range(50)), 400),
    ],
)
async def test_a_form_that_makes_no_sense_is_told(bench: Bench, data: str, status: int) -> None:
    toy = bench()
    reply = await toy.ask("POST", "/monitor/accounts", data=data, headers=SAME)
    assert (reply.status, toy.house.switched) == (status, [])


async def test_a_form_that_does_not_come_is_a_408(
    bench: Bench, autojump_clock: trio.testing.MockClock
) -> None:
    toy = bench(admin_keys=ADMIN, body_seconds=60.0)
    headers, base = {"Host": "localhost", **SAME}, {"client": ("127.0.0.1", 1)}
    async with toy.client.request(
        "/monitor/login", method="POST", headers=headers, scope_base=base
    ) as connection:
        await connection.send(b"key=")
        began = trio.current_time()
        await connection.receive()
    assert (connection.status_code, trio.current_time() - began) == (408, pytest.approx(60))


# ---- looking on --------------------------------------------------------------------------------------


async def test_changes_are_told_as_they_come_and_the_drain_ends_it(
    bench: Bench, visit: Callable[..., Any], autojump_clock: trio.testing.MockClock
) -> None:
    toy = bench()
    looker = visit(toy.front, b"", method="GET", path="/api/requests/live")
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(looker.run)
            assert (await looker.receive()).startswith(b"retry: ")
            toy.keep("one", "broken")
            kind, data, *_ = (await looker.receive()).decode().split("\n")
            assert kind == "event: request"
            assert msgspec.json.decode(data.removeprefix("data: "))["id"] == "one"
            assert await looker.receive() == b": still here\n\n"
            toy.front.drain()
        assert (await toy.ask("GET", "/api/requests/live")).status == 503


async def test_so_many_look_on_and_who_goes_makes_room(bench: Bench, visit: Callable[..., Any]) -> None:
    toy = bench()
    lookers = [visit(toy.front, b"", method="GET", path="/api/requests/live") for _ in range(LISTENERS)]
    async with trio.open_nursery() as nursery:
        for looker in lookers:
            nursery.start_soon(looker.run)
            await looker.receive()
        full = await toy.ask("GET", "/api/requests/live")
        assert (full.status, full.headers["retry-after"]) == (503, "5")
        lookers[0].go()
        await trio.testing.wait_all_tasks_blocked()
        another = visit(toy.front, b"", method="GET", path="/api/requests/live")
        nursery.start_soon(another.run)
        assert (await another.receive()).startswith(b"retry: ")
        nursery.cancel_scope.cancel()
