"""Other programs to measure beside peekd: how each is fetched, at which version, and how it is started.

They lie in a cache directory, `$XDG_CACHE_HOME/peekd-bench`; nothing of them is installed into the system.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from having import cache, fetch
from interpreter import environment
from processes import free_port, running, wait_ready
from systems import SYSTEM_CORE, Place, System, family, resting

LITELLM = "1.102.4"
ROUTER = "2.0.0"
SLOW_SECONDS = 180.0

# ---- nginx ------------------------------------------------------------------------------------------

NGINX = """
daemon off; master_process off; worker_processes 1; pid {place}/pid; error_log stderr warn;
events {{ worker_connections 16384; }}
http {{
    access_log off; keepalive_requests 100000000; client_max_body_size 64m; client_body_buffer_size 2m;
    client_body_temp_path {place}/a; proxy_temp_path {place}/b; fastcgi_temp_path {place}/c;
    uwsgi_temp_path {place}/d; scgi_temp_path {place}/e;
    upstream up {{ server 127.0.0.1:{upstream}; keepalive 1024; keepalive_requests 100000000; }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{
            proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_buffering off; proxy_read_timeout 600s;
        }}
    }}
}}
"""


def get_nginx() -> Path:
    """The system's nginx, else Debian's, unpacked and not installed, so that no service of it starts."""
    if known := shutil.which("nginx"):
        return Path(known)
    place = cache() / "nginx"
    program = place / "usr/sbin/nginx"
    if not program.exists():
        place.mkdir(exist_ok=True)
        fetch("apt-get", "download", "nginx", cwd=place)
        fetch("dpkg", "-x", next(place.glob("nginx_*.deb")).name, ".", cwd=place)
    fetch(str(program), "-v", cwd=place)
    return program


@contextmanager
def open_nginx(upstream: int) -> Generator[Place]:
    """Run nginx with one worker and no buffering."""
    port = free_port()
    with tempfile.TemporaryDirectory() as place:
        config = Path(place, "conf")
        config.write_text(NGINX.format(place=place, port=port, upstream=upstream))
        command = [str(get_nginx()), "-p", place, "-c", str(config)]
        with _started(command, port, "/", Path(place, "log"), {}) as found:
            yield found


# ---- LiteLLM ----------------------------------------------------------------------------------------


def get_litellm() -> Path:
    """LiteLLM's proxy, in a virtual environment of its own."""
    return environment(f"litellm-{LITELLM}", f"litellm[proxy]=={LITELLM}") / "bin/litellm"


@contextmanager
def open_litellm(upstream: int) -> Generator[Place]:
    """Run LiteLLM's proxy with one worker and its defaults, but for telemetry and price lists from afar."""
    port, base = free_port(), f"http://127.0.0.1:{upstream}"
    models = [
        {"model_name": f"{name}-*", "litellm_params": {"model": model, "api_base": where, "api_key": "none"}}
        for name, model, where in (
            ("claude", "anthropic/claude-*", base),
            ("gemini", "gemini/gemini-*", f"{base}/v1beta"),
        )
    ]
    env = {"LITELLM_TELEMETRY": "False", "LITELLM_LOCAL_MODEL_COST_MAP": "True", "NO_PROXY": "*"}
    with tempfile.TemporaryDirectory() as place:
        config = Path(place, "config.yaml")  # JSON is YAML
        config.write_text(json.dumps({"model_list": models, "litellm_settings": {"telemetry": False}}))
        command = [str(get_litellm()), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
        with _started(command, port, "/health/liveliness", Path(place, "log"), env) as found:
            yield found


# ---- claude-code-router -----------------------------------------------------------------------------


def get_router() -> Path:
    """claude-code-router's command, by npm."""
    place = cache() / f"claude-code-router-{ROUTER}"
    program = place / "node_modules/@musistudio/claude-code-router/dist/cli.js"
    if not program.exists():
        place.mkdir(exist_ok=True)
        package = f"@musistudio/claude-code-router@{ROUTER}"
        fetch("npm", "install", "--no-audit", "--no-fund", "--prefix", str(place), package, cwd=place)
    return program


@contextmanager
def open_router(upstream: int) -> Generator[Place]:
    """Run claude-code-router with its log off, as its page on speed has it."""
    port, base = free_port(), f"http://127.0.0.1:{upstream}"
    providers = [
        {
            "name": name,
            "api_base_url": base + path,
            "api_key": "none",
            "models": ["any"],
            "transformer": {"use": [way]},
        }
        for name, path, way in (
            ("claude", "/v1/messages", "Anthropic"),
            ("gemini", "/v1beta/models/", "gemini"),
        )
    ]
    settings = {"PORT": port, "HOST": "127.0.0.1", "LOG": False, "NON_INTERACTIVE_MODE": True}
    with tempfile.TemporaryDirectory() as place:
        home = Path(place, ".claude-code-router")
        home.mkdir()
        words = {**settings, "Providers": providers, "Router": {"default": "claude,any"}}
        (home / "config.json").write_text(json.dumps(words))
        command = ["node", str(get_router()), "start"]
        with _started(command, port, "/health", Path(place, "log"), {"HOME": place}) as found:
            yield found


@contextmanager
def _started(
    command: list[str], port: int, ready: str, said: Path, env: Mapping[str, str]
) -> Generator[Place]:
    with (
        said.open("wb") as log,
        running(command, core=SYSTEM_CORE, env={**os.environ, **env}, log=log, talks=False) as process,
    ):
        start = wait_ready(process, port, said, path=ready, seconds=SLOW_SECONDS)
        yield Place(port, family(process.pid), start, resting(process.pid))


PEERS = {
    "nginx": (get_nginx, System("nginx", open_nginx, translates=False)),
    "litellm": (get_litellm, System("litellm", open_litellm, most=300, slow_start=True)),
    "claude-code-router": (
        get_router,
        System("claude-code-router", open_router, frozenset({"pass", "gemini"}), model="{family},{model}"),
    ),
}
"""What `--with` knows: how to have it, and the system that it is."""
