"""What the commands do with a capture: play it, write it as a transcript, or say that there is none."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from types import ModuleType

import msgspec
import pytest
from taped import taped_once

from peekd.cli import replay, requests
from peekd.cli.unanswered import RefusedError
from peekd.protocols.registry import UPSTREAMS
from peekd.relay.taping import Taken
from peekd.service.tapes import FOLDER, Ring
from peekd.vocabulary.events import Event
from peekd.wire.sse import Splitter


def run(command: ModuleType, *argv: str, state: Path) -> int:
    parser = ArgumentParser()
    command.add_options(parser)
    code: int = command.run(parser.parse_args(argv), {"STATE_DIRECTORY": str(state)})
    return code


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state directory with one capture: alice is limited, bob answers."""
    capture = taped_once({"alice": ["429 retry-after=400"], "bob": ["answer text=Read"]})
    Ring(tmp_path / FOLDER, 1 << 20).keep(Taken(capture, frozenset()))
    return tmp_path


def test_a_request_is_played_and_shown_beside_what_was_recorded(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(replay, "last", state=state) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["1", "same", "alice", "quota_exhausted", "rotate"]
    assert lines[2].split()[:4] == ["2", "same", "bob", "completed"]
    assert lines[-1].endswith("the same decisions (completed)")
    assert run(replay, "last", "--json", state=state) == 0
    assert json.loads(capsys.readouterr().out)["same"] is True


def test_other_settings_for_the_same_bytes_are_told_then_and_now(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "new.toml"
    policy.write_text("[healing.policy.quota_exhausted]\nladder = []\n")
    assert run(replay, "last", "--policy", str(policy), state=state) == 1
    out = capsys.readouterr().out
    assert "then" in out
    assert "give_up" in out
    assert "no such attempt" in out
    assert "differs (completed then, quota_exhausted now)" in out


def test_where_nothing_was_captured_the_way_to_switch_it_on_is_told(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match=r'nothing was captured of .last.*capture = "failed"'):
        run(replay, "last", state=tmp_path)


def test_a_file_of_another_version_is_told(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "1-req_000001.json").write_text("{}")
    with pytest.raises(RefusedError, match="not this version"):
        run(replay, "last", state=tmp_path)


def test_a_command_without_anything_to_replay_says_what_it_wants(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="peekd replay ID"):
        run(replay, state=tmp_path)


def test_a_capture_becomes_a_transcript_whose_events_are_those_of_its_bytes(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(requests, "last", "--as-test", str(tmp_path / "out"), state=state) == 0
    folder = Path(capsys.readouterr().out.strip())
    assert folder.parent == tmp_path / "out" / "anthropic"
    assert {path.name for path in folder.iterdir()} == {"request.json", "upstream.sse", "events.json"}
    assert json.loads((folder / "request.json").read_bytes())["messages"][0]["content"] == "Say hello."
    events = msgspec.json.decode((folder / "events.json").read_bytes(), type=list[Event])
    decoder = UPSTREAMS["anthropic"].decoder()
    frames = Splitter().feed((folder / "upstream.sse").read_bytes())
    assert [*(one for frame in frames for one in decoder.feed(frame)), *decoder.close()] == events
    assert '"text":"Read"' in (folder / "events.json").read_text()
    with pytest.raises(RefusedError, match="cannot write"):
        run(requests, "last", "--as-test", str(tmp_path / "out"), state=state)


@pytest.mark.parametrize(("secret", "words"), [("{", "cannot be read any more"), ("hello", "")])
def test_what_a_mask_has_made_of_a_request_is_told(
    secret: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture = taped_once({"alice": ["answer text=Read"]})
    Ring(tmp_path / FOLDER, 1 << 20).keep(Taken(capture, frozenset({secret})))
    if words:
        with pytest.raises(RefusedError, match=words):
            run(replay, "last", state=tmp_path)
    else:
        assert run(replay, "last", state=tmp_path) == 0
        assert "the request held what looked like a secret, which is masked" in capsys.readouterr().out


def test_a_request_without_an_answer_is_no_transcript(tmp_path: Path) -> None:
    capture = taped_once({"alice": ["401"]})
    Ring(tmp_path / FOLDER, 1 << 20).keep(Taken(capture, frozenset()))
    with pytest.raises(RefusedError, match="no attempt"):
        run(requests, "last", "--as-test", str(tmp_path / "out"), state=tmp_path)


def test_an_id_without_as_test_leads_to_explain(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="peekd explain"):
        run(requests, "last", state=tmp_path)
