"""Which upstreams and models may serve a request, in order, and with what budgets. Pure; leases nothing."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

import msgspec

from peekd.accounts.patterns import matches
from peekd.accounts.wanted import Target
from peekd.healing.settings import HealingOverrides, HealingSettings, RouteSettings
from peekd.vocabulary.errors import ClientError

NEAR = 3
"""Names that are told where the one asked for is unknown."""

_LIKENESS = 0.5
_LONGEST = 200
"""Characters of a name beyond which it is no model's, and is compared with nothing."""


class Plan(msgspec.Struct, frozen=True):
    """`targets` in the order they are asked; `healing` is what holds for the whole request."""

    targets: tuple[Target, ...]
    healing: HealingSettings
    route: RouteSettings | None = None


class Places(msgspec.Struct, frozen=True):
    """What a plan is made from: routes in order, each upstream's protocol in file order, and [healing]."""

    routes: tuple[RouteSettings, ...]
    protocols: Mapping[str, str]
    healing: HealingSettings
    where: str = "the configuration"


def plan(model: str, protocol: str, places: Places) -> Plan:
    """Find who may serve `model` for a client that speaks `protocol`. The first route that matches wins.

    Raises ClientError (not_found) that says why nothing fits, with near names.
    """
    if not places.routes:
        own = tuple(Target(name, model) for name, spoken in places.protocols.items() if spoken == protocol)
        if places.protocols and not own:
            message = f"model: {model}: no upstream speaks {protocol} and there are no [[routes]] to another"
            raise ClientError("not_found", message)
        return Plan(own, places.healing)
    route = next((route for route in places.routes if matches(route.match, model)), None)
    if route is None:
        hint = near_names(model, (route.match for route in places.routes))
        raise ClientError("not_found", f"model: {model}: no route matches it{hint}")
    targets = tuple(target_of(goal, model) for goal in route.to)
    return Plan(targets, overlaid_healing(places.healing, route.healing), route)


def target_of(goal: str, model: str) -> Target:
    """Read UPSTREAM/MODEL, split at the first slash, or UPSTREAM for the client's own model name.

    >>> target_of("google/models/x", "m"), target_of("anthropic", "m")
    (Target(upstream='google', model='models/x'), Target(upstream='anthropic', model='m'))
    """
    upstream, slash, mapped = goal.partition("/")
    return Target(upstream, mapped if slash else model)


def overlaid_healing(settings: HealingSettings, *layers: HealingOverrides) -> HealingSettings:
    """Lay overrides over [healing], the later over the earlier; a key that is not set stays."""
    for layer in layers:
        keys = {name: value for name, value in msgspec.structs.asdict(layer).items() if value is not None}
        keys["policy"] = {**settings.policy, **layer.policy}
        settings = msgspec.structs.replace(settings, **keys)
    return settings


def near_names(model: str, offered: Iterable[str]) -> str:
    """Say which of the names that are offered come nearest, for the end of a message; "" for none.

    >>> near_names("claude-opsu-5", ["gpt-5", "claude-opus-5", "claude-opus-*", "claude-opsu-5"])
    '; near names: claude-opus-5, claude-opus-*'
    """
    others = dict.fromkeys(name for name in offered if name != model)
    if len(model) > _LONGEST:
        return ""
    near = difflib.get_close_matches(model, others, n=NEAR, cutoff=_LIKENESS)
    return f"; near names: {', '.join(near)}" if near else ""
