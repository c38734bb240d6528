"""A configuration by seed: upstreams of every protocol, accounts, routes across, short deadlines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from peekd.accounts.settings import AccountSettings, SchedulingSettings
from peekd.config.schema import Settings
from peekd.healing.settings import HealingSettings, HedgingSettings, RouteSettings
from peekd.serving.settings import ServerSettings
from peekd.upstream.settings import UpstreamSettings
from simulation.dice import Dice
from simulation.tokens import credential as token_file
from simulation.tongues import MODEL_AT, TONGUES

CLIENT_KEY = "sk-canary-client-0123456789abcdef"


GOOGLE = ("anthropic", "gemini")
"""Languages that Vertex AI speaks, and whose accounts may have a Google credential."""

KINDS = (("env", 3.0), ("file", 2.0), ("google", 3.0))


class Plan(msgspec.Struct, frozen=True):
    """Settings, and what stands behind their references. `files`: what the disk holds.

    `accounts`: those of the settings, and spare ones that a change of them may bring in.
    """

    settings: Settings
    environ: Mapping[str, str]
    files: Mapping[str, str]
    keys: Mapping[str, Mapping[str, str]]
    """By upstream and account: the credential in force."""
    accounts: tuple[AccountSettings, ...] = ()


def draw(dice: Dice, *, straight: bool = False) -> Plan:
    """Draw a configuration. `straight`: each model is served by whom it belongs to, whoever asks."""
    upstreams: dict[str, UpstreamSettings] = {}
    accounts: list[AccountSettings] = []
    spare: list[AccountSettings] = []
    environ, files = {"CLIENT_KEY": CLIENT_KEY}, dict[str, str]()
    keys: dict[str, dict[str, str]] = {}
    for tongue in TONGUES:
        name = tongue.replace("openai-", "")
        upstreams[name] = _upstream(dice, tongue, name)
        keys[name] = {}
        listed = dice.choice((1, 2, 2, 3, 4))
        for number in range(listed + dice.choice((0, 1, 2))):
            account = f"{name}{number}"
            keys[name][account] = credential = new_key(account, 0)
            kind = dice.weighed(KINDS if tongue in GOOGLE else KINDS[:2])
            among = accounts if number < listed else spare
            among.append(_account(dice, account, name, kind))
            if kind == "google":
                files[f"/keys/{account}"] = token_file(credential)
            elif kind == "file":
                files[f"/keys/{account}"] = credential
            else:
                environ[account.upper()] = credential
    settings = Settings(
        server=_server(dice),
        upstreams=upstreams,
        accounts=tuple(accounts),
        routes=STRAIGHT if straight else draw_routes(dice),
        healing=draw_healing(dice),
        scheduling=SchedulingSettings(
            mode=dice.choice(("balance", "cache-first", "performance-first")),
            stay_seconds=dice.choice((2, 10, 30)),
        ),
        hedging=_hedging(dice),
    )
    return Plan(settings, environ, files, keys, (*accounts, *spare))


def new_key(account: str, number: int) -> str:
    """Make a credential that can be told wherever it turns up."""
    return f"sk-canary-up-{account}-{number:06d}"


def _upstream(dice: Dice, tongue: str, name: str) -> UpstreamSettings:
    given: dict[str, Any] = {"protocol": tongue, "base_url": f"http://{name}.test"}
    if tongue in GOOGLE and dice.chance(0.25):
        given |= {"platform": "vertex", "project": "p-1", "location": "global"}
    if dice.chance(0.1):
        given["streams"] = False
    if dice.chance(0.15):
        given["max_connections"] = dice.randint(1, 3)
    return msgspec.convert(given, UpstreamSettings)


def _account(dice: Dice, name: str, upstream: str, kind: str) -> AccountSettings:
    references = {
        "google": f"google:/keys/{name}",
        "file": f"file:/keys/{name}",
        "env": f"env:{name.upper()}",
    }
    return AccountSettings(
        name=name,
        upstream=upstream,
        credential=references[kind],
        priority=dice.choice((0, 0, 0, 1)),
        weight=dice.choice((1, 1, 2)),
        max_concurrent=dice.choice((0, 0, 0, 1, 2)),
        requests_per_minute=dice.choice((0, 0, 0, 2, 6)),
        reserve=dice.choice((0.0, 0.0, 0.3)),
    )


def _server(dice: Dice) -> ServerSettings:
    return ServerSettings(
        auth=dice.choice(("auto", "strict", "all-except-health")),
        client_keys=("env:CLIENT_KEY",),
        expose_account=dice.chance(0.8),
        body_seconds=8,
        write_stall_seconds=6,
        keep_alive_seconds=20,
        drain_seconds=dice.choice((2, 30)),
        max_requests_per_key=dice.choice((0, 0, 0, 4)),
        watch_seconds=dice.choice((0, 0, 1)),
    )


def draw_healing(dice: Dice) -> HealingSettings:
    """Draw budgets and deadlines."""
    return HealingSettings(
        max_attempts=dice.choice((1, 2, 3, 3, 5)),
        max_accounts=dice.choice((1, 2, 8, 8)),
        budget_seconds=dice.choice((20, 60, 120)),
        connect_seconds=3,
        send_seconds=4,
        headers_seconds=dice.choice((4, 6)),
        peek_seconds=dice.choice((8, 12)),
        reasoning_seconds=dice.choice((15, 30)),
        idle_seconds=dice.choice((6, 10)),
        refresh_seconds=2,
        early_commit_seconds=dice.choice((0, 1, 3, 5)),
        ping_seconds=dice.choice((0.7, 2, 3)),
    )


def _options(dice: Dice) -> dict[str, bool]:
    names = ("hedge", "tool_boundary", "continue_text", "atomic_tools")
    return {name: dice.chance(0.5) for name in names}


def _hedging(dice: Dice) -> HedgingSettings:
    """Draw bounds within which it comes to hedges in short worlds."""
    least = dice.choice((0.3, 0.6, 2))
    share = dice.choice((0.03, 0.5, 1.0))
    return HedgingSettings(min_seconds=least, max_seconds=least + dice.choice((0, 1)), max_share=share)


STRAIGHT = tuple(
    RouteSettings(model, (own.replace("openai-", ""),))
    for own, tongue in TONGUES.items()
    for model in tongue.models
)
"""Each model is served by whom it belongs to."""


def draw_routes(dice: Dice) -> tuple[RouteSettings, ...]:
    """Draw where each protocol's models go: mostly to their own, at times across, at times both in turn."""
    if dice.chance(0.3):
        return ()
    names = {tongue: tongue.replace("openai-", "") for tongue in TONGUES}
    routes: list[RouteSettings] = []
    for own, tongue in TONGUES.items():
        for model in tongue.models:
            across = [f"{names[other]}/{MODEL_AT[other]}" for other in TONGUES if other != own]
            goals = dice.sample([names[own], names[own], *across], dice.choice((1, 1, 2, 3)))
            route = {"match": model, "to": tuple(dict.fromkeys(goals)), **_options(dice)}
            routes.append(msgspec.convert(route, RouteSettings))
    return tuple(routes)
