import pytest

from peekd.config.faults import Origins, SettingsFault, nearest, shown


def test_faults_are_told_in_the_order_of_the_file_and_then_of_the_environment() -> None:
    origins = Origins("f.toml", {("logs",): 9, ("server",): 2}, {("healing", "max_attempts"): "PEEKD_X"})
    faults = [
        SettingsFault(("healing", "max_attempts"), "a number"),
        SettingsFault(("logs", "level"), "a level"),
        SettingsFault(("server", "bind", 0), "an address"),
    ]
    assert [line.split(":")[0:2] for line in origins.tell(faults)] == [
        ["f.toml", "2"],
        ["f.toml", "9"],
        ["$PEEKD_X", " healing.max_attempts"],
    ]


def test_a_variable_goes_before_the_line_that_it_overrides() -> None:
    origins = Origins("f.toml", {("logs", "level"): 9}, {("logs", "level"): "PEEKD_LOGS__LEVEL"})
    assert origins.of(("logs", "level")) == "$PEEKD_LOGS__LEVEL"


def test_what_has_no_line_is_told_with_the_file_alone() -> None:
    assert Origins("f.toml").of(("server", "bind")) == "f.toml"


@pytest.mark.parametrize(
    "secret",
    [
        "sk-ant-api03-abc",
        "AIzaSyD4x",
        "ya29.a0Af",
        "Bearer abc",
        "eyJhbGciOiJIUzI1NiJ9",
        "ghp_abcdef",
        "0123456789abcdef0123456789abcdef",
    ],
)
def test_what_looks_like_a_key_is_not_shown(secret: str) -> None:
    assert secret not in shown(secret)


@pytest.mark.parametrize("name", ["gemini-3-pro-preview-customtools", "claude-sonnet-4-5-20250929[1m]"])
def test_a_models_name_does_not_look_like_a_key(name: str) -> None:
    assert name in shown(name)


def test_text_that_would_fill_or_command_a_terminal_is_not_shown() -> None:
    assert shown("a\x1b[2J") == "a string"
    assert shown("a " * 50) == "a string"


def test_the_nearest_name_is_near_or_none() -> None:
    assert nearest("gogle", ["anthropic", "google"]) == "google"
    assert nearest("zzz", ["anthropic", "google"]) == ""
