"""Holding requests to the vendors' rules about thought signatures, in the vendors' own words.

https://platform.claude.com/docs/en/build-with-claude/extended-thinking and
https://ai.google.dev/gemini-api/docs/thought-signatures; OpenAI's are in `strict_items`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, cast

import msgspec

from peekd.simulator.acts import Act
from peekd.simulator.answer import compose
from peekd.simulator.asked import Asked, Json, Language
from peekd.simulator.signing import call_text, holds, is_own
from peekd.simulator.strict_items import judge_items, refused_as

_STAND_INS: Final = {"skip_thought_signature_validator", "context_engineering_is_the_way_to_go"}
_THOUGHTS: Final = {"thinking", "redacted_thinking"}
_SIGNED_CALLS: Final = "gemini-3"
"""How the models begin that demand signatures on calls."""

_MODIFIED: Final = (
    "`thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. "
    "These blocks must remain as they were in the original response."
)
_EXPECTED: Final = (
    "Expected `thinking` or `redacted_thinking`, but found `{found}`. When `thinking` is enabled, a final "
    "`assistant` message must start with a thinking block (preceeding the lastmost set of `tool_use` and "
    "`tool_result` blocks). We recommend you include thinking blocks from previous turns. To avoid this "
    "requirement, disable `thinking`."
)
_MISSING: Final = (
    "Function call is missing a thought_signature in functionCall parts. This is required for tools to work "
    "correctly, and missing thought_signature may lead to degraded model performance. Additional data, "
    "function call `default_api:{name}` , position {position}. Please refer to "
    "https://ai.google.dev/gemini-api/docs/thought-signatures for more details."
)


class Strict:
    """Judges requests, and remembers the thoughts of its own answers by their tool calls."""

    def __init__(self) -> None:
        self._thoughts: dict[str, list[tuple[str, str]]] = {}

    def refusal(self, asked: Asked, body: bytes) -> Act | None:
        """Give the refusal of a request that breaks a rule; None for one that breaks none."""
        judge = _JUDGES.get(asked.language)
        if judge is None or asked.verb != "generate" or asked.fault:
            return None
        fault = judge(self, asked, msgspec.json.decode(body, type=Json))
        if not fault:
            return None
        refusal, status = refused_as(fault) if asked.language == "openai-responses" else ("signature", 0)
        return Act("refuse", label="strict", refusal=refusal, status=status, message=fault)

    def note(self, asked: Asked, act: Act) -> None:
        """Remember what is answered."""
        if asked.language == "anthropic" and asked.verb == "generate":
            answer = compose(act, asked)
            shown = (answer.thinking or "") if asked.shown else ""
            thoughts = [] if answer.thinking is None else [(shown, answer.signature)]
            for index in range(len(answer.tools)):
                self._thoughts[f"toolu_sim{asked.number:06d}_{index}"] = thoughts

    # ---- Anthropic ------------------------------------------------------------------------------

    def judge_anthropic(self, asked: Asked, body: Json) -> str:
        """Give what a Messages request does wrong, "" for nothing."""
        del asked
        messages = [message for message in _tables(body.get("messages")) if message.get("role") != "system"]
        for place, message in enumerate(messages):
            if message.get("role") == "assistant":
                fault = _anthropic_fault(place, _tables(message.get("content")))
                if fault:
                    return fault
        return self._latest_fault(messages, str(_table(body.get("thinking")).get("type")))

    def _latest_fault(self, messages: list[Json], thinking: str) -> str:
        """Judge the message whose calls are answered now."""
        places = [n for n, message in enumerate(messages) if message.get("role") == "assistant"]
        place = places[-1] if places else 0
        brought = [block for message in messages[place + 1 :] for block in _tables(message.get("content"))]
        if not places or all(block.get("type") != "tool_result" for block in brought):
            return ""
        blocks = _tables(messages[place].get("content"))
        thoughts = [block for block in blocks if block.get("type") in _THOUGHTS]
        found = str(blocks[0].get("type")) if blocks else "text"
        if thinking == "enabled" and found not in _THOUGHTS:
            return f"messages.{place}.content.0.type: {_EXPECTED.format(found=found)}"
        calls = [str(block.get("id")) for block in blocks if block.get("type") == "tool_use"]
        issued = next((self._thoughts[call] for call in calls if call in self._thoughts), None)
        told = [
            (str(one.get("thinking", "")), str(one.get("signature", one.get("data")))) for one in thoughts
        ]
        ordered = blocks[: len(thoughts)] == thoughts
        if issued is not None and told and (told != issued or not ordered):
            return f"messages.{place}.content.{blocks.index(thoughts[0])}: {_MODIFIED}"
        return ""

    # ---- OpenAI ---------------------------------------------------------------------------------

    def judge_responses(self, asked: Asked, body: Json) -> str:
        """Give what a Responses request does wrong, "" for nothing."""
        del asked
        return judge_items(body)

    # ---- Gemini ---------------------------------------------------------------------------------

    def judge_gemini(self, asked: Asked, body: Json) -> str:
        """Give what a request to a Gemini model does wrong, "" for nothing."""
        contents = [
            (str(one.get("role")), _tables(one.get("parts"))) for one in _tables(body.get("contents"))
        ]
        if not all(_is_sound(part) for _, parts in contents for part in parts):
            return "Corrupted thought signature."
        if not asked.model.startswith(_SIGNED_CALLS):
            return ""
        for position in range(_current_turn(contents), len(contents)):
            role, parts = contents[position]
            call = next((part for part in parts if "functionCall" in part), None) if role == "model" else None
            if call is not None and not _proof(call):
                name = str(_table(call["functionCall"]).get("name"))
                return _MISSING.format(name=name, position=position + 1)
        return ""


_JUDGES: Final[dict[Language, Callable[[Strict, Asked, Json], str]]] = {
    "anthropic": Strict.judge_anthropic,
    "gemini": Strict.judge_gemini,
    "openai-responses": Strict.judge_responses,
}


def _anthropic_fault(place: int, blocks: list[Json]) -> str:
    """Judge the thoughts of one message, each for itself."""
    for number, block in enumerate(blocks):
        where = f"messages.{place}.content.{number}"
        if block.get("type") == "thinking" and "signature" not in block:
            return f"{where}.thinking.signature: Field required"
        proof = str(block.get("signature") if block.get("type") == "thinking" else block.get("data"))
        said = str(block.get("thinking", ""))
        if block.get("type") in _THOUGHTS and not (
            is_own(proof, "anthropic") and (not said or holds(proof, said))
        ):
            return f"{where}: Invalid `signature` in `thinking` block"
    if blocks and blocks[-1].get("type") in _THOUGHTS:
        return f"messages.{place}: The final block in an assistant message cannot be `thinking`."
    return ""


def _is_sound(part: Json) -> bool:
    """Tell whether a part's signature is one of Gemini's for it, a documented stand-in, or not there."""
    proof = _proof(part)
    if proof is None or proof in _STAND_INS:
        return True
    call = _table(part.get("functionCall"))
    said = call_text(str(call.get("name")), _table(call.get("args")))
    return is_own(str(proof), "gemini") and (not call or holds(str(proof), said))


def _proof(part: Json) -> object:
    """Give a part's signature: Google's APIs read either spelling."""
    return part.get("thoughtSignature", part.get("thought_signature"))


def _current_turn(contents: list[tuple[str, list[Json]]]) -> int:
    """Find the last content of the user's that is words and not a tool's result."""
    for position in range(len(contents) - 1, -1, -1):
        role, parts = contents[position]
        if role != "model" and any("functionResponse" not in part for part in parts):
            return position
    return 0


def _table(value: object) -> Json:
    return cast("Json", value) if isinstance(value, dict) else {}


def _tables(value: object) -> list[Json]:
    entries: Iterable[Any] = cast("list[Any]", value) if isinstance(value, list) else []
    return [table for entry in entries if (table := _table(entry))]
