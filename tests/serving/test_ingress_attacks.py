"""Every route attacked in every way that a caller has: keys, hosts, pages, addresses."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import pytest

from peekd.serving import ingress
from peekd.serving.logins import COOKIE
from peekd.serving.routes import ROUTES, Route

HERE, THERE = "127.0.0.1", "192.0.2.7"
FITS, OTHERS, ADMINS = "client-key-of-alice", "client-key-of-nobody", "admin-key"
CLIENT_KEYS, ADMIN_KEYS = {"alice": FITS}, {"root": ADMINS}

WRONG = {
    "another": OTHERS,
    "a beginning": FITS[:-1],
    "more": FITS + "x",
    "upper case": FITS.upper(),
    "quoted": f'"{FITS}"',
    "its name": "alice",
    "the admin's": ADMINS,
    "two in one": f"{FITS},{FITS}",
    "other letters": "\xff\xfe",
    "long": "k" * 20_000,
}

WAYS: Mapping[str, Callable[[str], tuple[dict[str, str], str]]] = {
    "bearer": lambda key: ({"Authorization": f"Bearer {key}"}, ""),
    "x-api-key": lambda key: ({"x-api-key": key}, ""),
    "x-goog-api-key": lambda key: ({"x-goog-api-key": key}, ""),
    "query": lambda key: ({}, f"?key={key}"),
}

NO_WAYS: Mapping[str, Callable[[str], tuple[dict[str, str], str]]] = {
    "basic": lambda key: ({"Authorization": f"Basic {key}"}, ""),
    "no scheme": lambda key: ({"Authorization": key}, ""),
    "proxy": lambda key: ({"Proxy-Authorization": f"Bearer {key}"}, ""),
    "cookie": lambda key: ({"Cookie": f"key={key}; peekd={key}"}, ""),
    "api-key": lambda key: ({"api-key": key}, ""),
    "another parameter": lambda key: ({}, f"?api_key={key}&Key={key}"),
    "a fragment's look": lambda key: ({}, f"?x=%23key={key}"),
}
"""Where a key is none, however right it is."""


def path_of(route: Route) -> str:
    return route.path.replace("<path:name>", "claude-a").replace("<name>", "last")


def of(entry: str) -> list[Route]:
    return [route for route in ROUTES if route.entry == entry]


CLIENTS, PAGES, ALL_OPEN = of("client"), of("page"), of("open")
ADMIN = [route for route in (*of("admin"), *of("metrics")) if route.action != "watch"]
WATCH = [route for route in ROUTES if route.action == "watch"]
"""Its answer has no end, so it is asked only where it is refused."""

OPEN = [route for route in ALL_OPEN if route.action in {"hello", "alive", "ready"}]
ANSWERING = [*CLIENTS, *ADMIN, *PAGES, *ALL_OPEN]
EVERY = [*ANSWERING, *WATCH]


async def ask(toy: Any, route: Route, headers: Mapping[str, str], query: str = "", peer: str = HERE) -> int:
    content: dict[str, Any] = {"json": {"model": "m"}} if route.methods == ("POST",) else {}
    answer = await toy.ask(route.methods[0], path_of(route) + query, headers=headers, peer=peer, **content)
    return answer.status


def test_the_table_of_routes_has_all_three_kinds_of_entry() -> None:
    assert CLIENTS
    assert len(ADMIN) > len(of("metrics")) > 0
    assert len(EVERY) == len(ROUTES)
    assert {route.path for route in OPEN} == {"/", "/api/hello", "/healthz", "/readyz"}
    doors = {"/monitor/login", "/monitor/logout", "/monitor/static/<name>"}
    assert {route.path for route in ALL_OPEN} - {route.path for route in OPEN} == doors


# ---- keys ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("auth", "peer", "asked_for"),
    [
        ("off", THERE, False),
        ("auto", HERE, False),
        ("auto", THERE, True),
        ("strict", HERE, True),
        ("all-except-health", HERE, True),
        ("all-except-health", THERE, True),
    ],
)
async def test_a_mode_asks_for_a_key_on_all_paths_of_clients_and_on_no_open_one(
    bench: Callable[..., Any], auth: str, peer: str, *, asked_for: bool
) -> None:
    toy = bench(client_keys=CLIENT_KEYS, auth=auth)
    for route in CLIENTS:
        assert (await ask(toy, route, {}, peer=peer) == 401) == asked_for, route.path
    for route in OPEN:
        assert await ask(toy, route, {}, peer=peer) == 200, route.path


@pytest.mark.parametrize("way", WAYS)
async def test_a_wrong_key_opens_no_path_of_clients_in_any_way(bench: Callable[..., Any], way: str) -> None:
    toy = bench(client_keys=CLIENT_KEYS, admin_keys=ADMIN_KEYS, auth="strict")
    for route in CLIENTS:
        headers, query = WAYS[way](FITS)
        assert await ask(toy, route, headers, query) not in {401, 403}, route.path
        for wrong in ("", *WRONG.values()):
            headers, query = WAYS[way](quote(wrong, safe="") if way == "query" else wrong)
            assert await ask(toy, route, headers, query) == 401, (route.path, wrong[:40])
    assert {asked.key for asked in toy.asked} == {"alice"}


@pytest.mark.parametrize("way", NO_WAYS)
async def test_a_right_key_in_a_wrong_place_opens_nothing(bench: Callable[..., Any], way: str) -> None:
    toy = bench(client_keys=CLIENT_KEYS, admin_keys=ADMIN_KEYS, auth="strict")
    for route in CLIENTS:
        assert await ask(toy, route, *NO_WAYS[way](FITS)) == 401, route.path
    for route in ADMIN:
        assert await ask(toy, route, *NO_WAYS[way](ADMINS)) == 401, route.path


async def test_of_two_keys_one_that_fits_is_enough_and_two_wrong_ones_are_not(
    bench: Callable[..., Any],
) -> None:
    toy = bench(client_keys=CLIENT_KEYS, auth="strict")
    for route in CLIENTS:
        both = {"Authorization": f"Bearer {OTHERS}", "x-api-key": FITS}
        assert await ask(toy, route, both) != 401
        assert await ask(toy, route, both | {"x-api-key": OTHERS}, f"?key={FITS[1:]}") == 401


@pytest.mark.parametrize("peer", [HERE, THERE])
async def test_the_admin_api_opens_to_an_admin_key_in_a_header_alone(
    bench: Callable[..., Any], peer: str
) -> None:
    toy = bench(client_keys=CLIENT_KEYS, admin_keys=ADMIN_KEYS, auth="off")
    for route in ADMIN:
        for way, made in WAYS.items():
            opened = await ask(toy, route, *made(ADMINS), peer=peer) in {200, 404}
            assert opened == (way != "query"), (route.path, way)
            for wrong in ("", FITS, ADMINS[:-1], ADMINS + "x"):
                assert await ask(toy, route, *made(wrong), peer=peer) == 401, (route.path, way)


async def test_the_monitor_shows_a_login_to_who_may_and_nothing_to_who_may_not(
    bench: Callable[..., Any],
) -> None:
    keyed, keyless = bench(admin_keys=ADMIN_KEYS, auth="off"), bench(auth="off")
    for route in PAGES:
        for headers in ({}, {"x-api-key": ADMINS[:-1]}, {"Cookie": f"{COOKIE}={ADMINS}"}):
            assert await ask(keyed, route, headers, peer=THERE) in {302, 303}, route.path
            assert await ask(keyless, route, headers, peer=THERE) == 403, route.path
        for headers in FORWARDED:
            assert await ask(keyless, route, headers) == 403, route.path
    for route in WATCH:
        assert await ask(keyed, route, {"x-api-key": FITS}, peer=THERE) == 401
        assert await ask(keyless, route, {}, peer=THERE) == 403


FORWARDED = [
    {"X-Forwarded-For": HERE},
    {"X-Forwarded-For": ""},
    {"X-Forwarded-Host": "localhost"},
    {"X-Forwarded-Port": "8045"},
    {"X-Real-IP": HERE},
    {"Forwarded": "for=127.0.0.1"},
    {"Forwarded": 'for="[::1]"'},
    {"Via": "1.1 localhost"},
]


async def test_without_admin_keys_the_admin_api_is_for_this_machine_alone(bench: Callable[..., Any]) -> None:
    toy = bench(client_keys=CLIENT_KEYS, auth="off")
    for route in ADMIN:
        assert await ask(toy, route, {}, peer=HERE) in {200, 404}
        assert await ask(toy, route, {}, peer="::ffff:127.0.0.1") in {200, 404}
        for headers in ({}, {"x-api-key": FITS}, {"Authorization": "Bearer "}):
            assert await ask(toy, route, headers, peer=THERE) == 403
        for headers in FORWARDED:
            assert await ask(toy, route, headers, peer=HERE) == 403, headers


async def test_what_a_proxy_that_nobody_trusts_passes_on_needs_a_key(bench: Callable[..., Any]) -> None:
    toy = bench(client_keys=CLIENT_KEYS, auth="auto")
    for route in CLIENTS:
        for headers in FORWARDED:
            assert await ask(toy, route, headers, peer=HERE) == 401, (route.path, headers)
            assert await ask(toy, route, headers | {"x-api-key": FITS}, peer=HERE) != 401


def test_every_key_is_compared_with_every_secret_whole_and_in_constant_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[tuple[bytes, bytes]] = []
    real = hmac.compare_digest

    def watched(offered: bytes, secret: bytes) -> bool:
        compared.append((offered, secret))
        return real(offered, secret)

    monkeypatch.setattr(ingress.hmac, "compare_digest", watched)
    assert ingress.match_key(["b", "a"], {"one": "a", "two": "c"}) == "one"
    assert compared == [(b"b", b"a"), (b"a", b"a"), (b"b", b"c"), (b"a", b"c")]


# ---- pages of other origins, and names that are not ours ------------------------------------------------

FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:1"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "file://"},
    {"Origin": "chrome-extension://abc"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "Cross-Site", "Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Site": ""},
]
REBOUND = [
    {"Host": "evil.example"},
    {"Host": "evil.example:8045", "Origin": "http://evil.example:8045", "Sec-Fetch-Site": "same-origin"},
    {"Host": "127.0.0.1.evil.example"},
    {"Host": "localhost:8045@evil.example"},
    {"Host": "192.0.2.99"},
    {"Host": "[2001:db8::1]:8045"},
    {"Host": "evil.example."},
    {"Host": "localhost,evil.example"},
    {"Host": "localhost:8045:evil"},
    {"Host": "[::1]evil.example"},
    {"Host": "[::1]:8045@evil.example"},
]
ELSEWHERE = [
    "/monitor",
    "/monitor/login",
    "/metrics",
    "/nowhere",
    "/v1/files",
    "/api/",
    "/%2e%2e/api/accounts",
]


@pytest.mark.parametrize("headers", [*FOREIGN, *REBOUND], ids=lambda headers: " ".join(headers.values()))
async def test_a_foreign_page_or_name_gets_a_403_everywhere_also_where_no_key_is_asked_for(
    bench: Callable[..., Any], headers: dict[str, str]
) -> None:
    toy = bench(auth="off")
    keyed = bench(client_keys=CLIENT_KEYS, admin_keys=ADMIN_KEYS, auth="strict")
    keys = {"x-api-key": FITS, "Authorization": f"Bearer {ADMINS}"}
    for route in EVERY:
        assert await ask(toy, route, headers) == 403, route.path
        assert await ask(keyed, route, headers | keys) == 403, route.path
    for path in ELSEWHERE:
        assert (await toy.ask("GET", path, headers=headers)).status == 403, path
        assert (await toy.ask("OPTIONS", path, headers=headers)).status == 403, path
    assert toy.asked == keyed.asked == []
    assert toy.house.switched == keyed.house.switched == []


async def test_a_listed_origin_gets_no_key_and_no_admin_for_free(bench: Callable[..., Any]) -> None:
    page = {"Origin": "https://page.example", "Sec-Fetch-Site": "cross-site"}
    toy = bench(
        client_keys=CLIENT_KEYS, admin_keys=ADMIN_KEYS, auth="strict", allowed_origins=[page["Origin"]]
    )
    for route in CLIENTS:
        assert await ask(toy, route, page) == 401, route.path
    for route in ADMIN:
        assert await ask(toy, route, page) == 401, route.path


# ---- addresses ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "peer", "refused"),
    [
        ({"deny": ("192.0.2.0/24",)}, THERE, True),
        ({"deny": ("192.0.2.0/24",)}, f"::ffff:{THERE}", True),
        ({"deny": ("::ffff:192.0.2.0/120",)}, THERE, True),
        ({"allow": ("198.51.100.0/24",)}, f"::ffff:{THERE}", True),
        ({"allow": ("192.0.2.0/24",)}, f"::ffff:{THERE}", False),
        ({"allow": ("2001:db8::/32",)}, "2001:db9::1", True),
        ({"allow": ("2001:db8::/32",)}, "2001:db8::1", False),
    ],
)
async def test_an_address_that_may_not_call_gets_a_403_everywhere(
    bench: Callable[..., Any], options: dict[str, Any], peer: str, *, refused: bool
) -> None:
    toy = bench(client_keys=CLIENT_KEYS, admin_keys=ADMIN_KEYS, auth="strict", **options)
    keys = {"x-api-key": FITS, "Authorization": f"Bearer {ADMINS}", "Sec-Fetch-Site": "same-origin"}
    for route in ANSWERING:
        status = await ask(toy, route, keys, peer=peer)
        assert (status == 403) == refused, route.path
    for path in ELSEWHERE:
        assert ((await toy.ask("GET", path, peer=peer)).status == 403) == refused, path
