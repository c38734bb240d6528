import pytest

from peekd.cli.main import main


def test_without_a_command_the_usage_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["accounts"])
    assert ended.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_import_has_its_own_options(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["accounts", "import", "--help"])
    assert ended.value.code == 0
    assert "--dry-run" in capsys.readouterr().out
