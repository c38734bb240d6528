"""Settings that the API refuses together never leave together."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.protocols.anthropic.sampling import HOTTEST, LEAST_BUDGET, acceptable
from peekd.vocabulary.conversation import Conversation, Thought

PLAIN = Conversation("m", ())


def fitted(max_tokens: int = 8192, **settings: object) -> tuple[Conversation, tuple[str, ...]]:
    return acceptable(msgspec.structs.replace(PLAIN, **settings), max_tokens)


def test_settings_that_go_together_stay() -> None:
    conversation = msgspec.structs.replace(PLAIN, temperature=0.5, top_k=5, thought=Thought("disabled"))
    assert acceptable(conversation, 8192) == (conversation, ())


@pytest.mark.parametrize("thought", [Thought("enabled", 2048), Thought("adaptive", effort="low")])
def test_thinking_goes_before_sampling(thought: Thought) -> None:
    conversation, dropped = fitted(thought=thought, temperature=0.5, top_k=5, top_p=0.5)
    assert (conversation.temperature, conversation.top_k, conversation.top_p) == (None, None, None)
    assert dropped == ("temperature", "top_p", "top_k")
    assert fitted(thought=thought, top_p=0.97)[1] == ()


def test_of_temperature_and_top_p_the_first_stays() -> None:
    conversation, dropped = fitted(temperature=0.5, top_p=0.9)
    assert (conversation.temperature, conversation.top_p) == (0.5, None)
    assert dropped == ("top_p",)


def test_a_temperature_of_a_hotter_api_is_cut() -> None:
    conversation, dropped = fitted(temperature=1.7)
    assert (conversation.temperature, dropped) == (HOTTEST, ("temperature",))


@pytest.mark.parametrize(("budget", "given_budget"), [(None, 1024), (512, 1024), (2048, 2048), (9999, 8191)])
def test_a_budget_is_kept_within_its_bounds(budget: int | None, given_budget: int) -> None:
    conversation, _ = fitted(thought=Thought("enabled", budget))
    assert conversation.thought == Thought("enabled", given_budget)


def test_without_room_for_a_budget_there_is_no_thinking() -> None:
    conversation, dropped = fitted(max_tokens=LEAST_BUDGET, thought=Thought("enabled", 2048), temperature=0.5)
    assert conversation.thought is None
    assert conversation.temperature == 0.5
    assert dropped == ("thought",)


NUMBERS = st.none() | st.floats(0, 2)


@given(
    NUMBERS, NUMBERS, st.none() | st.integers(1, 50), st.integers(1, 4000), st.none() | st.integers(0, 5000)
)
def test_what_is_fitted_is_not_changed_again(
    temperature: float | None, top_p: float | None, top_k: int | None, most: int, budget: int | None
) -> None:
    thought = Thought("enabled", budget) if budget is not None else None
    once, _ = fitted(most, temperature=temperature, top_p=top_p, top_k=top_k, thought=thought)
    assert acceptable(once, most) == (once, ())
