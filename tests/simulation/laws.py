"""The laws: each looks at one request from every side, and says what is wrong with it.

docs/promises.md is where they come from. None of them asks peekd's own code anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import msgspec

from peekd.records.entries import RequestRecord
from simulation.heard import Heard, frames_of
from simulation.settings import CLIENT_KEY
from simulation.transcripts import OK, Call, Case, Said

Law = Callable[[Case], Iterator[str]]

LAG = 0.25
"""Seconds that connections and scheduling may add to a promised time."""

GONE_SECONDS = 0.1
SHORT = 8.0
"""Seconds after which a bad connection may still come to be noticed."""

SLOW = 3.5
"""Seconds from which an answer may pass a deadline."""

OURS = frozenset({400, 404, 405, 408, 409, 413, 422, 429, 500, 503})
OWN_FAULTS = frozenset({400, 413, 422})
CHEAP = frozenset({400, 401, 402, 403, 404, 413, 422, 429})
KEPT_BACK = ("set-cookie", "server", "anthropic-ratelimit", "x-ratelimit", "anthropic-organization", "openai-org")
CANARY = b"sk-canary-up-"


def _streamed(call: Call) -> bool:
    return call.status == OK and call.wish.stream and call.errand == "converse"


def _finished(call: Call) -> bool:
    """Whether the client got all that the daemon had for it."""
    return call.end == "whole"


# ---- the shape of an answer -----------------------------------------------------------------------------


def one_start(case: Case) -> Iterator[str]:
    """However many attempts it took, an answer begins once."""
    call = case.call
    if not _streamed(call) or call.end == "gave up":
        return
    if call.heard.starts > 1:
        yield f"it began {call.heard.starts} times"
    if call.heard.means and not call.heard.starts:
        yield "it says something and never began"


def one_end(case: Case) -> Iterator[str]:
    """A stream that came to its end has one end: its terminal, or an error; and nothing after it."""
    call, heard = case.call, case.call.heard
    if not _streamed(call):
        return
    if heard.ends > 1:
        yield f"it ended {heard.ends} times"
    if heard.after_end:
        yield f"{heard.after_end} frames came after its end"
    if heard.ends and heard.error:
        yield f"it ended well and with an error ({heard.error[:80]})"
    if _finished(call) and not heard.ends and not heard.error:
        yield "its body ended without terminal or error"


def frames_whole(case: Case) -> Iterator[str]:
    """No frame is torn, nothing stands between that does not belong there."""
    call = case.call
    if call.errand != "converse" or call.status != OK or not _finished(call):
        return
    yield from call.heard.torn


def tool_json(case: Case) -> Iterator[str]:
    """The arguments of a finished answer's calls are JSON objects; verbatim ones are the upstream's own."""
    call = case.call
    verbatim = any(said.language == call.tongue and _same(call.heard, said.heard) for said in case.said)
    if call.errand == "converse" and call.well and not verbatim:
        for name, arguments in case.call.heard.calls():
            if not isinstance(arguments, dict):
                yield f"arguments of {name}: {arguments!r}"


def never_cut(case: Case) -> Iterator[str]:
    """What peekd answers ends as HTTP has it: never a reset, never half a body."""
    call = case.call
    if call.end != "cut" or not call.prompt or call.disturbed:
        return
    if call.status:
        yield f"the connection ended inside the answer (status {call.status}, {call.size} bytes)"
    elif call.asked_at is not None and not (call.stopping or _crossed(call)):
        yield "the connection ended without an answer"


def _crossed(call: Call) -> bool:
    """Whether a kept connection was closed just as the request went out on it: every client knows that."""
    return call.reused and call.ended_at - call.began < LAG


# ---- what it says -----------------------------------------------------------------------------------------


def content_of_one_attempt(case: Case) -> Iterator[str]:
    """What the client read is what one attempt said, or the beginning of it; never a mixture."""
    call = case.call
    if call.errand != "converse" or call.status != OK or not call.heard.means:
        return
    if not any(_begins(call.heard, said.heard) for said in case.said):
        yield f"no attempt said {call.heard.text[:80]!r} {call.heard.tools}"


def no_false_end(case: Case) -> Iterator[str]:
    """A client takes an answer for whole only where an attempt said just that, to its end."""
    call = case.call
    if call.errand != "converse" or not call.well:
        return
    if not any(said.heard.whole and _same(call.heard, said.heard) for said in case.said):
        yield f"no attempt ended with {call.heard.text[-60:]!r}, {len(call.heard.tools)} calls"


def no_empty_200(case: Case) -> Iterator[str]:
    """A 200 means something, unless its model twice had nothing to say, or stopped for a reason."""
    call = case.call
    if call.errand != "converse" or not call.well or call.heard.means:
        return
    silent = [said for said in case.said if said.heard.whole and not said.heard.means]
    natural = {"end_turn", "tool_use", "STOP", "stop", "tool_calls"}
    if sum(said.heard.reason in natural for said in silent) == 1 == len(silent):
        yield f"an empty answer was believed at once ({silent[0].heard.reason})"
    if not silent:
        yield "an empty answer that nobody gave"


def usage_told(case: Case) -> Iterator[str]:
    """Usage is the upstream's last word, neither added up nor made up."""
    call = case.call
    if call.errand != "converse" or not call.well or call.heard.output is None:
        return
    sources = [said for said in case.said if said.heard.whole and _same(call.heard, said.heard)]
    if not sources or any(said.thinks for said in sources):
        return  # thoughts are counted in one protocol and beside the output in another
    told = {said.heard.output for said in sources}
    if None not in told and call.heard.output not in told:
        yield f"the client was told {call.heard.output} tokens, upstream said {sorted(map(str, told))}"


def model_told(case: Case) -> Iterator[str]:
    """A translated answer names the model that was asked for."""
    call = case.call
    if call.errand != "converse" or not call.well or not call.heard.model:
        return
    sources = [said for said in case.said if _begins(call.heard, said.heard)]
    if sources and all(said.language != call.tongue for said in sources):
        if call.heard.model != call.wish.model:
            yield f"asked for {call.wish.model}, told {call.heard.model}"


def verbatim(case: Case) -> Iterator[str]:
    """On one protocol the upstream's frames go as they came, in order, and none is missing."""
    call = case.call
    if not _streamed(call) or not call.well or call.wish.array:
        return
    own = [said for said in case.said if said.language == call.tongue and said.streams and said.heard.whole]
    ours = _frames(call.body)
    if own and len(own) == len([said for said in case.said if said.heard.whole]):
        if not any(_within(_frames(said.answer.body), ours) for said in own):
            yield "its frames are not those of any attempt"


def _frames(body: bytes) -> list[str]:
    return [one.data for one in frames_of(body) if one.data and one.event != "ping" and one.data != "[DONE]"]


def _within(theirs: list[str], ours: list[str]) -> bool:
    """Whether ours are theirs, but for frames of usage alone, a last frame supplied, and what came after."""
    rest = iter(theirs)
    last = '{"type":"message_stop"}'
    return all(any(frame == other for other in rest) for frame in ours if frame != last)


def _same(client: Heard, upstream: Heard) -> bool:
    thoughts = client.thinking in {upstream.thinking, ""}
    return client.text == upstream.text and thoughts and client.calls() == upstream.calls()


def _begins(client: Heard, upstream: Heard) -> bool:
    names = [name for name, _ in client.tools]
    return (
        upstream.text.startswith(client.text)
        and upstream.thinking.startswith(client.thinking)
        and [name for name, _ in upstream.tools][: len(names)] == names
        and (upstream.means or not client.means)
    )


# ---- when it comes ------------------------------------------------------------------------------------------


def no_silence(case: Case) -> Iterator[str]:
    """A streaming client that reads waits for no byte longer than it was promised."""
    call, healing = case.call, case.rules.healing
    if not (call.wish.stream and call.errand == "converse" and call.prompt and call.asked_at is not None):
        return
    if call.end not in {"whole", "left"} or call.disturbed:
        return
    if call.status == OK:
        first = call.head_at - max(call.began, call.asked_at)
        if first > healing.early_commit_seconds + LAG:
            yield f"{first:.2f} s to the first byte"
        times = [call.head_at, *(at for at, _ in call.pieces), call.ended_at]
        longest = max(later - earlier for earlier, later in zip(times, times[1:], strict=False))
        if longest > healing.ping_seconds + LAG:
            yield f"{longest:.2f} s of silence"


def over_in_time(case: Case) -> Iterator[str]:
    """Nothing outlives its deadlines: the budget, or what the last word of an attempt leaves."""
    call, healing, server = case.call, case.rules.healing, case.rules.server
    if call.end == "gave up":
        yield "the client waited for ever"
        return
    if call.asked_at is None or not call.prompt or call.end != "whole":
        return
    slack = healing.reasoning_seconds + LAG
    meanings = [max(said.meant_at or said.arrived_at, said.last_at) for said in case.said]
    last = max([call.asked_at + healing.budget_seconds, call.asked_at, *meanings])
    if call.ended_at > last + slack + server.write_stall_seconds:
        yield f"over {call.ended_at - last:.1f} s after the last sign of life and its budget"


def peek_is_absolute(case: Case) -> Iterator[str]:
    """An attempt that shows no progress is left at the peek deadline, whatever pings it sends."""
    healing = case.rules.healing
    for said in case.said:
        ended = said.ended_at
        progressed = said.meant_at is not None or said.heard.means or said.heard.progress
        if ended is None or not said.streams or progressed:
            continue
        limit = max(healing.peek_seconds, healing.headers_seconds) + healing.send_seconds
        if not said.pieces and not case.call.wish.padding:
            limit = max(healing.headers_seconds, healing.peek_seconds)
        elif said.pieces and not case.call.wish.padding and said.pieces[0][1].startswith(b"HTTP/1.1 200"):
            limit = healing.peek_seconds
        if ended - said.arrived_at > limit + 2 * LAG and said.left_at is not None:
            yield f"attempt {said.number} ({said.label}) said nothing for {ended - said.arrived_at:.1f} s"


def leaves_with_client(case: Case) -> Iterator[str]:
    """Within 100 ms of the client's leaving every attempt of the request is closed."""
    left = case.call.left_at
    ahead = "pipelines" in case.call.manner and case.call.wish.padding  # not read while the first is served
    if left is None or case.call.disturbed or ahead:
        return
    for said in case.said:
        if (said.ended_at or float("inf")) > left + GONE_SECONDS and not _was_over(case.call, said, left):
            yield f"attempt {said.number} ({said.label}) went on for {(said.ended_at or 1e9) - left:.2f} s"


def _was_over(call: Call, said: Said, left: float) -> bool:
    """Whether the client had its end when it went: what an upstream says after that is nobody's business."""
    return bool(call.heard.ends or call.heard.error)


# ---- what it costs --------------------------------------------------------------------------------------------


def within_limits(case: Case) -> Iterator[str]:
    """A request spends its attempts and accounts, no more, and begins none after its budget."""
    call, healing = case.call, case.rules.healing
    if call.errand != "converse":
        return
    accounts, spent = set[str](), 0
    for said in case.said:
        refused = said.answer.status in CHEAP
        spent += not refused or said.account in accounts
        accounts.add(said.account)
    if spent > healing.max_attempts + _unfolded(case):
        yield f"{spent} attempts, {healing.max_attempts} allowed"
    if len(accounts) > healing.max_accounts:
        yield f"{len(accounts)} accounts, {healing.max_accounts} allowed"
    begun = case.said[-1].arrived_at if case.said else 0.0
    if call.asked_at is not None and call.prompt and begun > max(call.asked_at, call.began) + healing.budget_seconds + healing.connect_seconds + LAG:
        yield f"an attempt was begun {begun - call.asked_at:.1f} s after it was asked"


def _unfolded(case: Case) -> int:
    """A stream that could not be folded is asked for once more, and is no failure of anybody's."""
    return sum("unfoldable" in attempt.upstream_error for attempt in case.record.attempts) if case.record else 0


def own_fault_at_once(case: Case) -> Iterator[str]:
    """A request's own fault is told at once: no other account is asked."""
    for number, said in enumerate(case.said):
        plain = said.label in {"400", "413", "422"} and said.answer.status in OWN_FAULTS and said.answer.complete
        if plain and case.said[number + 1 :]:
            yield f"{said.label} by attempt {said.number}, and {len(case.said) - number - 1} more were made"
        if plain and _finished(case.call) and case.call.status in {429, 503}:
            yield f"upstream said {said.label}, the client was told {case.call.status}"


def blame_is_earned(case: Case) -> Iterator[str]:
    """An account rests only where its own upstream failed it just then: no client and no request is its fault."""
    for blame in case.blames:
        if not any(_earned(blame.account, blame.since, said) for said in case.others):
            upstream = blame.account.rstrip("0123456789")
            if not any(name == upstream and abs(at - blame.since) < SHORT for at, name in case.bad_lines):
                yield f"{blame.account} rests since {blame.since:.2f} ({blame.cause}), and nothing went wrong there"


def _earned(account: str, since: float, said: Said) -> bool:
    bad = bool(said.fault) and said.fault.split()[0] not in {"400", "413", "422", "signature"}
    ended = said.ended_at
    return (
        said.account == account
        and said.arrived_at <= since + LAG
        and (ended is None or since <= ended + 2.5)
        and (bad or _slow(said, since))
    )


def _slow(said: Said, since: float) -> bool:
    """Whether an answer that was well took so long that a deadline may have passed."""
    return since - said.arrived_at > SLOW


def nobody_idles(case: Case) -> Iterator[str]:
    """Within its limits no request fails for lack of an account while a healthy one idles."""
    call, healing = case.call, case.rules.healing
    if call.errand != "converse" or call.status not in {429, 503} or not case.idle or call.disturbed:
        return
    record = case.record
    if record is None or record.outcome in {"rejected", "too_large", "drained", "signature"}:
        return
    attempts = len(record.attempts)
    accounts = len({attempt.account for attempt in record.attempts})
    late = (record.seconds or 0) + 3 >= healing.budget_seconds
    if attempts < healing.max_attempts and accounts < healing.max_accounts and not late:
        yield f"{call.status} after {attempts} attempts, while {', '.join(case.idle)} had nothing to do"


# ---- what it is told --------------------------------------------------------------------------------------------


def true_status(case: Case) -> Iterator[str]:
    """Errors are peekd's own: no account's 401, no 5xx of a vendor's; and one that may pass names a time."""
    call = case.call
    if call.end in {"", "refused", "gave up"} or not call.status or call.status == OK:
        return
    if call.status == 500:
        yield "peekd met a bug of its own"
    stranger = call.errand == "stranger" and call.status == 401
    if call.status not in OURS and not stranger:
        yield f"status {call.status}"
    timed = "retry-after" in call.headers or call.headers.get("x-should-retry") == "false"
    if call.status in {429, 503} and not timed:
        yield f"{call.status} without a time to come back"
    if _finished(call) and not call.heard.error:
        yield f"{call.status} with a body that is no error of {call.tongue}: {call.body[:80]!r}"


def errands_done(case: Case) -> Iterator[str]:
    """What is no conversation is answered too: counts, strangers, nonsense, lost paths."""
    call = case.call
    if call.asked_at is None:
        return
    wanted = {
        "count": {OK, 429, 503},
        "stranger": {401} if case.rules.server.auth != "auto" else {OK, *OURS},
        "nonsense": {400, 429, 503},
        "lost": {404},
    }.get(call.errand)
    if wanted and _finished(call) and call.status not in wanted:
        yield f"{call.errand}: status {call.status}"


def secrets_kept(case: Case) -> Iterator[str]:
    """No credential reaches a client, no client's key an upstream, and neither is written down."""
    written = b"".join(msgspec.json.encode(entry) for _, entry in case.entries)
    record = msgspec.json.encode(case.record) if case.record else b""
    told = case.call.body + msgspec.json.encode(case.call.headers)
    for place, text in (("client", told), ("journal", written), ("record", record)):
        if b"sk-canary" in text:
            at = text.index(b"sk-canary")
            yield f"towards the {place}: {text[max(0, at - 40) : at + 40]!r}"
    for said in case.said:
        if CLIENT_KEY.encode() in said.line.sent:
            yield f"a client's key went to {said.upstream}"
        keys = {part.split(b"-")[3] for part in _keys(bytes(said.line.sent))}
        if keys - {account.encode() for account in _accounts_of(case, said)}:
            yield f"a credential of {keys} went to {said.upstream}"


def _keys(text: bytes) -> Iterator[bytes]:
    for part in text.split(CANARY)[1:]:
        yield CANARY + part[:40]


def _accounts_of(case: Case, said: Said) -> set[str]:
    return {other.account for other in case.others if other.upstream == said.upstream}


def kept_back(case: Case) -> Iterator[str]:
    """An account's limits, cookies and servers are nobody's business."""
    for name in case.call.headers:
        if name.startswith(KEPT_BACK):
            yield f"header {name}"


# ---- what is written down ------------------------------------------------------------------------------------------


def record_tells(case: Case) -> Iterator[str]:
    """There is one record, closed, and it says what became of the request."""
    call, record = case.call, case.record
    if call.errand != "converse" or call.disturbed:
        return
    if record is None:
        if "x-request-id" in call.headers and call.status == OK:
            yield "no record"
        return
    if record.state != "done":
        yield "the record is still open"
    yield from _told_by(record, call)
    numbers = [attempt.number for attempt in record.attempts]
    if numbers != list(range(1, len(numbers) + 1)) or len(numbers) < len(case.said):
        yield f"{len(case.said)} attempts were seen, and {numbers} written down"
    if sum(entry.phase == "end" for _, entry in case.entries) > 1:
        yield "it ended more than once in the journal"


def _told_by(record: RequestRecord, call: Call) -> Iterator[str]:
    if _finished(call) and call.well and record.outcome not in {"completed", "client_gone"}:
        yield f"the client has a whole answer, the record says {record.outcome}"
    if _finished(call) and not call.well and record.outcome == "completed":
        yield "the client has no whole answer, the record says completed"
    if record.outcome == "internal":
        yield "a bug of peekd's own"
    if _finished(call) and record.status != call.status:
        yield f"status {call.status}, written down as {record.status}"


LAWS: Mapping[str, Law] = {
    law.__name__: law
    for law in (
        *(one_start, one_end, frames_whole, tool_json, never_cut),
        *(content_of_one_attempt, no_false_end, no_empty_200, usage_told, model_told, verbatim),
        *(no_silence, over_in_time, peek_is_absolute, leaves_with_client),
        *(within_limits, own_fault_at_once, blame_is_earned, nobody_idles),
        *(true_status, errands_done, secrets_kept, kept_back, record_tells),
    )
}


def judge(case: Case) -> Iterator[tuple[str, str]]:
    """Try every law on a request; gives the names of those broken, and how."""
    for name, law in LAWS.items():
        for complaint in law(case):
            yield name, complaint
