"""What other settings would have decided, told from a ledger."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from requests_told import attempt, request, rows_of

from peekd.cli import replay
from peekd.records.entries import RequestRecord, Turn
from peekd.signatures.settings import SignatureSettings
from peekd.store.database import Database
from peekd.vocabulary.outcomes import Overloaded, ServerError

CONFIG = """
[upstreams.up]
protocol = "anthropic"
base_url = "https://example.com"
[upstreams.up.healing.policy.server_error]
ladder = ["rotate"]
[[routes]]
match = "strict-*"
to = ["up"]
healing = { max_attempts = 1 }
"""


def parsed(*argv: str) -> Namespace:
    parser = ArgumentParser()
    replay.add_options(parser)
    return parser.parse_args(argv)


def failing(name: str, turn: Turn, model: str = "m") -> RequestRecord:
    return request(name, attempt(1, outcome="silent"), attempt(2), model=model, turns=[turn])


@pytest.fixture
def written(tmp_path: Path) -> Path:
    around: dict[str, Any] = {
        "attempt": 1,
        "account": "alice",
        "upstream": "up",
        "attempts": 1,
        "accounts": 1,
        "left": 60.0,
    }
    others: dict[str, Any] = {"another": True, "same": True, "jitter": 0.5, "move": "again"}
    broke = Turn(ServerError(status=500), pace="fixed", after=0.5, **around, **others)
    busy = Turn(Overloaded(), pace="exponential", after=1.0, **around, **others)
    path = tmp_path / "peekd.db"
    with closing(Database(path, SignatureSettings())) as database:
        for record in (
            failing("req_broke", broke),
            failing("req_strict", busy, "strict-1"),
            request("req_well"),
        ):
            database.apply(rows_of(record))
    return path


def test_what_would_differ_is_told(written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy = tmp_path / "new.toml"
    policy.write_text(CONFIG)
    arguments = ("--policy", str(policy), "--ledger", str(written))
    assert replay.run(parsed(*arguments), {}) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["request", "attempt", "outcome", "was", "would", "be", "because"]
    told = {line.split()[0]: line for line in lines[1:-2]}
    assert "again +0.5 s  rotate" in told["eq_broke"]
    assert "give_up" in told["q_strict"]
    assert lines[-1] == "2 decisions in 3 requests: 2 requests would differ"
    replay.run(parsed(*arguments, "--json"), {})
    assert {one["request"] for one in json.loads(capsys.readouterr().out)["differences"]} == {
        "req_broke",
        "req_strict",
    }


def test_where_nothing_would_differ_that_is_said(
    written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "same.toml"
    policy.write_text("")
    replay.run(parsed("--policy", str(policy), "--ledger", str(written), "--failed"), {})
    assert capsys.readouterr().out == "0 decisions in 0 requests: all would be the same\n"
