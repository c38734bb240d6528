"""Try what the settings name, as the daemon would: each upstream with each account's credential.

What is asked is a list of models, which no vendor charges for; where none is known to be had, nothing is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import msgspec
import trio

from peekd.accounts.settings import AccountSettings
from peekd.config.schema import Settings
from peekd.healing.classify import outcome_of_refusal
from peekd.healing.settings import HealingSettings
from peekd.protocols.interface import Call
from peekd.protocols.registry import Site, upstream_of
from peekd.records.advice import ADVICE
from peekd.records.narrate import said
from peekd.relay.means import fresh_id
from peekd.relay.reading import without
from peekd.service.dials import Dials
from peekd.upstream.attempt import Attempt
from peekd.upstream.client import Upstreams
from peekd.upstream.credentials import Credentials, Supply
from peekd.upstream.google import Errand, Reply
from peekd.upstream.headers import Proof
from peekd.upstream.minting import Failed, Refused
from peekd.upstream.settings import UpstreamSettings
from peekd.vocabulary.errors import OperatorError
from peekd.vocabulary.outcomes import Outcome, name_of

AT_ONCE = 8
"""How many are tried at the same time."""

TRY_SECONDS = 20.0
"""How long one try may take in all, whatever the settings allow a request."""

_ANSWERED = 300
"""Below this status a list was given."""

_ABSENT = frozenset({404, 405, 501})
"""What servers say that have no list of models."""

_CREDENTIALS = frozenset({"unauthorized", "payment_required", "forbidden", "validation_required"})
_LIMITS = frozenset({"rate_limited", "quota_exhausted"})


class Reached(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was tried, and how it went; `advice`: what to do where it failed."""

    what: str
    ok: bool
    words: str
    advice: str = ""


class Question(msgspec.Struct, frozen=True):
    """What is asked for nothing. `judges` False: it only shows that the upstream is there."""

    path: str
    headers: tuple[tuple[str, str], ...] = ()
    judges: bool = True


QUESTIONS: Mapping[str, Question] = {
    "anthropic": Question("/v1/models?limit=1", (("anthropic-version", "2023-06-01"),)),
    "gemini": Question("/v1beta/models?pageSize=1"),
    "openai-chat": Question("/v1/models"),
    "openai-responses": Question("/v1/models"),
}
"""By protocol; a platform has paths of its own, and none that lists."""

ANYTHING = Question("/", judges=False)

Progress = Callable[[int, int], None]
"""Told how many tries are over, and of how many."""


def reach_all(settings: Settings, environ: Mapping[str, str], progress: Progress) -> list[Reached]:
    """Try everything, a few at a time; gives what came of it in the order of the file."""
    return trio.run(partial(_reach_all, settings, environ, progress))


async def _reach_all(settings: Settings, environ: Mapping[str, str], progress: Progress) -> list[Reached]:
    async with trio.open_nursery() as nursery:
        reach = _Reach(settings, environ, nursery)
        tries = list(reach.tries())
        told: dict[int, Reached] = {}

        async def attempt(number: int, one: _Try, room: trio.Semaphore) -> None:
            async with room:
                told[number] = await reach.reached(one)
            progress(len(told), len(tries))

        room = trio.Semaphore(AT_ONCE)
        progress(0, len(tries))
        async with trio.open_nursery() as trying:
            for number, one in enumerate(tries):
                trying.start_soon(attempt, number, one, room)
        await reach.aclose()
        nursery.cancel_scope.cancel()
    return [told[number] for number in range(len(tries))]


class _Try(msgspec.Struct, frozen=True):
    """An upstream, and the account to ask it with; None: it has no account."""

    upstream: str
    account: AccountSettings | None = None

    @property
    def what(self) -> str:
        """What it is called."""
        return f"upstream {self.upstream}" if self.account is None else f"account {self.account.name}"


class _Reach:
    """What the tries share. `nursery`: where simulators and refreshes run."""

    def __init__(self, settings: Settings, environ: Mapping[str, str], nursery: trio.Nursery) -> None:
        self._settings = settings
        self._environ = environ
        self._nursery = nursery
        self._dials = Dials(nursery, {})
        self._opened: list[Upstreams] = []

    def tries(self) -> Iterator[_Try]:
        """Each account that is enabled, and each upstream that has none."""
        asked = [account for account in self._settings.accounts if not account.disabled]
        yield from (_Try(account.upstream, account) for account in asked)
        used = {account.upstream for account in asked}
        yield from (_Try(name) for name in self._settings.upstreams if name not in used)

    async def aclose(self) -> None:
        """Close the connections."""
        for upstreams in self._opened:
            await upstreams.aclose()

    async def reached(self, one: _Try) -> Reached:
        """Try one. What fails is told, never raised."""
        upstream = self._settings.upstreams[one.upstream]
        try:
            with trio.fail_after(TRY_SECONDS):
                return await self._ask(one, upstream)
        except OperatorError as error:
            words = str(error).removeprefix(f"{one.what}: ")
            return _failed(one, words, "mend what is named there")
        except trio.TooSlowError:
            words = f"no answer within {TRY_SECONDS:g} s"
            return _failed(one, words, _advice("unreachable", one))

    async def _ask(self, one: _Try, upstream: UpstreamSettings) -> Reached:
        upstreams = self._open(one.upstream, upstream)
        proof = await self._proof(one, upstreams)
        if not isinstance(proof, Proof):
            return _failed(one, said(proof), _advice(name_of(proof), one))
        question = QUESTIONS[upstream.protocol] if upstream.platform is None else ANYTHING
        question = question if one.account is not None else ANYTHING
        opening = upstreams.attempt(
            upstream=one.upstream,
            account=one.account or AccountSettings("", one.upstream),
            proof=proof,
            call=Call(question.path, b"", question.headers, method="GET"),
            deadlines=_quick(self._settings.healing),
        )
        async with opening as attempt:
            return await self._judged(one, upstream, attempt, proof.secret, judges=question.judges)

    async def _proof(self, one: _Try, upstreams: Upstreams) -> Proof | Refused:
        """What the account shows; a Google credential is exchanged for an access token, as in earnest."""
        if one.account is None or not one.account.credential:
            return Proof()
        account, healing = one.account, _quick(self._settings.healing)

        async def fetch(_: str, errand: Errand) -> Reply | Failed:
            return await upstreams.fetch(one.upstream, account, errand, healing)

        supply = Supply(
            fetch, min(healing.refresh_seconds, TRY_SECONDS), wall=lambda: 0.0, jitter=lambda: 0.0
        )
        references = {account.name: account.credential}
        return await Credentials(references, self._environ, self._nursery, supply).ready(account.name)

    def _open(self, name: str, upstream: UpstreamSettings) -> Upstreams:
        """Open the way to one upstream alone: what is wrong with another's address is told there."""
        wanted = {name: upstream}
        opened = Upstreams(wanted, dials=self._dials.of(self._dials.stages(wanted)))
        self._opened.append(opened)
        return opened

    async def _judged(
        self, one: _Try, upstream: UpstreamSettings, attempt: Attempt, secret: str, *, judges: bool
    ) -> Reached:
        if attempt.failure is not None:
            return _failed(one, said(attempt.failure), _advice(name_of(attempt.failure), one))
        place = f"{one.upstream} answers {attempt.status}"
        if not judges:
            not_tried = (
                "" if one.account is None else ": no free question is known there, the key is not tried"
            )
            return Reached(one.what, ok=True, words=f"{place}{not_tried}")
        if attempt.status < _ANSWERED:
            return Reached(one.what, ok=True, words=f"{place}: {_accepted(one, upstream)}")
        site = Site(upstream.project, upstream.location, fresh_id)
        protocol = upstream_of(upstream.protocol, upstream.platform, site)
        body = without(secret, await attempt.read_refusal())
        outcome = outcome_of_refusal(protocol.decode_refusal(attempt.status, attempt.headers, body))
        return _told(one, place, outcome)


def _told(one: _Try, place: str, outcome: Outcome) -> Reached:
    """Tell a refusal: some speak of the credential, some of a limit that it reached, some of the server."""
    name, words = name_of(outcome), f"{place}: {said(outcome)}"
    if name in _LIMITS:
        return Reached(one.what, ok=True, words=f"{words}: the credential is good, and at its limit")
    if name not in _CREDENTIALS and outcome.status in _ABSENT:
        words = f"{place}: it has no list of models, so the credential is not tried"
        return Reached(one.what, ok=True, words=words)
    return _failed(one, words, _advice(name, one))


def _accepted(one: _Try, upstream: UpstreamSettings) -> str:
    keyed = one.account is not None and one.account.credential and upstream.auth != "none"
    return "the credential is good" if keyed else "it needs no credential"


def _failed(one: _Try, words: str, advice: str) -> Reached:
    return Reached(one.what, ok=False, words=words, advice=advice)


_HERE: Mapping[str, str] = {
    "unauthorized": "renew the credential of {account}: {credential}",
    "unreachable": "see base_url and proxy of upstreams.{upstream}, and the network between",
    "headers_timeout": "see whether {upstream} is well: it took the question and gave no answer",
    "rejected": "see base_url and protocol of upstreams.{upstream}: it does not understand the question",
    "server_error": "try again later: {upstream} is broken",
    "overloaded": "try again later: {upstream} is short of capacity",
}
"""What to do here, where it is another thing than after a request."""


def _advice(name: str, one: _Try) -> str:
    words = _HERE.get(name) or ADVICE.get(name, "")
    account = one.account.name if one.account is not None else "the account"
    credential = one.account.credential if one.account is not None else ""
    return words.format(account=account, credential=credential, upstream=one.upstream, model="the model")


def _quick(healing: HealingSettings) -> HealingSettings:
    """Take the settings' deadlines, where they are not longer than a person waits."""
    return msgspec.structs.replace(
        healing,
        connect_seconds=min(healing.connect_seconds, TRY_SECONDS),
        send_seconds=min(healing.send_seconds, TRY_SECONDS),
        headers_seconds=min(healing.headers_seconds, TRY_SECONDS),
    )
