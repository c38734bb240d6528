"""The archive writes down what is worth it, and takes it over again."""

from __future__ import annotations

from steps_told import (
    NOW,
    SESSION,
    answered,
    assistant,
    call,
    called,
    conversation,
    proof,
    step,
    thought,
    user,
)
from typing_extensions import override

from peekd.relay.archive import Archive, empty_archive
from peekd.signatures.proofs import proof_digest
from peekd.signatures.restore import Wanted, proofs_of
from peekd.signatures.settings import SignatureSettings
from peekd.store.interface import Bound, Deed, Forgotten, Kept, Refused, Touched
from peekd.store.volatile import Volatile
from peekd.vocabulary.conversation import RedactedThinking, Text, Thinking

STEP = step(thought("hm"), call("t1"))
LOST = conversation(user(), assistant(called("t1")), answered("t1"))
THOUGHT = Thinking("hm", proof("hm"), "anthropic")
CLAUDE = Wanted(SESSION, "anthropic")


class Ledger(Volatile):
    """A store that also keeps the deeds themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.deeds: list[object] = []

    @override
    def write(self, deed: Deed) -> None:
        self.deeds.append(deed)
        super().write(deed)


class Case:
    """An archive, its store and its clock."""

    def __init__(self, store: Ledger | None = None) -> None:
        self.store = store or Ledger()
        self.now = NOW
        self.archive = Archive(SignatureSettings(), self.store, lambda: self.now)


def test_what_is_learned_is_written_and_put_back() -> None:
    case = Case()
    case.archive.learn(STEP)
    assert case.store.deeds == [Kept(STEP, NOW)]
    assert case.archive.restore(LOST, CLAUDE).names == ("thinking",)


def test_what_is_too_short_is_not_written() -> None:
    case = Case()
    case.archive.learn(step(call("t1")))
    assert case.store.deeds == []


def test_use_is_written_down_again_only_from_time_to_time() -> None:
    case = Case()
    case.archive.learn(STEP)
    for seconds in (1, 700, 30, 700):
        case.now += seconds
        case.archive.restore(LOST, CLAUDE)
    assert case.store.deeds[1:] == [Touched(STEP.key, NOW + 731)]


async def test_a_restart_orphans_no_conversation() -> None:
    before = Case()
    before.archive.learn(STEP)
    before.archive.spoil("other", [proof("bad")])
    after = Case(before.store)
    after.archive.recall(await before.store.load())
    assert after.archive.restore(LOST, CLAUDE).names == ("thinking",)
    assert after.archive.is_lossy("other")
    bad = conversation(user(), assistant(Thinking("x", proof("bad"), "anthropic")))
    assert after.archive.refused("other", proofs_of(bad)) == {proof_digest(proof("bad"))}


def test_what_was_refused_is_forgotten_on_disk_too() -> None:
    case = Case()
    case.archive.learn(STEP)
    case.archive.spoil(SESSION, [proof("hm")])
    assert case.store.deeds[1:] == [
        Forgotten(STEP.key),
        Refused(SESSION, (proof_digest(proof("hm")),), NOW),
    ]
    assert case.archive.restore(LOST, CLAUDE).steps == ()


def test_a_conversation_without_a_session_is_never_lossy() -> None:
    case = Case()
    case.archive.spoil("", [proof("hm")])
    assert case.store.deeds == []
    assert not case.archive.is_lossy("")


def test_what_a_client_replays_is_learned_once() -> None:
    case = Case()
    asked = conversation(user(), assistant(THOUGHT, called("t1")), answered("t1"))
    assert case.archive.review(asked, SESSION) is asked
    case.archive.review(asked, SESSION)
    assert len(case.store.deeds) == 1
    assert case.archive.restore(LOST, CLAUDE).names == ("thinking",)


def test_a_conversation_that_replays_no_proof_is_given_as_it_is() -> None:
    case = Case()
    asked = conversation(user(), assistant(called("t1")), answered("t1"))
    assert case.archive.review(asked, SESSION) is asked
    assert case.store.deeds == []


def test_what_was_refused_is_not_learned_again_from_a_replay() -> None:
    case = Case()
    asked = conversation(user(), assistant(THOUGHT, called("t1")), answered("t1"))
    case.archive.spoil(SESSION, [proof("hm")])
    case.archive.review(asked, SESSION)
    assert case.archive.restore(LOST, CLAUDE).steps == ()


def test_what_is_too_short_for_a_signature_counts_as_none() -> None:
    short = "x" * 49
    asked = conversation(
        user(), assistant(Thinking("hm", short, "anthropic"), RedactedThinking(short), Text("a"))
    )
    told = empty_archive().review(asked, SESSION)
    assert told.turns[1].parts == (Thinking("hm"), Text("a"))
    assert told.dropped == ("signature that is too short",)


def test_bindings_are_written_with_their_time() -> None:
    case = Case()
    case.archive.bind("resp_1", "alice")
    assert case.store.deeds == [Bound("resp_1", "alice", NOW)]
