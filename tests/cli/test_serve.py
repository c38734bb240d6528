import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

import pytest

from peekd.cli import serve
from peekd.config.schema import Settings
from peekd.service.reload import Source


def test_the_settings_that_are_found_are_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[Settings, str]] = []

    def run_service(settings: Settings, *, where: str, source: Source) -> int:
        assert source.load() == source.loaded
        ran.append((settings, where))
        return 3

    monkeypatch.setattr(serve, "run_service", run_service)
    path = tmp_path / "peekd.toml"
    path.write_text('[logs]\nlevel = "debug"\n')
    parser = ArgumentParser()
    serve.add_options(parser)
    assert serve.run(parser.parse_args(["--config", str(path)]), {}) == 3
    assert [(settings.logs.level, where) for settings, where in ran] == [("debug", str(path))]


SELDOM = (
    "google.auth",
    "opentelemetry",
    "peekd.cli.asking",
    "peekd.protocols.anthropic",
    "peekd.protocols.gemini",
    "peekd.protocols.openai",
    "peekd.protocols.openai_chat",
    "peekd.protocols.openai_completions",
    "peekd.protocols.openai_responses",
    "peekd.simulator",
    "prometheus_client",
)
"""What only some daemons, or some requests, need: whoever does not waits for it neither, nor holds it."""


def test_what_only_some_need_is_not_read_at_the_start() -> None:
    code = "import sys, peekd.cli.main, peekd.cli.serve; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    read = set(told.stdout.split())
    assert "peekd.service.main" in read
    assert not read.intersection(SELDOM)
