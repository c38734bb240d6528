"""The memory finds a step in three ways, never another session's, and never grows beyond its bounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from steps_told import NOW, SESSION, call, proof, step, thought, words

from peekd.signatures.memory import Memory
from peekd.signatures.proofs import proof_digest
from peekd.signatures.settings import SignatureSettings
from peekd.signatures.steps import Piece, Step, shape

SETTINGS = SignatureSettings()
STEP = step(thought("hm"), words("I look."), call("t1"), call("t2", x=1), number=4)


def memory_of(*steps: Step, settings: SignatureSettings = SETTINGS) -> Memory:
    memory = Memory(settings)
    for one in steps or (STEP,):
        memory.learn(one, NOW)
    return memory


def test_a_step_is_found_by_tool_id_by_content_and_by_number() -> None:
    memory = memory_of()
    assert memory.by_call(SESSION, "t1", NOW) == memory.by_call(SESSION, "t2", NOW) == (STEP,)
    assert memory.by_content(SESSION, shape(STEP.pieces), NOW) == (STEP,)
    assert memory.by_number(SESSION, 4, NOW) == (STEP,)
    assert memory.by_call(SESSION, "t3", NOW) == memory.by_number(SESSION, 5, NOW) == ()


def test_no_session_ever_sees_anothers() -> None:
    memory = memory_of()
    assert memory.by_call("other", "t1", NOW) == ()
    assert memory.by_content("other", shape(STEP.pieces), NOW) == ()
    assert memory.by_number("other", 4, NOW) == ()


def test_a_session_is_known_while_any_step_of_it_is_remembered() -> None:
    memory = memory_of(STEP, step(call("t9", "p9"), number=5))
    assert memory.knows(SESSION)
    assert not memory.knows("other")
    assert not memory.knows("")
    memory.refuse(SESSION, STEP.proofs, NOW)
    assert memory.knows(SESSION)
    memory.learn(step(call("t1", "p1"), session="other"), 10 * NOW)
    assert not memory.knows(SESSION)
    assert memory.knows("other")


def test_two_branches_of_one_conversation_are_both_kept() -> None:
    branch = step(thought("no"), call("t9"), number=4)
    assert set(memory_of(STEP, branch).by_number(SESSION, 4, NOW)) == {STEP, branch}


def test_whose_a_signature_is_is_known_in_every_session() -> None:
    memory = memory_of(STEP, step(call("g1", "g"), family="gemini", session="other"))
    assert memory.maker(proof("hm"), NOW) == "anthropic"
    assert memory.maker(proof("g"), NOW) == "gemini"
    assert memory.maker(proof("nobody's"), NOW) == ""


def test_what_is_too_short_for_a_signature_is_not_kept() -> None:
    short = Piece("thought", "", "x" * 49, "hm")
    memory = memory_of()
    assert memory.learn(step(short, words("a")), NOW) is None
    kept = memory.learn(step(short, thought("long"), words("a")), NOW)
    assert kept is not None
    assert kept.pieces == (thought("long"), words("a"))
    assert len(memory_of(step(short), settings=SignatureSettings(min_length=49))) == 1


def test_without_a_session_nothing_is_kept() -> None:
    assert len(memory_of(step(thought("hm"), session=""))) == 0


def test_a_step_is_forgotten_two_hours_after_its_last_use() -> None:
    memory = memory_of()
    memory.use(STEP, NOW + 7000)
    assert memory.by_call(SESSION, "t1", NOW + 14_200) == (STEP,)
    assert memory.by_call(SESSION, "t1", NOW + 14_201) == ()
    assert memory.maker(proof("hm"), NOW + 14_201) == ""
    memory.learn(step(thought("new")), NOW + 14_201)
    assert len(memory) == 1


def test_the_least_recently_used_goes_when_there_is_no_room() -> None:
    big = [step(Piece("thought", str(n), proof(str(n)), "x" * 300_000), number=n) for n in range(4)]
    memory = Memory(SignatureSettings(max_mib=1))
    for one in big[:3]:
        memory.learn(one, NOW)
    memory.use(big[0], NOW)
    memory.learn(big[3], NOW)
    assert memory.by_number(SESSION, 1, NOW) == ()
    assert all(memory.by_number(SESSION, n, NOW) for n in (0, 2, 3))


def test_what_was_refused_is_forgotten_and_known_as_refused_in_that_session_alone() -> None:
    memory = memory_of()
    assert memory.refuse(SESSION, [proof("hm"), proof("other")], NOW) == (STEP.key,)
    assert memory.by_call(SESSION, "t1", NOW) == ()
    asked = [proof("hm"), proof("fine")]
    assert memory.refused(SESSION, asked, NOW) == {proof_digest(proof("hm"))}
    assert memory.refused("other", asked, NOW) == frozenset()
    assert memory.is_lossy(SESSION, NOW)
    assert not memory.is_lossy("other", NOW)
    assert not memory.is_lossy(SESSION, NOW + 7201)
    assert memory.refused(SESSION, asked, NOW + 7201) == frozenset()


STEPS = [
    step(thought(f"t{n}"), call(f"c{n % 3}", x=n % 2), session=f"s{n % 2}", number=n % 4) for n in range(12)
]


@given(st.lists(st.tuples(st.sampled_from(["learn", "use", "refuse"]), st.sampled_from(STEPS))))
def test_the_indices_hold_what_is_kept_and_nothing_else(deeds: list[tuple[str, Step]]) -> None:
    memory = Memory(SETTINGS)
    kept: set[str] = set()
    for deed, told in deeds:
        match deed:
            case "learn":
                memory.learn(told, NOW)
                kept.add(told.key)
            case "use":
                memory.use(told, NOW)
            case _:
                memory.refuse(told.origin.session, told.proofs, NOW)
                kept.discard(told.key)
    for one in STEPS:
        session = one.origin.session
        there = one.key in kept
        assert (one in memory.by_call(session, one.calls[0].tool, NOW)) is there
        assert (one in memory.by_content(session, shape(one.pieces), NOW)) is there
        assert (one in memory.by_number(session, one.origin.number, NOW)) is there
        assert (memory.maker(one.proofs[0], NOW) != "") is there
    assert memory.bytes == sum(one.size for one in STEPS if one.key in kept)


def test_a_step_has_a_twin_where_another_of_its_session_says_the_same_at_the_same_number() -> None:
    memory = memory_of(step(thought("a"), call("", x=1), number=2))
    assert memory.has_twin(step(thought("b"), call("t1", x=1), number=2), NOW)
    for other in (
        step(thought("a"), call("", x=1), number=2),
        step(thought("b"), call("", x=1), number=3),
        step(thought("b"), call("", x=2), number=2),
        step(thought("b"), call("", x=1), number=2, session="other"),
    ):
        assert not memory.has_twin(other, NOW)
    assert not memory.has_twin(step(thought("b"), call("", x=1), number=2), NOW + 7201)
