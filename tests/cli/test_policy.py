import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

import pytest

from peekd.cli import policy
from peekd.cli.paint import Paint
from peekd.cli.policy import rows_of, tabled
from peekd.healing.policy import POLICY, Rule

TABLE = """\
outcome     ladder          backoff               meaning
rejected    -               -                     {rejected}
overloaded  again rotate …  exponential 1 to 8 s  {overloaded}
"""


def parsed(*argv: str) -> Namespace:
    parser = ArgumentParser()
    policy.add_options(parser)
    return parser.parse_args(argv)


def test_every_outcome_has_a_row_with_its_meaning() -> None:
    rows = list(rows_of(POLICY))
    assert {row.outcome for row in rows} == set(POLICY)
    assert all(row.meaning.endswith(".") for row in rows)


def test_the_table_says_ladder_pace_and_meaning() -> None:
    rules = {
        **POLICY,
        "overloaded": Rule(("again", "rotate"), repeat=True, pace="exponential", base=1.0, cap=8.0),
    }
    chosen = [row for row in rows_of(rules) if row.outcome in {"overloaded", "rejected"}]
    assert tabled(chosen, Paint()) == TABLE.format(**{row.outcome: row.meaning for row in chosen})


def test_the_operators_rows_are_in_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "peekd.toml"
    path.write_text('[healing.policy.silent]\nladder = ["again", "…"]\nbase_seconds = 2.5\n')
    assert policy.run(parsed("--config", str(path), "--json"), {}) == 0
    (row,) = [row for row in json.loads(capsys.readouterr().out) if row["outcome"] == "silent"]
    assert (row["ladder"], row["base_seconds"]) == (["again", "…"], 2.5)
    policy.run(parsed("--config", str(path)), {})
    assert "\nsilent               again …" in capsys.readouterr().out
