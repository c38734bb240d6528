"""Routes: first match wins, a slash splits once, and nobody is guessed."""

import pytest

from peekd.accounts.wanted import Target
from peekd.healing.plan import Places, overlaid_healing, plan
from peekd.healing.settings import HealingOverrides, HealingSettings, RouteSettings, RuleSettings
from peekd.vocabulary.errors import ClientError

PROTOCOLS = {"google": "gemini", "anthropic": "anthropic", "second": "anthropic"}


def places(*routes: RouteSettings) -> Places:
    return Places(routes, PROTOCOLS, HealingSettings())


def test_the_first_route_that_matches_wins() -> None:
    routes = (
        RouteSettings("claude-opus-*", ("google/gemini-3-pro", "anthropic")),
        RouteSettings("*", ("second",)),
    )
    first = plan("claude-opus-5", "anthropic", places(*routes))
    assert first.targets == (Target("google", "gemini-3-pro"), Target("anthropic", "claude-opus-5"))
    assert plan("other", "anthropic", places(*routes)).targets == (Target("second", "other"),)


def test_brackets_in_a_models_name_are_ordinary() -> None:
    route = RouteSettings("claude-sonnet-5[1m]", ("anthropic",))
    assert plan("claude-sonnet-5[1m]", "anthropic", places(route)).targets
    with pytest.raises(ClientError):
        plan("claude-sonnet-51", "anthropic", places(route))


def test_a_target_is_split_at_the_first_slash() -> None:
    route = RouteSettings("*", ("google/publishers/google/models/x",))
    assert plan("m", "anthropic", places(route)).targets[0].model == "publishers/google/models/x"


def test_without_routes_the_upstreams_of_the_clients_own_protocol_serve_in_file_order() -> None:
    assert [target.upstream for target in plan("m", "anthropic", places()).targets] == ["anthropic", "second"]


def test_without_routes_and_without_an_upstream_of_that_protocol_the_client_is_told_so() -> None:
    bare = Places((), {"google": "gemini"}, HealingSettings())
    with pytest.raises(ClientError, match="no upstream speaks anthropic") as caught:
        plan("m", "anthropic", bare)
    assert caught.value.fault.kind == "not_found"


def test_no_upstream_at_all_is_a_plan_without_targets() -> None:
    assert plan("m", "anthropic", Places((), {}, HealingSettings())).targets == ()


def test_an_unrouted_model_is_told_near_patterns() -> None:
    with pytest.raises(ClientError, match=r"near names: claude-opus-\*"):
        plan("claude-opsu-5", "anthropic", places(RouteSettings("claude-opus-*", ("anthropic",))))


def test_overrides_change_only_what_they_name() -> None:
    layered = overlaid_healing(
        HealingSettings(policy={"silent": RuleSettings(("again",))}),
        HealingOverrides(peek_seconds=5.0, policy={"empty": RuleSettings(("rotate",))}),
        HealingOverrides(peek_seconds=7.0, max_attempts=2),
    )
    assert (layered.peek_seconds, layered.max_attempts, layered.idle_seconds) == (7.0, 2, 120.0)
    assert set(layered.policy) == {"silent", "empty"}


def test_a_plan_holds_its_route_and_what_the_route_says_of_healing() -> None:
    route = RouteSettings("m*", ("anthropic",), healing=HealingOverrides(peek_seconds=5.0))
    found = plan("m", "anthropic", places(route))
    assert (found.route, found.healing.peek_seconds) == (route, 5.0)
    patient = Places((route,), PROTOCOLS, HealingSettings(idle_seconds=7.0))
    assert plan("m", "anthropic", patient).healing == HealingSettings(peek_seconds=5.0, idle_seconds=7.0)
    own = plan("m", "anthropic", places())
    assert (own.route, own.healing) == (None, HealingSettings())
    assert own.targets == (Target("anthropic", "m"), Target("second", "m"))


def test_an_unrouted_model_is_told_three_near_patterns_or_none() -> None:
    routes = [RouteSettings(f"model-{name}", ("anthropic",)) for name in ("aaa", "aab", "abb", "bbb")]
    with pytest.raises(ClientError) as caught:
        plan("model-aa", "anthropic", places(*routes))
    assert caught.value.fault.kind == "not_found"
    words = "model: model-aa: no route matches it; near names: model-aab, model-aaa, model-abb"
    assert caught.value.fault.message == words
    with pytest.raises(ClientError) as caught:
        plan("qqq", "anthropic", places(*routes))
    assert caught.value.fault.message == "model: qqq: no route matches it"
