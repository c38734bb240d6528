"""The items of a Responses request as turns and parts, and the tools that were loaded on the way.

https://platform.openai.com/docs/api-reference/responses/create#responses-create-input
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from peekd.protocols.fields import Fields, Place
from peekd.protocols.openai.inline import read_arguments
from peekd.protocols.openai_responses.contents import read_content, read_words
from peekd.protocols.openai_responses.thoughts import read_reasoning
from peekd.protocols.openai_responses.tools import LOCAL_SHELL, TOOL_SEARCH, flat_name, read_tool
from peekd.signatures.seal import Carried, Seal
from peekd.vocabulary.conversation import Part, Text, Tool, ToolCall, ToolResult, Turn
from peekd.vocabulary.errors import ClientError

_SYSTEM: Final = {"system", "developer"}


class Items:
    """Reads items one after the other.

    What the model said and called in one go is one turn; so are results that follow each other. Instructions
    that stand first are `system`. Empty words are left out, and so is a turn of which nothing is left.
    """

    def __init__(self, seal: Seal) -> None:
        self.system: list[str] = []
        self.turns: list[Turn] = []
        self.tools: list[Tool] = []
        self._seal = seal
        self._owed: Carried | None = None  # a proof on its way to the next call
        self._answering = False  # whether the last turn is made of results

    def read(self, place: Place) -> None:
        """Read one item. Raises ClientError."""
        fields = place.fields()
        kind = fields.string("type") or ("message" if "role" in fields else "item_reference")
        read = _KINDS.get(kind)
        if read is None:
            place.drop(f"type={kind}")
            return
        read(self, fields, place)
        for bookkeeping in ("id", "status"):  # of the upstream that made it
            fields.place(bookkeeping)
        fields.close()

    # ---- one kind each --------------------------------------------------------------------------

    def message(self, fields: Fields, _place: Place) -> None:
        """Read words and media of anybody."""
        role = fields.needed("role")
        said = role.string()
        content = fields.needed("content")
        if said == "assistant":
            fields.place("phase")
            self._say(*read_words(content))
        elif said in _SYSTEM:
            self._instruct(read_words(content))
        elif said == "user":
            self._turn(Turn("user", tuple(read_content(content))))
        else:
            raise ClientError("invalid_request", f"{role.path}: expected user, assistant or developer")

    def reasoning(self, fields: Fields, place: Place) -> None:
        """Read replayed thoughts; the proof of a call waits for it."""
        parts, owed = read_reasoning(fields, place, self._seal)
        self._say(*parts)
        self._owed = owed or self._owed

    def function_call(self, fields: Fields, _place: Place) -> None:
        """Read a replayed call."""
        name = flat_name(fields.string("namespace"), fields.needed("name").string())
        self._call(fields, name, read_arguments(fields.place("arguments")))

    def custom_tool_call(self, fields: Fields, _place: Place) -> None:
        """Read a replayed call in words of a grammar."""
        name = flat_name(fields.string("namespace"), fields.needed("name").string())
        self._call(fields, name, {"input": fields.needed("input").string()})

    def tool_search_call(self, fields: Fields, place: Place) -> None:
        """Read a replayed search for tools, where the client ran it."""
        if fields.string("execution") != "client":
            place.drop("type=tool_search_call")
            return
        self._call(fields, TOOL_SEARCH, fields.object("arguments") or {})

    def local_shell_call(self, fields: Fields, _place: Place) -> None:
        """Read a replayed call of the shell."""
        action = fields.object("action") or {}
        self._call(fields, LOCAL_SHELL, {key: value for key, value in action.items() if key != "type"})

    def result(self, fields: Fields, _place: Place) -> None:
        """Read what a tool gave."""
        identity = (fields.place("call_id") or fields.needed("id")).string()  # a shell's has no call_id
        output = fields.place("output")
        for said in ("name", "namespace"):  # the call has them
            fields.place(said)
        self._answer(ToolResult(identity, () if output is None else tuple(read_content(output))))

    def tool_search_output(self, fields: Fields, place: Place) -> None:
        """Read the tools that a search loaded: from now on they can be called."""
        if fields.string("execution") != "client":
            place.drop("type=tool_search_output")
            return
        identity = fields.needed("call_id").string()
        found = fields.needed("tools")
        self.tools += (tool for one in found.items() for tool in read_tool(one) or ())
        self._answer(ToolResult(identity, (Text(msgspec.json.encode(found.value).decode()),)))

    def item_reference(self, _fields: Fields, place: Place) -> None:
        """Refuse what lies at the upstream that made it."""
        raise ClientError(
            "invalid_request",
            f"{place.path}: this upstream keeps no items that could be referred to; send it whole",
        )

    def compaction_trigger(self, _fields: Fields, place: Place) -> None:
        """Refuse to compact: no other API has a word for it, and peekd puts none into a prompt."""
        raise ClientError(
            "invalid_request",
            f"{place.path}.type: compaction_trigger: this upstream cannot compact a conversation; Codex does "
            "it by itself for a provider that stands under [model_providers] in its configuration",
        )

    # ---- turns ----------------------------------------------------------------------------------

    def _instruct(self, words: list[Text]) -> None:
        if self.turns:
            self._turn(Turn("system", tuple(words)))
        else:
            self.system += (part.text for part in words)

    def _call(self, fields: Fields, name: str, arguments: dict[str, Any]) -> None:
        call = ToolCall(fields.needed("call_id").string(), name, arguments)
        owed, self._owed = self._owed, None
        if owed is not None:
            call = msgspec.structs.replace(call, signature=owed.proof, family=owed.family)
        self._say(call)

    def _say(self, *parts: Part) -> None:
        if parts and self.turns and self.turns[-1].role == "assistant":
            self.turns[-1] = Turn("assistant", self.turns[-1].parts + parts)
        else:
            self._turn(Turn("assistant", parts))

    def _answer(self, result: ToolResult) -> None:
        if self._answering:
            self.turns[-1] = Turn("user", (*self.turns[-1].parts, result))
        else:
            self._turn(Turn("user", (result,)))
        self._answering = True

    def _turn(self, turn: Turn) -> None:
        if turn.parts:
            self.turns.append(turn)
            self._answering = False
            self._owed = self._owed if turn.role == "assistant" else None


_KINDS: Final[dict[str, Callable[[Items, Fields, Place], None]]] = {
    "message": Items.message,
    "reasoning": Items.reasoning,
    "function_call": Items.function_call,
    "function_call_output": Items.result,
    "custom_tool_call": Items.custom_tool_call,
    "custom_tool_call_output": Items.result,
    "tool_search_call": Items.tool_search_call,
    "tool_search_output": Items.tool_search_output,
    "local_shell_call": Items.local_shell_call,
    "local_shell_call_output": Items.result,
    "item_reference": Items.item_reference,
    "compaction_trigger": Items.compaction_trigger,
}
"""Of all others nothing can be said elsewhere: they are listed by their kind."""
