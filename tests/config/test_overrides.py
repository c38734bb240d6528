import pytest

from peekd.config.overrides import OWN, overlay, secret_variables, toml_value


def laid(raw: dict[str, object], **environ: str) -> dict[str, object]:
    overlaid = overlay(raw, environ, frozenset())
    assert overlaid.faults == ()
    return overlaid.raw


def fault_of(name: str, value: str = "1", raw: dict[str, object] | None = None) -> str:
    (told,) = overlay(raw or {}, {name: value}, frozenset()).faults
    return told


def test_a_variable_goes_before_the_file_and_leaves_its_neighbours() -> None:
    raw: dict[str, object] = {"server": {"bind": ["127.0.0.1:1"], "auth": "off"}}
    assert laid(raw, PEEKD_SERVER__BIND='["127.0.0.1:9000"]') == {
        "server": {"bind": ["127.0.0.1:9000"], "auth": "off"}
    }
    assert raw == {"server": {"bind": ["127.0.0.1:1"], "auth": "off"}}


def test_an_upstreams_name_is_found_whatever_its_case_and_dashes() -> None:
    raw: dict[str, object] = {"upstreams": {"My-Google": {"protocol": "gemini"}}}
    assert laid(raw, PEEKD_UPSTREAMS__MY_GOOGLE__BASE_URL="https://a.example") == {
        "upstreams": {"My-Google": {"protocol": "gemini", "base_url": "https://a.example"}}
    }


def test_an_upstream_can_be_made_by_variables_alone() -> None:
    assert laid(
        {},
        PEEKD_UPSTREAMS__GOOGLE='{protocol = "gemini"}',
        PEEKD_UPSTREAMS__GOOGLE__BASE_URL="https://a.example",
    ) == {"upstreams": {"google": {"protocol": "gemini", "base_url": "https://a.example"}}}


def test_deep_tables_and_headers_are_reached() -> None:
    assert laid(
        {},
        PEEKD_UPSTREAMS__A__HEADERS__X_TEAM="blue",
        PEEKD_HEALING__POLICY__RATE_LIMITED__BASE_SECONDS="2.5",
    ) == {
        "upstreams": {"a": {"headers": {"x-team": "blue"}}},
        "healing": {"policy": {"rate_limited": {"base_seconds": 2.5}}},
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("7", 7),
        ('"7"', "7"),
        ('["a", "b"]', ["a", "b"]),
        ("127.0.0.1:1", "127.0.0.1:1"),
        ("", ""),
        ('1\nother = "2"', '1\nother = "2"'),
    ],
)
def test_a_variable_is_read_as_toml_else_as_text(text: str, value: object) -> None:
    assert toml_value(text) == value


def test_a_value_nested_beyond_reading_is_a_string() -> None:
    assert toml_value("[" * 5000) == "[" * 5000


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("PEEKD_SERVER__BNID", "; nearest: PEEKD_SERVER__BIND"),
        ("PEEKD_SERVR__BIND", "; nearest: PEEKD_SERVER__BIND"),
        ("PEEKD_SERVER_BIND", "; nearest: PEEKD_SERVER__BIND"),
        ("PEEKD_UPSTREAMS__GOOGLE__BASE_ULR", "; nearest: PEEKD_UPSTREAMS__GOOGLE__BASE_URL"),
        ("PEEKD_LOGS__LEVEL__DEEPER", "; nearest: PEEKD_LOGS__LEVEL"),
        ("PEEKD_server__bind", ""),
        ("PEEKD_", ""),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest(name: str, near: str) -> None:
    assert fault_of(name) == f"${name}: expected the name of a setting, found an unknown one{near}"


def test_a_whole_section_is_no_setting() -> None:
    assert "expected the name of a setting" in fault_of("PEEKD_SERVER", "{}")


@pytest.mark.parametrize("name", ["PEEKD_ACCOUNTS", "PEEKD_ROUTES__0__MATCH"])
def test_lists_of_tables_come_from_the_file_only(name: str) -> None:
    assert fault_of(name).endswith("is a list of tables; those come from the file only")


def test_the_commands_own_names_and_those_of_secrets_set_nothing() -> None:
    environ = {**dict.fromkeys(OWN, "x"), "PEEKD_KEY_ALICE": "x", "HOME": "x"}
    exempt = secret_variables(['credential = "env:PEEKD_KEY_ALICE"'])
    assert overlay({}, environ, exempt).raw == {}
    assert overlay({}, environ, exempt).faults == ()
    assert len(overlay({}, environ, frozenset()).faults) == 1


def test_what_is_no_table_is_left_to_be_told() -> None:
    assert laid({"server": 3}, PEEKD_SERVER__BIND='["a:1"]') == {"server": 3}
