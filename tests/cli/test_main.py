import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from peekd import __version__
from peekd.cli import main as main_module
from peekd.cli import policy
from peekd.cli.main import COMMANDS, main

Seen = list[tuple[str, dict[str, str]]]
Answers = dict[str, tuple[int, bytes]]
Serve = Callable[..., AbstractContextManager[tuple[str, Seen]]]


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"peekd {__version__}")


@pytest.mark.parametrize("argv", [[], ["nonsense"], ["check", "--nonsense"], ["policy", "extra"]])
def test_wrong_usage_is_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: peekd")


@pytest.mark.parametrize("command", [name for name, _ in COMMANDS])
def test_each_command_tells_how_it_is_used(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: peekd {command}")


@pytest.mark.parametrize("command", ["serve", "policy", "requests", "explain"])
def test_faulty_settings_are_78(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--config", str(tmp_path / "none.toml")]) == 78
    assert capsys.readouterr().err == f"peekd: {tmp_path}/none.toml: no such file\n"


@pytest.mark.parametrize("command", ["requests", "explain"])
def test_a_daemon_that_does_not_answer_is_69(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--url", "unix:/nowhere/peekd.sock"]) == 69
    assert capsys.readouterr().err == (
        "peekd: no answer from unix:/nowhere/peekd.sock: No such file or directory; does `peekd serve` run?\n"
    )


def test_a_request_that_is_not_kept_is_1(
    served: Serve, pages: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(pages) as (url, _):
        assert main(["explain", "none", "--url", url]) == 1
    assert capsys.readouterr().err == "peekd: no such thing is kept\n"


def test_an_interrupt_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(config: str | None, environ: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(policy, "load_settings", interrupted)
    assert main(["policy"]) == 130


def test_a_reader_that_leaves_a_pipe_ends_the_command_without_a_word() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    source = str(Path(main_module.__file__).parents[2])
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "peekd", "policy"],
            check=False,
            env={**os.environ, "PYTHONPATH": source},
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (1, b"")
