"""Any file and any environment are settings, or faults told in words."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mutants import few

from peekd.config.load import Loaded, load_settings
from peekd.vocabulary.errors import OperatorError

SAMPLE = re.sub(
    r"^#(?=\S)", "", (Path(__file__).parents[2] / "etc/peekd.toml").read_text(), flags=re.MULTILINE
).splitlines()
VALUES = st.sampled_from([
    '""',
    "[]",
    "{}",
    "true",
    "-1",
    "0",
    "1e999",
    "nan",
    "9" * 400,
    '"…"',
    '["…"]',
    '["a", 1]',
    "{a = {b = 1}}",
    "1979-05-27T07:32:00Z",
    "'fd://99999999999'",
    "'unix:'",
    "'[::]:0'",
    "'http://['",
    "'simulator:'",
    "'env:'",
    "'\\u0000'",
])
NAMES = st.text(max_size=6) | st.sampled_from([
    "server.x",
    '"a b"',
    "healing.policy.blank.ladder",
    "accounts",
])


@st.composite
def files(draw: st.DrawFn) -> str:
    """The sample, with up to five of its lines given another value or another name, lost or said twice."""
    lines = list(SAMPLE)
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, len(lines) - 1))
        key, equals, value = lines[at].partition("=")
        match draw(st.sampled_from(["value", "value", "name", "lose", "twice", "noise"])):
            case "value":
                lines[at] = f"{key}{equals}{draw(VALUES)}"
            case "name":
                lines[at] = f"{draw(NAMES)}{equals}{value}"
            case "lose":
                lines[at] = ""
            case "twice":
                lines.insert(at, lines[at])
            case _:
                lines[at] = draw(st.text(max_size=12))
    return "\n".join(lines)


def loaded(content: bytes, environ: dict[str, str]) -> Loaded | OperatorError:
    """What the settings come to."""
    with TemporaryDirectory() as place:
        path = Path(place, "peekd.toml")
        path.write_bytes(content)
        try:
            return load_settings(str(path), environ)
        except OperatorError as error:
            assert error.faults, "a refusal without a word"  # noqa: PT017 - a helper, not the test
            assert all(fault and "\n" not in fault for fault in error.faults)  # noqa: PT017
            return error


@few
@given(text=files())
def test_any_change_of_the_sample_is_settings_or_faults(text: str) -> None:
    found = loaded(text.encode("utf-8", "replace"), {})
    try:
        tomllib.loads(text)
    except ValueError:
        assert isinstance(found, OperatorError)


@few
@given(content=st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
def test_any_bytes_are_settings_or_faults(content: bytes) -> None:
    loaded(content, {})


@pytest.mark.parametrize(
    "deep", [b"a = " + b"[" * 100_000, b"a = " + b"{a = " * 100_000, b"a." * 2_000 + b"a = 1"]
)
def test_what_is_nested_beyond_measure_is_a_fault(deep: bytes) -> None:
    assert isinstance(loaded(deep, {}), OperatorError)


@few
@given(
    environ=st.dictionaries(
        st.builds(
            "PEEKD_{}".format,
            st.text("ABC_", max_size=8)
            | st.sampled_from([
                "SERVER__BIND",
                "HEALING__MAX_ATTEMPTS",
                "LOGS__LEVEL",
                "UPSTREAMS__X__PROXY",
            ]),
        ),
        VALUES | st.text(max_size=12).filter(lambda text: "\0" not in text),
        max_size=3,
    )
)
@example(environ={"PEEKD_SERVER__BIND": "[" * 100_000})
@example(environ={"PEEKD_SERVER__MAX_BODY_MIB": "9" * 5000})
def test_any_environment_is_settings_or_faults(environ: dict[str, str]) -> None:
    loaded(b"", {name: value for name, value in environ.items() if name != "PEEKD_CONFIG"})
