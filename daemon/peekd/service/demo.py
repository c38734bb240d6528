"""`peekd demo`: settings that need no key, what to try, and each healing told in one line."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

import msgspec

from peekd.accounts.settings import AccountSettings
from peekd.config.schema import Settings
from peekd.healing.settings import HealingSettings, RouteSettings
from peekd.records.entries import ERROR, Entry
from peekd.serving.settings import ServerSettings
from peekd.upstream.settings import UpstreamSettings

UPSTREAM = "simulator"
SCRIPT = "demo"
OFFERED = ("claude-sonnet-4-5", "gemini-2.5-pro", "gpt-5")
"""Names for those who ask for a list of models; any other is as good."""

# Not secrets: the embedded simulator's script names these keys, and no other upstream knows them.
SECRETS: Mapping[str, str] = {
    "PEEKD_DEMO_ALICE": "sim-alice",
    "PEEKD_DEMO_BOB": "sim-bob",
    "PEEKD_DEMO_CAROL": "sim-carol",
}


def demo_settings(server: ServerSettings) -> Settings:
    """Give the settings of the demo: three accounts of the simulator, and deadlines that need no patience.

    Whatever is asked for, in any client's protocol, goes to the simulator.
    """
    names = ("alice", "bob", "carol")
    return Settings(
        server=server,
        upstreams={UPSTREAM: UpstreamSettings(protocol="anthropic", base_url=f"simulator:{SCRIPT}")},
        accounts=tuple(
            AccountSettings(f"{name}@demo", UPSTREAM, credential=f"env:PEEKD_DEMO_{name.upper()}")
            for name in names
        ),
        routes=(*(RouteSettings(model, (UPSTREAM,)) for model in OFFERED), RouteSettings("*", (UPSTREAM,))),
        healing=HealingSettings(
            peek_seconds=3.0,
            headers_seconds=3.0,
            idle_seconds=3.0,
            reasoning_seconds=10.0,
            early_commit_seconds=2.0,
            ping_seconds=1.0,
        ),
    )


def banner(url: str) -> str:
    """Say where the demo listens and what to try."""
    body = msgspec.json.encode({
        "model": "claude-sonnet-4-5",
        "max_tokens": 200,
        "stream": True,
        "messages": [{"role": "user", "content": "Hello"}],
    }).decode()
    return f"""peekd demo on {url}

The upstream behind it is simulated: three accounts, and a script of faults that the first requests run into.
Ask the same a few times, and watch below what is healed while every answer arrives:

  curl -N {url}/v1/messages -H 'content-type: application/json' \\
    -H 'anthropic-version: 2023-06-01' -d {shlex.quote(body)}

Claude Code, in another terminal:

  export ANTHROPIC_BASE_URL={url}
  export ANTHROPIC_API_KEY=anything
  claude

Other agents find it in the same way: OPENAI_BASE_URL={url}/v1 with OPENAI_API_KEY=anything,
GOOGLE_GEMINI_BASE_URL={url} with GEMINI_API_KEY=anything (docs/agents.md).

Watch it in a browser: {url}/monitor

Then: peekd explain --url {url} last

"""


def tell(entry: Entry, dropped: int, _wall: float) -> bytes:
    """Write an entry as the demo's viewer reads it; b"" for those that tell nothing new."""
    line = _line(entry)
    lost = f" ({dropped} lines lost)" if dropped and line else ""
    return f"{line}{lost}\n".encode(errors="replace") if line else b""


def _line(entry: Entry) -> str:
    who = f"{entry.request[-6:]}  {entry.account or '-'}"
    if entry.priority <= ERROR:
        return entry.message
    match entry.phase:
        case "decide" if entry.move not in {"relay", ""}:
            status = f" {entry.status}" if entry.status else ""
            verb = "fails" if entry.move == "give_up" else "heals"
            return f"  {verb}  {who}: {entry.outcome}{status} -> {entry.message}"
        case "end" if entry.account:
            return f"  done   {who}: {entry.message}"
        case _:
            return ""
