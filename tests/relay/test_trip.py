"""What a request has been through, and what the kernel is told of it."""

import msgspec
import pytest
import trio
from playhouse import QUICK, Playhouse, open_playhouse
from requested import HELLO, asked_of

from peekd.accounts.wanted import Lease, Rest, Target
from peekd.healing.plan import Plan
from peekd.healing.policy import Policy
from peekd.healing.settings import HealingSettings, RuleSettings
from peekd.relay.asked import Asked
from peekd.relay.trip import CLIENT_MARGIN, CLIENT_SHARE, Trip, budget
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.errors import ClientError
from peekd.vocabulary.refusals import Refusal

Clock = trio.testing.MockClock


def trip_of(playhouse: Playhouse, asked: Asked | None = None) -> Trip:
    asked = asked or asked_of()
    return Trip(
        playhouse.house, playhouse.house.tree, asked, playhouse.house.tree.plan(asked.head.model, "anthropic")
    )


def lease(playhouse: Playhouse, trip: Trip, again: str | None = None) -> Lease:
    leased = playhouse.house.roster.lease(trip.wanted(again))
    assert isinstance(leased, Lease)
    trip.number += 1
    return leased


# ---- the budget ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stream", "told", "seconds"),
    [
        (False, "60", 60 - CLIENT_MARGIN),
        (False, "12.5", 12.5 - CLIENT_MARGIN),
        (False, "3", 3 * CLIENT_SHARE),
        (False, "600", 300.0),
        (True, "60", 300.0),  # a stream shows life: its client does not run out of patience
        (False, "", 300.0),
        (False, "soon", 300.0),
        (False, "-1", 300.0),
        (False, "\u00b2", 300.0),  # a digit by name only
        (False, ".", 300.0),
    ],
)
def test_a_client_that_waits_for_a_whole_answer_hears_from_us_before_its_own_deadline(
    *, stream: bool, told: str, seconds: float
) -> None:
    asked = asked_of({**HELLO, "stream": stream}, headers={"x-stainless-timeout": told})
    assert budget(HealingSettings(budget_seconds=300), asked) == seconds


async def test_the_budget_runs_from_the_start(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        trip = trip_of(playhouse)
        await trio.sleep(100)
        assert trip.left() == QUICK.budget_seconds - 100
        assert trip.ends == trio.current_time() + trip.left()


# ---- history -------------------------------------------------------------------------------------


async def test_what_leads_on_is_history_and_what_is_relayed_is_not(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer"], "bob": ["answer"]}) as playhouse:
        trip = trip_of(playhouse)
        first = lease(playhouse, trip)
        failed = o.RateLimited(status=429)
        playhouse.house.roster.settle(first, failed)
        step = trip.decide(failed, first)
        assert (step.decision.move, step.account, step.upstream, step.attempt) == ("rotate", "alice", "up", 1)
        second = lease(playhouse, trip)
        assert second.account == "bob"
        assert trip.decide(o.Accepted(), second).decision.move == "relay"
        playhouse.house.roster.settle(second, o.Completed())
        assert trip.history == (step,)


async def test_an_account_that_failed_is_wanted_last(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer"], "bob": ["answer"]}) as playhouse:
        trip = trip_of(playhouse)
        first = lease(playhouse, trip)
        playhouse.house.roster.settle(first, o.Empty())
        trip.decide(o.Empty(), first)
        assert trip.wanted().tried == (first.tried,)
        assert lease(playhouse, trip).account == "bob"
        assert lease(playhouse, trip, again="alice").account == "alice"


async def test_a_target_that_is_passed_over_is_wanted_no_more_and_the_first_reason_is_kept(
    autojump_clock: Clock,
) -> None:
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        targets = (Target("up", "a"), Target("up", "b"))
        trip = Trip(playhouse.house, playhouse.house.tree, asked_of(), Plan(targets, QUICK))
        second, first = (Lease(0, "alice", "up", model, None, 0.0, "so") for model in ("b", "a"))
        trip.pass_over(second, ClientError("invalid_request", "b: cannot be said"))
        assert trip.wanted().targets == targets[:1]
        with pytest.raises(ClientError, match="a: cannot be said"):
            trip.pass_over(first, ClientError("invalid_request", "a: cannot be said"))


async def test_a_move_that_cannot_be_carried_out_leads_to_the_next_rung(
    autojump_clock: Clock,
) -> None:
    rows = {"unauthorized": RuleSettings(ladder=("refresh", "rotate"))}
    healing = msgspec.structs.replace(QUICK, policy=rows)
    async with open_playhouse({"alice": ["answer"], "bob": ["answer"]}, healing=healing) as playhouse:
        trip = trip_of(playhouse)
        first = lease(playhouse, trip)
        playhouse.house.roster.settle(first, o.Unauthorized(status=401))
        step = trip.decide(o.Unauthorized(status=401), first)
        assert step.decision.move == "rotate"  # a key from the environment cannot be had anew
        assert trip.decide_again(step).decision.move == "give_up"
        assert len(trip.history) == 2


async def test_the_policy_of_the_upstream_that_was_asked_holds(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer"], "bob": ["answer"]}) as playhouse:
        trip = trip_of(playhouse)
        assert trip.healing("up") == QUICK
        assert trip.healing("") == QUICK


async def test_all_requests_of_a_route_share_one_table(
    autojump_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        tree, asked_for = playhouse.house.tree, list[HealingSettings]()
        table = tree.policy

        def noted(healing: HealingSettings) -> Policy:
            asked_for.append(healing)
            return table(healing)

        monkeypatch.setattr(tree, "policy", noted)
        for _ in range(3):
            trip_of(playhouse).no_account(Rest(soonest=None, causes=(), mend=("alice",), exists=True))
        assert len(asked_for) == 3
        assert len({id(healing) for healing in asked_for}) == 1


@pytest.mark.parametrize(("protocol", "streams"), [("anthropic", False), ("gemini", True)])
async def test_what_could_not_be_folded_is_asked_for_whole_where_it_would_come_verbatim(
    autojump_clock: Clock, protocol: str, *, streams: bool
) -> None:
    async with open_playhouse({"alice": ["answer"]}, protocol=protocol) as playhouse:
        trip = trip_of(playhouse)
        assert trip.streams("up")
        first = lease(playhouse, trip)
        playhouse.house.roster.settle(first, o.Malformed())
        trip.decide(o.Malformed(), first)
        assert trip.streams("up")
        trip.decide(o.Malformed(type=o.UNFOLDABLE), first)
        assert trip.streams("up") is streams


async def test_an_upstream_that_is_not_to_stream_is_not_asked_to(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer"]}, streams=False) as playhouse:
        assert not trip_of(playhouse).streams("up")


# ---- no answer -----------------------------------------------------------------------------------


async def test_the_last_attempt_says_more_than_the_lack_of_an_account(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        trip = trip_of(playhouse)
        only = lease(playhouse, trip)
        failed = o.PaymentRequired(status=402)
        playhouse.house.roster.settle(only, failed)
        trip.decide(failed, only)
        leased = playhouse.house.roster.lease(trip.wanted())
        assert isinstance(leased, Rest)
        step = trip.no_account(leased)
        assert step.decision.move == "give_up"
        assert trip.telling(step).outcome == failed
        fault = trip.verdict(shown=False)
        assert (fault.kind, fault.should_retry) == ("overloaded", False)
        assert "alice" in fault.message


async def test_without_any_attempt_the_lack_of_an_account_is_all_there_is_to_say(
    autojump_clock: Clock,
) -> None:
    async with open_playhouse({"alice": ["answer"]}, accounts=[]) as playhouse:
        trip = trip_of(playhouse)
        leased = playhouse.house.roster.lease(trip.wanted())
        assert isinstance(leased, Rest)
        step = trip.no_account(leased)
        assert trip.telling(step) is step
        assert "/etc/peekd/peekd.toml" in trip.verdict(shown=False).message


async def test_an_upstreams_own_words_pass_only_to_a_client_of_its_language(autojump_clock: Clock) -> None:
    for protocol, words in (("anthropic", b"its own"), ("gemini", b"")):
        async with open_playhouse({"alice": ["answer"]}, protocol=protocol) as playhouse:
            trip = trip_of(playhouse)
            only = lease(playhouse, trip)
            failed = o.Rejected(status=400, message="no")
            playhouse.house.roster.settle(only, failed)
            trip.refusal = Refusal("invalid", 400, words=b"its own")
            trip.decide(failed, only)
            assert trip.verdict(shown=False).words == words


async def test_what_was_shown_and_broke_is_told_as_such(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        trip = trip_of(playhouse)
        only = lease(playhouse, trip)
        playhouse.house.roster.settle(only, o.Broken(message="cut"))
        trip.decide(o.Broken(message="cut"), only)
        assert "not whole: cut" in trip.verdict(shown=True).message
