"""What a client can ask for: what routes and accounts write out, and what is like a name that they do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from peekd.accounts.settings import AccountSettings
from peekd.healing.plan import Places
from peekd.healing.settings import HealingSettings, RouteSettings
from peekd.relay.offers import Offers
from peekd.vocabulary.errors import ClientError

PROTOCOLS = {"up": "anthropic", "google": "gemini"}


def offers(routes: Sequence[str] = (), **listed: Sequence[str]) -> Offers:
    """`listed`: by upstream, the models of an account of it."""
    places = Places(tuple(RouteSettings(match, ("up",)) for match in routes), PROTOCOLS, HealingSettings())
    accounts: Mapping[str, Sequence[str]] = listed
    return Offers(
        places,
        [
            AccountSettings(f"of {upstream}", upstream, models=(*models,))
            for upstream, models in accounts.items()
        ],
    )


def test_names_are_those_written_out_each_once() -> None:
    some = offers(
        ["fast", "claude-*"], up=["claude-opus-5-5", "claude-*", "claude-opus-5-5", "claude-haiku-?"]
    )
    assert some.names() == ["fast", "claude-opus-5-5"]
    assert some.names("gemini") == some.names()  # routes lead any client anywhere


def test_what_no_route_leads_to_is_not_offered() -> None:
    some = offers(["claude-*"], up=["claude-opus-5-5", "inner-model"])
    assert some.names() == ["claude-opus-5-5"]
    with pytest.raises(ClientError, match=r"no route or account offers it$"):
        some.find("inner-model")


def test_without_routes_a_client_is_offered_what_upstreams_of_its_own_language_have() -> None:
    some = offers(up=["claude-opus-5-5"], google=["gemini-3-pro", "gemini-2*"])
    assert some.names("gemini") == ["gemini-3-pro"]
    assert some.names("anthropic") == ["claude-opus-5-5"]
    assert some.names() == ["claude-opus-5-5", "gemini-3-pro"]
    some.find("gemini-2.5-pro", "gemini")
    with pytest.raises(ClientError, match="no route or account offers it"):
        some.find("gemini-3-pro", "anthropic")


def test_a_model_is_found_where_a_route_or_an_account_would_match_it() -> None:
    some = offers(["fast", "claude-*"])
    for model in ("fast", "claude-anything"):
        some.find(model)
    with pytest.raises(ClientError, match="model: fasd: no route or account offers it; near names: fast"):
        some.find("fasd")


def test_near_names_are_three_at_most_and_never_the_name_itself() -> None:
    names = ["claude-opus-5", "claude-opus-5-5", "claude-opus-4-5", "claude-opus-4", "gpt-5"]
    near = offers(names).near("claude-opus-5")
    assert near.startswith("; near names: ")
    assert near.count(", ") == 2
    assert "claude-opus-5," not in near
    assert "gpt" not in near


@pytest.mark.parametrize("model", ["", "x", "z" * 100_000])
def test_a_name_that_is_like_none_has_no_near_names(model: str) -> None:
    assert offers(["claude-opus-5"]).near(model) == ""
