import pytest

from peekd.config.binds import Bind, decode_bind


@pytest.mark.parametrize(
    ("text", "bind"),
    [
        ("127.0.0.1:8045", Bind("tcp", "127.0.0.1", 8045)),
        ("localhost:0", Bind("tcp", "localhost", 0)),
        ("[::1]:8045", Bind("tcp", "::1", 8045)),
        ("unix:/run/peekd.sock", Bind("unix", path="/run/peekd.sock")),
        ("fd://3", Bind("fd", number=3)),
    ],
)
def test_each_form_is_read(text: str, bind: Bind) -> None:
    assert decode_bind(text) == bind


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8045",
        ":8045",
        "127.0.0.1",
        "a:65536",
        "::1:8045",
        "[::1]",
        "[fe80]:1",
        "unix:peekd",
        "fd://x",
        "http://a:1",
    ],
)
def test_what_is_none_of_them_is_not(text: str) -> None:
    assert decode_bind(text) is None


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("127.0.0.1:1", True),
        ("127.9.9.9:1", True),
        ("[::1]:1", True),
        ("localhost:1", True),
        ("unix:/a", True),
        ("fd://3", True),
        ("0.0.0.0:1", False),
        ("[::]:1", False),
        ("192.168.0.2:1", False),
        ("example.com:1", False),
    ],
)
def test_who_can_reach_it(text: str, local: object) -> None:
    bind = decode_bind(text)
    assert bind is not None
    assert bind.is_local is local
