import socket
import ssl
import threading
from collections.abc import Iterator

import pytest
import trustme

from peekd.accounts.settings import AccountSettings
from peekd.cli.reach import reach_accounts, reach_upstreams
from peekd.config.schema import Settings
from peekd.healing.settings import HealingSettings
from peekd.upstream.settings import UpstreamSettings


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def words_of(base_url: str, proxy: str = "") -> tuple[bool, str]:
    upstream = UpstreamSettings("gemini", base_url, proxy=proxy)
    (one,) = reach_upstreams(Settings(upstreams={"up": upstream}, healing=HealingSettings(connect_seconds=5)))
    assert one.what == "upstream up"
    return one.ok, one.words


def test_an_upstream_that_listens_is_reached(port: int) -> None:
    assert words_of(f"http://127.0.0.1:{port}") == (True, f"http://127.0.0.1:{port}: connected")


def test_where_there_is_a_proxy_that_is_reached(port: int) -> None:
    said = words_of("https://api.example.invalid", f"http://me:canary@127.0.0.1:{port}")
    assert said == (True, f"its proxy http://127.0.0.1:{port}: connected")


def test_an_upstream_that_does_not_listen_is_told() -> None:
    assert words_of("http://127.0.0.1:1") == (False, "http://127.0.0.1:1: Connection refused")
    assert words_of(f"http://{'a' * 70}:1")[0] is False


def test_a_simulators_script_is_loaded() -> None:
    assert words_of("simulator:demo") == (True, "simulator:demo: its script can be read")
    assert words_of("simulator:none")[0] is False


def test_a_certificate_that_nobody_vouches_for_is_told() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.tempfile() as path:
        context.load_cert_chain(path)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=turned_away, args=(listener, context))
        thread.start()
        ok, words = words_of(f"https://127.0.0.1:{listener.getsockname()[1]}")
        thread.join()
    assert not ok
    assert "certificate" in words.lower()


def turned_away(listener: socket.socket, context: ssl.SSLContext) -> None:
    with listener.accept()[0] as connection, pytest.raises(ssl.SSLError):
        context.wrap_socket(connection, server_side=True)


def test_each_credential_is_loaded_and_none_is_told() -> None:
    accounts = (
        AccountSettings("a", "up", "env:KEY"),
        AccountSettings("b", "up", "env:GONE"),
        AccountSettings("c", "up"),
    )
    told = list(reach_accounts(Settings(accounts=accounts), {"KEY": "canary"}))
    assert [(one.what, one.ok) for one in told] == [
        ("account a", True),
        ("account b", False),
        ("account c", True),
    ]
    assert "canary" not in "".join(one.words for one in told)
    assert told[2].words == "it needs no credential"
