"""What each setting means: the one place from which etc/peekd.toml and docs/configuration.md are written."""

from __future__ import annotations

from collections.abc import Mapping

SECTIONS: Mapping[str, tuple[str, str]] = {
    "server": ("[server]", "Where peekd listens, and who may call."),
    "upstreams.*": ("[upstreams.google]", "One table for each upstream; its name is yours to choose."),
    "accounts[]": ("[[accounts]]", "One table for each account: an identity at an upstream, with its quota."),
    "routes[]": (
        "[[routes]]",
        "Who serves which model; the first match wins. With no route at all, the upstreams of the client's "
        "own protocol serve, in the order of the file.",
    ),
    "healing": (
        "[healing]",
        "Budgets and deadlines of one request. Every wait for a peer has its limit here.",
    ),
    "healing.policy.*": (
        "[healing.policy.overloaded]",
        "One table for each row of the policy that is to differ; `peekd policy` prints the rows.",
    ),
    "hedging": (
        "[hedging]",
        "When a second attempt starts beside one that shows nothing, on routes with `hedge`.",
    ),
    "records": (
        "[records]",
        "The ledger: each request and each attempt, for `peekd requests`, `peekd explain` and the monitor.",
    ),
    "logs": ("[logs]", "What is written down."),
    "scheduling": (
        "[scheduling]",
        "How an account is chosen among those that could serve.",
    ),
    "signatures": (
        "[signatures]",
        "The memory of thought signatures, by which a conversation goes on whatever its client lost.",
    ),
    "metrics": ("[metrics]", "What /metrics gives to Prometheus; docs/metrics.md tells each of them."),
    "tracing": (
        "[tracing]",
        "Traces for OpenTelemetry: one for each request and attempt, without a word of prompts or answers; "
        "needs `pip install peekd[otel]`.",
    ),
}
"""For each table of settings its header, with a name for an example, and what it is for."""

REPEATED: Mapping[str, str] = {
    "upstreams.*.healing": "any key of [healing], for this upstream alone",
    "routes[].healing": "any key of [healing], for this route alone",
}
"""Tables that hold what another describes."""

MEANINGS: Mapping[str, str] = {
    "server.bind": 'addresses to listen on: "HOST:PORT", "[IPV6]:PORT", "unix:/PATH", "fd://NUMBER"',
    "server.auth": "who must show a client key; auto: none on loopback, elsewhere all but health, as strict",
    "server.client_keys": 'keys that clients show, each as "env:NAME", "file:PATH" or "credential:NAME"',
    "server.admin_keys": "keys for the admin API, named likewise; empty: callers on loopback only",
    "server.trusted_proxies": "addresses or networks whose Forwarded and X-Forwarded-* headers are believed",
    "server.allowed_hosts": "Host names to answer to, besides localhost, loopback and the bound addresses",
    "server.allowed_origins": "browser origins that may call; all others are refused",
    "server.expose_account": "send X-Account-Email with each answer",
    "server.allow": "addresses or networks (CIDR) that may connect; empty: all that reach the address",
    "server.deny": "addresses or networks that may not; goes before allow",
    "server.max_connections_per_address": "connections open at once from one address",
    "server.max_requests_per_key": "requests open at once with one client key; 0: no limit",
    "server.max_body_mib": "largest request body, in MiB",
    "server.max_bodies_mib": "bodies of all open requests together, in MiB; what would be more gets a 503",
    "server.body_seconds": "longest time for a request's body to arrive",
    "server.write_stall_seconds": "longest time that a client may read nothing of what is sent to it",
    "server.head_seconds": "longest time from the first byte of a request's head to its last",
    "server.keep_alive_seconds": "longest time that a connection stays open without a request",
    "server.drain_seconds": "time for open requests to finish when peekd stops",
    "server.watch_seconds": "how often these settings are looked at for a change; 0: only at SIGHUP",
    "upstreams.*.protocol": "the wire language of the upstream",
    "upstreams.*.base_url": 'https://HOST, http://HOST, or "simulator:SCRIPT"; empty (vertex): by location',
    "upstreams.*.platform": '"code-assist" (Gemini in envelopes), "vertex" (Gemini, Claude); not set: as is',
    "upstreams.*.project": "the Google Cloud project of the platform; empty (code-assist): none is named",
    "upstreams.*.location": 'where vertex serves: "global", "us", "eu" or a region',
    "upstreams.*.auth": "how the credential is sent; not set: as the protocol has it; none: needs none",
    "upstreams.*.headers": "more headers for every request to it; never a secret",
    "upstreams.*.proxy": "http, https, socks5 or socks5h URL; empty: none (HTTP_PROXY is not read)",
    "upstreams.*.max_connections": "connections open to it at once",
    "upstreams.*.streams": "false: ask for whole answers, for one that breaks streams; clients may stream",
    "accounts[].name": "what X-Account-Email, the journal and `peekd explain` show",
    "accounts[].upstream": "the upstream that it belongs to",
    "accounts[].credential": "env:NAME, file:PATH, credential:NAME (systemd), google:PATH, or google:adc",
    "accounts[].priority": "the higher goes first",
    "accounts[].weight": "among equals, the higher is chosen more often",
    "accounts[].models": "patterns (* and ?) of the upstream's models that it may serve; empty: all",
    "accounts[].disabled": "leave it out",
    "accounts[].max_concurrent": "attempts on it at once; 0: no limit",
    "accounts[].requests_per_minute": "attempts begun on it in any 60 seconds; 0: no limit",
    "accounts[].reserve": "share of its quota that is kept: others go first where less is reported left",
    "accounts[].proxy": "proxy for this account, in place of the upstream's",
    "routes[].match": "pattern (* and ? only) of the model that the client asks for; case counts",
    "routes[].to": "who serves: UPSTREAM/MODEL, or UPSTREAM (model as asked); each when those before cannot",
    "routes[].hedge": "ask a second account beside one that is slow to begin; [hedging] bounds it",
    "routes[].tool_boundary": "a stream cut just after a whole tool call ends as a call, and not as an error",
    "routes[].continue_text": "go on with text that broke off, where the upstream takes its beginning",
    "routes[].atomic_tools": "send a tool call when it is whole; pings meanwhile",
    "healing.max_attempts": "attempts that reached the model, or may have",
    "healing.max_accounts": "different accounts that one request may touch",
    "healing.budget_seconds": "no attempt and no wait begins that would end after this many seconds",
    "healing.max_resent_tokens": "estimated tokens of prompt that retries of a request send again; 0: any",
    "healing.connect_seconds": "longest time to connect to an upstream, with TLS",
    "healing.send_seconds": "longest time to send it the request",
    "healing.headers_seconds": "longest time from there to its status line",
    "healing.peek_seconds": "longest time from there to the first sign of an answer; its pings do not count",
    "healing.reasoning_seconds": "longest stretch without meaning once it has begun; its pings do not count",
    "healing.idle_seconds": "longest silence of an upstream after the first sign; its pings count as life",
    "healing.refresh_seconds": "longest time to renew a credential",
    "healing.early_commit_seconds": "streaming: until then a failure has a true status; then pings go out",
    "healing.ping_seconds": "longest silence towards a streaming client from then on",
    "healing.policy.*.ladder": 'the moves, in order of their turn; "…" at the end repeats the last one',
    "healing.policy.*.base_seconds": "the pause before the first of them that is a retry",
    "logs.directory": "an absolute path: app.log goes there as well, a file a day, kept 7 days; empty: none",
    "hedging.min_seconds": "shortest time without meaning after which the second starts",
    "hedging.max_seconds": "longest; it holds until enough answers of the model were timed, then their p95",
    "hedging.max_share": "how many of the requests on such routes may be asked twice",
    "hedging.max_prompt_tokens": "estimated tokens of prompt above which none is",
    "logs.level": "the lowest rank that is written",
    "scheduling.mode": '"cache-first", "balance" or "performance-first"',
    "scheduling.stay_seconds": "cache-first: longest wait for the account that a session is with",
    "records.bodies": "keep what was asked and answered, redacted: never, of failed requests, of all",
    "records.retention_days": "days after which a request is deleted",
    "records.max_mib": "how much the ledger takes on disk; the oldest requests make room",
    "records.capture": "keep what upstreams sent, for replay: never, where it failed or healed, of all",
    "records.capture_mib": "how much of that is kept on disk; the oldest makes room",
    "signatures.recovery_note": "tell the model in words that thoughts were left out after a refusal",
    "signatures.ttl_seconds": "how long a signature is remembered after its last use",
    "signatures.min_length": "what is shorter is taken for no signature; verbatim requests keep it",
    "signatures.max_mib": "how much is remembered, in memory and on disk; the least recently used goes",
    "metrics.open": "to anyone; false: as the admin API, to admin keys, or without any to loopback",
    "tracing.endpoint": "where OTLP over HTTP is taken, as http://127.0.0.1:4318/v1/traces; empty: off",
}
"""From a setting's pattern to one line on it: its unit, and what its special values mean."""

EXAMPLES: Mapping[str, object] = {
    "upstreams.*.protocol": "gemini",
    "upstreams.*.base_url": "https://generativelanguage.googleapis.com",
    "upstreams.*.platform": "code-assist",
    "upstreams.*.auth": "x-goog-api-key",
    "accounts[].name": "alice@example.com",
    "accounts[].upstream": "google",
    "accounts[].credential": "env:GEMINI_API_KEY",
    "routes[].match": "claude-*",
    "routes[].to": ("google/gemini-3-pro-preview",),
    "healing.policy.*.ladder": ("again", "rotate", "…"),
    "healing.policy.*.base_seconds": 1.0,
}
"""What the sample file shows where a setting has no default of its own."""
