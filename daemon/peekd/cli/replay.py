"""peekd replay: what other settings would have decided, from the ledger; or one request, from its bytes."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from peekd.cli.captured import captured, side_by_side
from peekd.cli.codes import DONE, FAILED
from peekd.cli.paint import Paint, columns, paint_for, plain
from peekd.cli.requests import gathered
from peekd.cli.since import since_option
from peekd.cli.sources import add_source_options, find_source
from peekd.cli.unanswered import RefusedError
from peekd.config.load import load_settings
from peekd.config.schema import Settings
from peekd.healing.plan import Places, overlaid_healing, plan
from peekd.healing.policy import policy_in_force
from peekd.healing.settings import HealingSettings
from peekd.records.entries import RequestRecord
from peekd.records.redecide import Difference, redecide
from peekd.service.playback import Unplayable, play
from peekd.store.queries import Query
from peekd.vocabulary.errors import ClientError

MOST: Final = 10_000
"""Requests that are looked at, the newest."""

_TITLES: Final = ("request", "attempt", "outcome", "was", "would be", "because")

HealingOf = Callable[[RequestRecord, str], HealingSettings]
"""The settings of [healing] for a request and the upstream that was asked."""


class Replayed(msgspec.Struct, frozen=True):
    """What `--json` gives: how many requests and decisions were looked at, and what would differ."""

    requests: int
    decisions: int
    differences: tuple[Difference, ...]


def add_options(parser: ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument(
        "id", nargs="?", default="", metavar="ID", help="a captured request, or the end of its id, or last"
    )
    parser.add_argument("--policy", metavar="FILE", default="", help="settings to decide by, as for serve")
    parser.add_argument("--captures", metavar="DIRECTORY", default="", help="look for captures there")
    now = since_option(lambda: datetime.fromtimestamp(time.time(), UTC).astimezone())
    parser.add_argument("--since", type=now, metavar="TIME", help="requests from then on: 2h, 7d, 2027-01-15")
    parser.add_argument("--failed", action="store_true", help="only those without a whole answer")
    parser.add_argument("--json", action="store_true", help="as JSON")
    add_source_options(parser)


def run(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Print what would differ, one request a line, the newest first; of one ID, each attempt then and now."""
    if arguments.id:
        return _run_one(arguments, environ)
    if not arguments.policy:
        raise RefusedError("name a captured request (peekd replay ID), or settings (--policy FILE)")
    healing_of = healing_by(load_settings(arguments.policy, environ).settings)
    query = Query(failed=arguments.failed, since=arguments.since, limit=MOST)
    records, _ = gathered(find_source(arguments, environ), query)
    replayed = replay(records, healing_of)
    if arguments.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(replayed)).decode() + "\n")
    else:
        sys.stdout.write(told(replayed, paint_for(sys.stdout, environ)))
    return DONE


def _run_one(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Ask one captured request again, of what its upstreams sent then; exit code 1 where it differs."""
    capture = captured(arguments.id, environ, arguments.captures)
    healing = None
    if arguments.policy:
        healing_of = healing_by(load_settings(arguments.policy, environ).settings)
        healing = healing_of(capture.record, capture.heard[0].upstream)
    try:
        played = play(capture, healing)
    except Unplayable as error:
        raise RefusedError(str(error)) from error
    if arguments.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(played)).decode() + "\n")
    else:
        sys.stdout.write(side_by_side(played, paint_for(sys.stdout, environ)))
    return DONE if played.same else FAILED


def healing_by(settings: Settings) -> HealingOf:
    """Give what finds [healing] as its route and its upstream have it; one that is gone leaves the base."""
    protocols = {name: upstream.protocol for name, upstream in settings.upstreams.items()}
    places = Places(settings.routes, protocols, settings.healing)

    def healing(record: RequestRecord, upstream: str) -> HealingSettings:
        layers = [settings.upstreams[upstream].healing] if upstream in settings.upstreams else []
        try:
            route = plan(record.model, record.protocol, places).route
        except ClientError:
            route = None
        if route is not None:
            layers.append(route.healing)
        return overlaid_healing(settings.healing, *layers)

    return healing


def replay(records: Sequence[RequestRecord], healing_of: HealingOf) -> Replayed:
    """Decide all of them anew."""
    decisions = sum(len(record.turns) for record in records)
    return Replayed(len(records), decisions, tuple(_differences(records, healing_of)))


def _differences(records: Sequence[RequestRecord], healing_of: HealingOf) -> Iterator[Difference]:
    for record in records:
        if record.turns:
            healing = healing_of(record, record.turns[0].upstream)
            found = redecide(record, healing, policy_in_force(healing))
            if found is not None:
                yield found


def told(replayed: Replayed, paint: Paint) -> str:
    """Write the differences as a table, and what was looked at."""
    looked = f"{replayed.decisions} decisions in {replayed.requests} requests"
    if not replayed.differences:
        return f"{looked}: all would be the same\n"
    rows = [_row(one) for one in replayed.differences]
    head, *lines = columns([_TITLES, *rows])
    return "\n".join([paint.head(head), *lines, "", f"{looked}: {len(rows)} requests would differ"]) + "\n"


def _row(one: Difference) -> tuple[str, ...]:
    moves = _move(one.move, one.after), _move(one.other_move, one.other_after)
    return plain(one.request)[-8:], str(one.attempt or "-"), one.outcome, *moves, plain(one.because)


def _move(move: str, after: float) -> str:
    return f"{move} +{after:.1f} s" if after else move
