"""Bugs to be planted into peekd, one at a time: what the simulation must find. Each changes source text.

A function's code is replaced in place, so that every name for it has the bug. A plant whose text is no longer
there does not grow, and says so.
"""

from __future__ import annotations
import __future__

import inspect
import textwrap
from collections.abc import Generator
from contextlib import contextmanager
from operator import attrgetter
from types import CodeType, FunctionType, ModuleType
from typing import Any, cast

import msgspec

from peekd.accounts import candidates, leasing, standing, storms, succession
from peekd.healing import decide, hedge, history, peek, resume
from peekd.protocols.anthropic import compose
from peekd.records import tally
from peekd.relay import (
    archive,
    calls,
    delivery,
    facing,
    house,
    joint,
    journey,
    passage,
    race,
    reading,
    rendering,
    roster,
    scribe,
    tenure,
    trip,
    trying,
)
from peekd.service import connection, guard, http1, lane, reload
from peekd.serving import actions, app, callers, ingress
from peekd.signatures import memory
from peekd.store import ledger
from peekd.upstream import minting, transport
from peekd.upstream import pool as connections
from peekd.vocabulary import events


class Plant(msgspec.Struct, frozen=True):
    """One bug: what it is, the function it grows in, and what of its text becomes what."""

    name: str
    place: tuple[ModuleType, str]
    old: str
    new: str

    @property
    def code(self) -> CodeType:
        """What the function does now."""
        return _function(*self.place).__code__

    @contextmanager
    def grown(self) -> Generator[None]:
        """Have the bug until the block ends. Raises LookupError where its text is gone."""
        function = _function(*self.place)
        source = textwrap.dedent(inspect.getsource(function))
        if self.old not in source:
            raise LookupError(f"{self.name}: {function.__qualname__} no longer holds {self.old!r}")
        kept = function.__code__
        function.__code__ = _compiled(function, source.replace(self.old, self.new))
        try:
            yield
        finally:
            function.__code__ = kept


def _function(module: ModuleType, path: str) -> FunctionType:
    return cast("FunctionType", attrgetter(path)(module))


def _compiled(function: FunctionType, source: str) -> Any:
    code = compile(source, f"planted:{function.__qualname__}", "exec", __future__.annotations.compiler_flag)
    made: dict[str, Any] = {}
    exec(code, function.__globals__ | {"override": _same}, made)  # noqa: S102  its own source, changed
    return made[function.__name__].__code__


def _same(function: Any) -> Any:
    return function


PLANTS: tuple[Plant, ...] = (
    Plant(
        "a heartbeat resets the peek deadline",
        (peek, "Watch.deadline"),
        "self._sent + self._settings.peek_seconds",
        "self._last_byte + self._settings.peek_seconds",
    ),
    Plant(
        "an attempt that the budget cuts short is blamed for its silence",
        (peek, "Watch.at_silence"),
        "if self._hurried and",
        "if False and",
    ),
    Plant(
        "a cancel is swallowed: the journey goes on when its client is gone",
        (actions, "Actions._travel"),
        "    if await self._mended(trip.run(), asked.id) is BUG:\n",
        "    with trio.CancelScope(shield=True):\n"
        "        done = await self._mended(trip.run(), asked.id)\n    if done is BUG:\n",
    ),
    Plant(
        "an account is blamed when the client cancels",
        (facing, "Facing.leaving"),
        "else o.ClientGone()",
        "else o.Silent()",
    ),
    Plant(
        "a frame is torn by a ping",
        (delivery, "Delivery._note"),
        "return self._framing.wrap(frames)",
        "frames = getattr(self, 'kept', b'') + frames; self.kept = frames[-9:]; "
        "return self._framing.wrap(frames[:-9])",
    ),
    Plant(
        "what a client does not take at once is lost",
        (lane, "Lane.send_nowait"),
        "self.owed = self.write_some(chunk(piece))",
        "self.write_some(chunk(piece))",
    ),
    Plant(
        "a deadline that has moved on ends a stream",
        (reading, "Reading.flow"),
        "trio.current_time() >= self.watch.deadline()",
        "True",
    ),
    Plant(
        "a broken stream is tried again after the commit",
        (decide, "next_rung"),
        "    if rule.beyond:\n",
        "    if rule.beyond and len(history) < 2:\n        return 'again'\n    if rule.beyond:\n",
    ),
    Plant(
        "the wrong account is excluded",
        (trip, "Trip.decide"),
        "(*self._tried, lease.tried)",
        "(*self._tried, *(type(lease.tried)(name, lease.model) for name in self._tree.accounts "
        "if name != lease.account))",
    ),
    Plant(
        "usage is added where it should be replaced",
        (events, "merged"),
        "before.output if after.output is None else after.output",
        "(before.output or 0) + (after.output or 0)",
    ),
    Plant(
        "a row stays open when the client leaves",
        (scribe, "Scribe.close"),
        'if record.state == "done":',
        'if record.state == "done" or outcome == "client_gone":',
    ),
    Plant(
        "a row is closed twice",
        (scribe, "Scribe.close"),
        'if record.state == "done":',
        "if False:",
    ),
    Plant(
        "an attempt's row stays open when the client leaves",
        (scribe, "Scribe.close"),
        "if attempt.ended is None:",
        'if attempt.ended is None and outcome != "client_gone":',
    ),
    Plant(
        "wasted tokens are booked to the attempt that answered",
        (scribe, "Scribe._end"),
        "if seen or attempt.number == self.record.shown",
        "if attempt.number != self.record.shown",
    ),
    Plant(
        "a request's tokens are those of all its attempts",
        (scribe, "Scribe._sum_up"),
        'if one.number == record.shown or one.move == "resume"',
        "if one.usage.prompt",
    ),
    Plant(
        "what a killed process left open stays open",
        (ledger, "close_open"),
        "connection.execute(_CLOSE_REQUESTS, (note, note)).rowcount",
        "0",
    ),
    Plant(
        "of one batch the first word counts, not the last",
        (ledger, "statements"),
        "some = same[begin : begin + count]",
        "some = same[begin : begin + count][::-1]",
    ),
    Plant(
        "a slot is lost when a connect is cancelled",
        (connections, "Pool.acquire"),
        "if not given:",
        "if not given and not isinstance(__import__('sys').exception(), trio.Cancelled):",
    ),
    Plant(
        "jitter has dice of its own",
        (trip, "Trip._decided"),
        "self._house.seams.jitter()",
        "__import__('random').SystemRandom().random()",
    ),
    Plant(
        "frames of a failed attempt go out with the next one's",
        (passage, "Passage._release"),
        "for seen in held:",
        "old = getattr(self._scribe, 'held', [])\n    self._scribe.held = held\n"
        "    for seen in [*old, *held]:",
    ),
    Plant(
        "a truncated stream passes for a whole one",
        (peek, "Watch._at_end"),
        "    if self.finished is None:\n",
        "    if self.finished is None and self.substance:\n        return self._whole()\n"
        "    if self.finished is None:\n",
    ),
    Plant(
        "the last frame is sent twice",
        (rendering, "Verbatim.close"),
        'b"" if self._ended else',
        "",
    ),
    Plant(
        "a ping comes too late",
        (delivery, "_Chunks._wait"),
        "self._ping_seconds",
        "self._ping_seconds * 1.6",
    ),
    Plant(
        "a secret is written to the journal",
        (passage, "Passage._refused"),
        "words = without(self._secret, body)",
        "words = body; self._scribe._journal(__import__('msgspec').structs.replace("
        "__import__('peekd.records.entries', fromlist=['Entry']).Entry(body.decode('utf-8', 'replace')), "
        "request=self._scribe.record.id))",
    ),
    Plant(
        "a client's key is passed on",
        (ingress, "take_keys"),
        'keys.append(unquote_plus(value.decode("latin-1")))',
        'keys.append(unquote_plus(value.decode("latin-1")))\n            rest.append(item)',
    ),
    Plant(
        "attempts are not counted",
        (history, "attempts_spent"),
        "spent += not refused or account in asked",
        "spent += 0",
    ),
    Plant(
        "an early commit never comes",
        (actions, "Actions._wait_or_commit"),
        "if not replied:",
        "if not replied and False:",
    ),
    Plant(
        "a request's own fault is tried with every account",
        (decide, "next_rung"),
        "    kind = name_of(outcome)\n",
        "    kind = name_of(outcome)\n    if kind == 'rejected' and around.another:\n"
        "        return 'rotate'\n",
    ),
    Plant(
        "a lease is not given back when the client leaves",
        (tenure, "Tenure.settle"),
        "if not self.settled:",
        "if not self.settled and type(outcome).__name__ != 'ClientGone':",
    ),
    Plant(
        "an upstream is left open when its attempt is cancelled",
        (transport, "Body.aclose"),
        "await pool.release(connection)",
        "pool._slots.release()",
    ),
    Plant(
        "a blank answer is believed at once",
        (decide, "next_rung"),
        "    kind = name_of(outcome)\n",
        "    kind = name_of(outcome)\n    if kind == 'blank':\n        return 'relay'\n",
    ),
    Plant(
        "a limit rests the account for no time",
        (candidates, "_own_obstacles"),
        "health.resting(model, now)",
        "()",
    ),
    Plant(
        "what rested is forgotten by a restart",
        (standing, "restored"),
        "for standing in standings:",
        "for standing in ():",
    ),
    Plant(
        "what rested is read back by a clock that means nothing any more",
        (roster, "Roster._shift"),
        "self._archive.now() - trio.current_time()",
        "self._archive.now()",
    ),
    Plant(
        "many requests at once try whether a trouble is over",
        (candidates, "busy_until"),
        "if health.probe is not None and",
        "if False and",
    ),
    Plant(
        "a storm stops nobody",
        (storms, "raging"),
        "if storm.over(model) and",
        "if False and",
    ),
    Plant(
        "requests of a minute are counted for half of it",
        (leasing, "_begun"),
        "now - MINUTE",
        "now - MINUTE / 2",
    ),
    Plant(
        "attempts at once are not limited",
        (candidates, "busy_until"),
        "if 0 < account.max_concurrent <= health.in_flight:",
        "if False:",
    ),
    Plant(
        "all locks are cleared where nobody is left",
        (leasing, "lease"),
        "        return pool, rest(pool, wanted, now)\n",
        "        cleared = {n: msgspec.structs.replace(h, cooldowns=()) for n, h in pool.health.items()}\n"
        "        pool = msgspec.structs.replace(pool, health=cleared)\n"
        "        found = chosen(pool, wanted, now)\n"
        "        if found is None:\n"
        "            return pool, rest(pool, wanted, now)\n",
    ),
    Plant(
        "signatures are restored by what is latest, and not by what was said",
        (memory, "Memory._found"),
        "entries = (self._kept[key] for key in index.get(place, ()))",
        "entries = [*reversed(self._kept.values())][:1]",
    ),
    Plant(
        "a repair is had from any account",
        (journey, "Journey._travel"),
        "mend(step.outcome)\n                step = await self._asking.ask(trip, again=step.account)",
        "mend(step.outcome)\n                step = await self._asking.ask(trip)",
    ),
    Plant(
        "a second attempt is begun although a limit was met",
        (hedge, "why_not"),
        "(any(isinstance(outcome, LIMITS) for outcome in p.before), ",
        "(False, ",
    ),
    Plant(
        "a text that goes on loses a letter at the seam",
        (joint, "Joint._say"),
        "more = self._said[cut:]",
        "more = self._said[cut + 1:]",
    ),
    Plant(
        "a text goes on from less than the client has",
        (trying, "Trying._call"),
        "begun_with(trip.begun)",
        "begun_with(trip.begun[:-3])",
    ),
    Plant(
        "a text goes on where its route does not allow that",
        (facing, "Facing.beyond"),
        "goes_on = self._options.continue_text and",
        "goes_on = ",
    ),
    Plant(
        "a text that began anew is taken for one that goes on",
        (journey, "Journey._travel"),
        'case "again" | "resume":',
        'case "again" | "resume":\n                trip.begun = ""',
    ),
    Plant(
        "the slower of two attempts goes on",
        (race, "Race.win"),
        "scope.cancel()",
        "pass",
    ),
    Plant(
        "every request may be asked twice",
        (hedge, "Bucket.filled"),
        "self.level + share",
        "self.level + 1.0",
    ),
    Plant(
        "an answer cut inside a call ends as if the call were whole",
        (resume, "Shown._begin"),
        "self._open[index] = block",
        "self._called = isinstance(block, e.ToolCallBlock)",
    ),
    Plant(
        "a request is repaired again and again",
        (decide, "next_rung"),
        "    kind = name_of(outcome)\n",
        "    kind = name_of(outcome)\n    if kind == 'signature':\n        return 'repair'\n",
    ),
    Plant(
        "everyone who waits for an access token asks for one",
        (minting, "Mint._flight"),
        "if purse.flight is None:",
        "if True:",
    ),
    Plant(
        "an access token is sent though it has ended",
        (minting, "AccessToken.holds"),
        "return now < self._until and wall < self._until_wall",
        "return True",
    ),
    Plant(
        "a decision is not written down",
        (scribe, "Scribe.decided"),
        'self._write("decide"',
        'if step.decision.move != "again":\n        self._write("decide"',
    ),
    Plant(
        "a request whose client left is not counted",
        (tally, "Tally.closed"),
        "    protocol = record.protocol\n",
        "    protocol = record.protocol\n    if record.outcome == 'client_gone':\n        return\n",
    ),
    Plant(
        "a label grows with what clients send",
        (tally, "Tally._served"),
        "model = self._model(last.upstream, last.model)",
        "model = record.session or last.model",
    ),
    Plant(
        "a request goes over to other settings while it runs",
        (trip, "Trip.healing"),
        "self._tree.healing(",
        "self._house.tree.healing(",
    ),
    Plant(
        "a request is served by accounts of other settings than it met",
        (roster, "Roster.among"),
        "return None if crew is self._crew else switched(crew, self.pool)",
        "return None",
    ),
    Plant(
        "a request whose client left keeps its settings",
        (journey, "Journey.run"),
        "self._house.grove.leave(self._tree)",
        "isinstance(sys.exception(), trio.Cancelled) or self._house.grove.leave(self._tree)",
    ),
    Plant(
        "an account that a file no longer lists is forgotten while it works",
        (succession, "adopt"),
        "for name, old in pool.health.items()}\n",
        "for name, old in pool.health.items() if name in {one.name for one in listed}}\n",
    ),
    Plant(
        "settings with a fault are taken over as far as they go",
        (reload, "Reloader.reload"),
        "self._refuse(error.faults)\n",
        "self._refuse(error.faults)\n        house = self._parts.house\n"
        "        house.adopt(await house.grow(ground_of(self.settings, ''), self._parts.dials.of({})))\n",
    ),
    Plant(
        "connections of settings that are gone stay open",
        (house, "House._clear"),
        "self._nursery.start_soon(self.tree.upstreams.close_except, ways)",
        "del ways",
    ),
    Plant(
        "thoughts of any family go to Claude",
        (compose, "_turn"),
        "(is_own(part) and not repaired)",
        "(getattr(part, 'family', '') and not repaired)",
    ),
    Plant(
        "a repaired request is what it was",
        (journey, "Journey._travel"),
        "trip.repaired = True\n                self._facing.calls.mend(step.outcome)\n",
        "trip.repaired = False\n",
    ),
    Plant(
        "a repair for want of one signature takes out all",
        (calls, "Calls.mend"),
        "self._lacking = isinstance",
        "self._lacking = False and isinstance",
    ),
    Plant(
        "an account rests after a refused signature",
        (leasing, "_failed"),
        "    party = party_of(outcome, own_path=own_path)\n",
        "    if name_of(outcome) == 'signature':\n"
        "        outcome = __import__('peekd.vocabulary.outcomes', fromlist=['Empty']).Empty()\n"
        "    party = party_of(outcome, own_path=own_path)\n",
    ),
    Plant(
        "the store is not read at the start",
        (archive, "Archive.recall"),
        "for kept in loaded.steps:",
        "for kept in ():",
    ),
    Plant(
        "what is learned is not written down",
        (archive, "Archive.learn"),
        "if kept is not None:",
        "if kept is None:",
    ),
    Plant(
        "all conversations are one to the memory of signatures",
        (calls, "Calls.__init__"),
        'asked.session or ""',
        '"all"',
    ),
    Plant(
        "answers are not looked at for signatures",
        (calls, "Calls.learning"),
        "family=protocol.family",
        "family=''",
    ),
    Plant(
        "a key is compared by its beginning",
        (ingress, "match_key"),
        "hmac.compare_digest(key, told)",
        "told.startswith(key)",
    ),
    Plant(
        "the host of an absolute target is not looked at",
        (http1, "_parted"),
        'authority.rpartition(b"@")[2]',
        'b""',
    ),
    Plant(
        "a head has no deadline",
        (connection, "Connection._expect_head"),
        "if begun and not self._begun:",
        "if False:",
    ),
    Plant(
        "who says nothing is never taken off its address's count",
        (guard, "GuardedServer._serve_one"),
        "self._by_address[address] -= 1",
        "self._by_address[address] -= not connection._idle",
    ),
    Plant(
        "who forwards is believed, whoever it is",
        (callers, "find_caller"),
        "if address is None or not is_within(address, trusted):",
        "if address is None:",
    ),
    Plant(
        "accepting ends when descriptors do",
        (guard, "GuardedServer._accept"),
        "if error.errno not in _SHORTAGE:",
        "if error.errno:",
    ),
    Plant(
        "the room for a body is not given back when its client leaves",
        (app, "Front.leave"),
        "self.gate.leave(stay.key, stay.held)",
        "self.gate.leave(stay.key, 0)",
    ),
)
