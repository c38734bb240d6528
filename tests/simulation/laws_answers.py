"""Laws on what a client is given: the shape of an answer, and what it says."""

from __future__ import annotations

from collections.abc import Iterator

from simulation.heard import Heard, frames_of
from simulation.laws_beyond import bounded, resumed
from simulation.transcripts import LAG, OK, Call, Case, finished, streamed

# ---- the shape of an answer ----------------------------------------------------------------------


def one_start(case: Case) -> Iterator[str]:
    """However many attempts it took, an answer begins once."""
    call = case.call
    if not streamed(call) or call.end == "gave up":
        return
    if call.heard.starts > 1:
        yield f"it began {call.heard.starts} times"
    if call.heard.means and not call.heard.starts:
        yield "it says something and never began"


def one_end(case: Case) -> Iterator[str]:
    """A stream that came to its end has one end: its terminal, or an error; and nothing after it."""
    call, heard = case.call, case.call.heard
    if not streamed(call):
        return
    if heard.ends > 1:
        yield f"it ended {heard.ends} times"
    if heard.after_end:
        yield f"{heard.after_end} frames came after its end"
    if heard.ends and heard.error:
        yield f"it ended well and with an error ({heard.error[:80]})"
    if finished(call) and not heard.ends and not heard.error:
        yield "its body ended without terminal or error"


def frames_whole(case: Case) -> Iterator[str]:
    """No frame is torn that did not come so, nothing stands between that does not belong there."""
    call = case.call
    if call.errand != "converse" or call.status != OK or not finished(call):
        return
    came_so = {torn for said in case.said if said.language == call.tongue for torn in said.heard.torn}
    yield from (torn for torn in call.heard.torn if torn not in came_so)


def tool_json(case: Case) -> Iterator[str]:
    """The arguments of a finished answer's calls are JSON objects; verbatim ones are the upstream's own.

    Those of a call that the model was stopped in need not be.
    """
    call = case.call
    verbatim = any(said.language == call.tongue and _same(call.heard, said.heard) for said in case.said)
    if call.errand == "converse" and call.well and not verbatim and call.heard.reason not in _LIMITS:
        for name, arguments in case.call.heard.calls():
            if not isinstance(arguments, dict):
                yield f"arguments of {name}: {arguments!r}"


_LIMITS = {"max_tokens", "length", "refusal", "content_filter"}
"""Why a model was stopped, in the languages in which half a call is told as far as it came."""


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


# ---- what it says --------------------------------------------------------------------------------


def content_of_one_attempt(case: Case) -> Iterator[str]:
    """What the client read is what one attempt said, or the beginning of it; never a mixture."""
    call = case.call
    if call.errand != "converse" or call.status != OK or not call.heard.means:
        return
    if not resumed(case) and not any(_begins(call.heard, said.heard) for said in case.said):
        yield f"no attempt said {call.heard.text[:80]!r} {call.heard.tools}"


def no_false_end(case: Case) -> Iterator[str]:
    """A client takes an answer for whole only where an attempt said just that, to its end.

    What a route's options make of a broken one has laws of its own.
    """
    call = case.call
    if call.errand != "converse" or not call.well or bounded(case) or resumed(case):
        return
    if not any(said.heard.whole and _same(call.heard, said.heard) for said in case.said):
        yield f"no attempt ended with {call.heard.text[-60:]!r}, {len(call.heard.tools)} calls"


def no_empty_200(case: Case) -> Iterator[str]:
    """A 200 means something, unless its model twice had nothing to say, or stopped for a reason."""
    call = case.call
    if call.errand != "converse" or not call.well or call.heard.means:
        return
    silent = [said for said in case.said if said.heard.whole and not _speaks(said.heard)]
    natural = {"end_turn", "tool_use", "STOP", "stop", "tool_calls", "completed"}
    if sum(said.heard.reason in natural for said in silent) == 1 == len(silent):
        yield f"an empty answer was believed at once ({silent[0].heard.reason})"
    if not silent:
        yield "an empty answer that nobody gave"


def _speaks(heard: Heard) -> bool:
    """Whether there is anything for a client that sees no thoughts."""
    return bool(heard.text or heard.tools or heard.data)


def usage_told(case: Case) -> Iterator[str]:
    """Usage is the upstream's last word, neither added up nor made up."""
    call = case.call
    if call.errand != "converse" or not call.well:
        return
    sources = [said for said in case.said if said.heard.whole and _same(call.heard, said.heard)]
    if not sources or any(said.thinks for said in sources):
        return  # thoughts are counted in one protocol and beside the output in another
    told = {said.heard.output for said in sources} - {None}
    if not told:
        return
    if call.heard.output is not None and call.heard.output not in told:
        yield f"the client was told {call.heard.output} tokens, upstream said {told}"
    written = case.record.usage.output if case.record else None
    if written is not None and written not in told:
        yield f"{written} tokens were written down, upstream said {told}"


def model_told(case: Case) -> Iterator[str]:
    """A translated answer names the model that was asked for."""
    call = case.call
    if call.errand != "converse" or not call.well or not call.heard.model:
        return
    sources = [said for said in case.said if _begins(call.heard, said.heard)]
    translated = bool(sources) and all(said.language != call.tongue for said in sources)
    if translated and call.heard.model != call.wish.model:
        yield f"asked for {call.wish.model}, told {call.heard.model}"


def verbatim(case: Case) -> Iterator[str]:
    """On one protocol the upstream's frames go as they came, in order, and none is missing."""
    call = case.call
    if not streamed(call) or not call.well or call.wish.array or bounded(case) or resumed(case):
        return
    own = [said for said in case.said if said.language == call.tongue and said.streams and said.heard.whole]
    ours = _frames(call.body)
    alone = bool(own) and len(own) == sum(said.heard.whole for said in case.said)
    if alone and not any(_within(_frames(said.answer.body), ours) for said in own):
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
