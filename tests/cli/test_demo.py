from argparse import ArgumentParser

import pytest

from peekd.cli import demo
from peekd.config.schema import Settings


def parser() -> ArgumentParser:
    made = ArgumentParser()
    demo.add_options(made)
    return made


@pytest.mark.parametrize(("argv", "bind"), [([], "127.0.0.1:8045"), (["--port", "0"], "127.0.0.1:0")])
def test_the_demo_listens_on_loopback_only(
    argv: list[str], bind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[tuple[Settings, bool]] = []

    def run_service(settings: Settings, *, demo: bool) -> int:
        ran.append((settings, demo))
        return 0

    monkeypatch.setattr(demo, "run_service", run_service)
    assert demo.run(parser().parse_args(argv), {"PEEKD_NONSENSE": "1"}) == 0
    assert [(settings.server.bind, is_demo) for settings, is_demo in ran] == [((bind,), True)]


@pytest.mark.parametrize("port", ["65536", "-1", "x", "²"])
def test_a_port_is_a_port(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args([f"--port={port}"])
    assert ended.value.code == 2
    assert "expected a port from 0 to 65535" in capsys.readouterr().err
