"""The root of the settings. What each table holds is declared by the room that obeys it."""

from __future__ import annotations

import msgspec

from peekd.accounts.settings import AccountSettings, SchedulingSettings
from peekd.healing.settings import HealingSettings, HedgingSettings, RouteSettings
from peekd.records.settings import LogSettings, TracingSettings
from peekd.serving.settings import MetricsSettings, ServerSettings
from peekd.signatures.settings import SignatureSettings
from peekd.store.settings import RecordSettings
from peekd.upstream.settings import UpstreamSettings


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything an operator may set. The defaults are valid: no upstream and no account is no fault."""

    server: ServerSettings = ServerSettings()
    upstreams: dict[str, UpstreamSettings] = msgspec.field(default_factory=dict[str, UpstreamSettings])
    accounts: tuple[AccountSettings, ...] = ()
    routes: tuple[RouteSettings, ...] = ()
    healing: HealingSettings = HealingSettings()
    scheduling: SchedulingSettings = SchedulingSettings()
    records: RecordSettings = RecordSettings()
    hedging: HedgingSettings = HedgingSettings()
    logs: LogSettings = LogSettings()
    signatures: SignatureSettings = SignatureSettings()
    metrics: MetricsSettings = MetricsSettings()
    tracing: TracingSettings = TracingSettings()
