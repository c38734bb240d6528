"""Holding Responses requests to OpenAI's rules about encrypted thoughts, in its own words.

https://platform.openai.com/docs/guides/reasoning: reasoning items go back as they came, each before the item
that it led to; with nothing stored, the encrypted content is all that is left.
"""

from __future__ import annotations

from typing import Final

from peekd.simulator.shapes import Json, tables
from peekd.simulator.signing import is_own

_SEALED: Final = {"reasoning", "compaction"}
_ASKING: Final = {"function_call_output", "custom_tool_call_output", "local_shell_call_output", ""}
"""Items that no thought leads to; "": a message is looked at for who says it."""

_UNREADABLE: Final = (
    "The encrypted content {shown} could not be verified. "
    "Reason: Encrypted content could not be decrypted or parsed."
)
_GONE: Final = (
    "Item with id '{identity}' not found. Items are not persisted when `store` is set to false. "
    "Try again with `store` set to true, or remove this item from your input."
)
_ALONE: Final = "Item '{identity}' of type 'reasoning' was provided without its required following item."


def refused_as(fault: str) -> tuple[str, int]:
    """Give the refusal's name and status (0: its own): only unreadable content has a code of its own."""
    if "could not be verified" in fault:
        return "signature", 0
    return "400", 404 if fault.endswith("from your input.") else 0


def judge_items(body: Json) -> str:
    """Give what a Responses request does wrong with replayed thoughts, "" for nothing."""
    items = tables(body.get("input"))
    for place, item in enumerate(items):
        if item.get("type") in _SEALED:
            fault = _fault(item, items[place + 1] if place + 1 < len(items) else {})
            if fault:
                return fault
    return ""


def _fault(item: Json, follower: Json) -> str:
    sealed, identity = item.get("encrypted_content"), item.get("id")
    if not sealed:
        return _GONE.format(identity=identity) if identity else ""
    if not is_own(str(sealed), "openai-responses"):
        return _UNREADABLE.format(shown=_shown(str(sealed)))
    if item.get("type") == "reasoning" and _asks(follower):
        return _ALONE.format(identity=identity)
    return ""


def _asks(item: Json) -> bool:
    """Tell the end, the user's words and results from what a model says."""
    said = str(item.get("type") or "message")
    return not item or said in _ASKING or (said == "message" and item.get("role") != "assistant")


def _shown(sealed: str) -> str:
    return f"{sealed[:4]}...{sealed[-4:]}"
