"""What an operator may set about healing: budgets, deadlines, and rows of the policy table."""

from __future__ import annotations

from typing import Annotated

import msgspec

Seconds = Annotated[float, msgspec.Meta(ge=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class RuleSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of the policy table, as far as it is to differ. A ladder may end in "…" (repeat)."""

    ladder: tuple[str, ...] | None = None
    base_seconds: Seconds | None = None


class HealingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Budgets and deadlines of one request. Every deadline toward a peer has its name here."""

    max_attempts: Count = 3
    max_accounts: Count = 8
    budget_seconds: Seconds = 300.0
    max_resent_tokens: Annotated[int, msgspec.Meta(ge=0)] = 0
    connect_seconds: Seconds = 10.0
    send_seconds: Seconds = 60.0
    headers_seconds: Seconds = 60.0
    peek_seconds: Seconds = 120.0
    reasoning_seconds: Seconds = 900.0
    idle_seconds: Seconds = 120.0
    refresh_seconds: Seconds = 20.0
    early_commit_seconds: Annotated[float, msgspec.Meta(ge=0, le=60)] = 15.0
    ping_seconds: Annotated[float, msgspec.Meta(gt=0)] = 10.0
    policy: dict[str, RuleSettings] = msgspec.field(default_factory=dict[str, RuleSettings])


class HealingOverrides(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Any key of [healing], for one upstream or route alone; None: as in [healing]."""

    max_attempts: Count | None = None
    max_accounts: Count | None = None
    budget_seconds: Seconds | None = None
    max_resent_tokens: Annotated[int, msgspec.Meta(ge=0)] | None = None
    connect_seconds: Seconds | None = None
    send_seconds: Seconds | None = None
    headers_seconds: Seconds | None = None
    peek_seconds: Seconds | None = None
    reasoning_seconds: Seconds | None = None
    idle_seconds: Seconds | None = None
    refresh_seconds: Seconds | None = None
    early_commit_seconds: Annotated[float, msgspec.Meta(ge=0, le=60)] | None = None
    ping_seconds: Annotated[float, msgspec.Meta(gt=0)] | None = None
    policy: dict[str, RuleSettings] = msgspec.field(default_factory=dict[str, RuleSettings])


class RouteSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One [[routes]] table: a pattern (* and ? only) of the client's model names, and who serves them.

    `to`: UPSTREAM/MODEL, split at the first slash, or UPSTREAM alone for the client's own model name.
    """

    match: str
    to: tuple[str, ...]
    healing: HealingOverrides = HealingOverrides()
    hedge: bool = False
    tool_boundary: bool = False
    continue_text: bool = False
    atomic_tools: bool = False


class HedgingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a second attempt may start beside the first, on routes with `hedge`.

    `max_share`: of their requests. `max_prompt_tokens` are estimated ones.
    """

    min_seconds: Annotated[float, msgspec.Meta(ge=0)] = 2.0
    max_seconds: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    max_share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.03
    max_prompt_tokens: Count = 50_000
