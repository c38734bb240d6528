from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from peekd.service.sockets import (
    host_of,
    open_sockets,
    passed_descriptors,
    raise_descriptor_limit,
    tell_address,
)
from peekd.vocabulary.errors import OperatorError


def opened(*binds: str, environ: dict[str, str] | None = None) -> list[str]:
    with open_sockets(binds, environ or {}, write_stall_seconds=30) as sockets:
        return [tell_address(sock) for sock in sockets]


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock.getsockname()[1]


def test_addresses_of_both_kinds_are_opened() -> None:
    four, six = opened("127.0.0.1:0", "[::1]:0")
    assert four.startswith("http://127.0.0.1:")
    assert six.startswith("http://[::1]:")


def test_what_connections_inherit() -> None:
    with open_sockets(["127.0.0.1:0"], {}, write_stall_seconds=2.5) as (sock,):
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 2500
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        with socket.create_connection(sock.getsockname()):
            accepted, _ = sock.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 2500


def test_an_address_in_use_is_told_by_name(taken: int) -> None:
    with pytest.raises(OperatorError, match=f"127.0.0.1:{taken} is in use"):
        opened(f"127.0.0.1:{taken}")


@pytest.mark.parametrize("bind", ["8045", "host", "unix:relative", "fd://x", "127.0.0.1:99999"])
def test_a_bind_that_is_none_is_told(bind: str) -> None:
    with pytest.raises(OperatorError, match=r"server\.bind: expected HOST:PORT"):
        opened(bind)


def test_a_host_that_is_not_here_is_told() -> None:
    with pytest.raises(OperatorError, match=r"cannot listen on 192\.0\.2\.1:0"):
        opened("192.0.2.1:0")


def test_sockets_opened_before_a_fault_are_closed_again(taken: int, tmp_path: Path) -> None:
    path = tmp_path / "peekd.sock"
    with pytest.raises(OperatorError):
        opened(f"unix:{path}", f"127.0.0.1:{taken}")
    assert not path.exists()


# ---- paths ---------------------------------------------------------------------------------------------


def test_a_path_is_the_owners_alone_and_is_removed_after(tmp_path: Path) -> None:
    path = tmp_path / "peekd.sock"
    with open_sockets([f"unix:{path}"], {}, write_stall_seconds=30) as (sock,):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert (host_of(sock), tell_address(sock)) == ("", f"unix:{path}")
    assert not path.exists()


def test_a_dead_socket_in_the_way_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "peekd.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    assert opened(f"unix:{path}") == [f"unix:{path}"]


def test_a_live_socket_in_the_way_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "peekd.sock"
    with socket.socket(socket.AF_UNIX) as live:
        live.bind(str(path))
        live.listen()
        with pytest.raises(OperatorError, match="another process listens"):
            opened(f"unix:{path}")
    assert path.exists()


def test_a_file_in_the_way_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "peekd.sock"
    path.write_text("precious")
    with pytest.raises(OperatorError, match="is no socket"):
        opened(f"unix:{path}")
    assert path.read_text() == "precious"


# ---- sockets of the service manager --------------------------------------------------------------------


def test_a_named_descriptor_is_taken_over() -> None:
    with socket.create_server(("127.0.0.1", 0)) as given:
        port = given.getsockname()[1]
        assert opened(f"fd://{os.dup(given.fileno())}") == [f"http://127.0.0.1:{port}"]


def test_a_descriptor_that_is_no_stream_socket_is_told(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file, pytest.raises(OperatorError, match="is no socket"):
        opened(f"fd://{file.fileno()}")
    with (
        socket.socket(type=socket.SOCK_DGRAM) as wrong,
        pytest.raises(OperatorError, match="no stream socket"),
    ):
        opened(f"fd://{wrong.fileno()}")


def test_descriptors_are_passed_to_one_process_alone() -> None:
    own = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "2"}
    assert passed_descriptors(own) == {3, 4}
    assert passed_descriptors({**own, "LISTEN_PID": "1"}) == set()
    assert passed_descriptors({}) == set()


def test_a_passed_socket_stands_for_the_bind_that_it_covers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as given:
        port = given.getsockname()[1]
        got = opened(f"fd://{os.dup(given.fileno())}", f"127.0.0.1:{port}")
        assert got == [f"http://127.0.0.1:{port}"]


def test_the_descriptor_limit_is_what_the_system_grants() -> None:
    assert raise_descriptor_limit() >= 256
