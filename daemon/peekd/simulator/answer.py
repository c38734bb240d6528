"""What the model says: an act's content, or where it names none, something an agent can go on with."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from peekd.simulator.acts import Act, ToolUse
from peekd.simulator.asked import Asked
from peekd.simulator.signing import call_text, sign

_SHELLS: Final = re.compile(r"bash|shell|exec_command", re.IGNORECASE)
_WANTS_A_COMMAND: Final = re.compile(r"\b(run|execute|shell|bash|command|tool)\b", re.IGNORECASE)
_WANTS_A_PATCH: Final = re.compile(r"\bpatch\b", re.IGNORECASE)
_COMMAND: Final[dict[str, Any]] = {"command": "echo peekd", "description": "Say peekd"}
_COMMAND_FIELDS: Final = ("command", "cmd")
_PATCH: Final = "apply_patch"
_INPUTS: Final[dict[str, dict[str, Any]]] = {
    "exec_command": {"cmd": "echo peekd"},
    "local_shell": {"command": ["echo", "peekd"], "env": {}},
    _PATCH: {"input": "*** Begin Patch\n*** Add File: peekd.txt\n+peekd\n*** End Patch"},
    "tool_search": {"query": "peekd", "limit": 3},
    "web_search": {"query": "peekd"},
}
"""What tools of these names are called with; all others as a shell."""
_WORDS: Final = re.compile(r"\s*\S+\s*")
_EXAMPLES: Final[dict[str, Any]] = {
    "string": "simulated", "integer": 1, "number": 1.5, "boolean": False, "null": None, "array": [],
}  # fmt: skip


class Search(msgspec.Struct, frozen=True):
    """A search on the web that the upstream made itself, and the one page that it found."""

    query: str
    url: str = "https://example.com/found"
    title: str = "What was found"


class Answer(msgspec.Struct, frozen=True):
    """One whole answer, in no language. `thinking` None: no thoughts; "": thoughts that are not shown."""

    text: str
    thinking: str | None
    signature: str
    tools: tuple[ToolUse, ...]
    stop: str
    block: str
    malformed: bool
    usage: dict[str, int]
    picture: str = ""
    search: Search | None = None

    def words(self) -> list[str]:
        """Give the text in pieces, one a token."""
        return _WORDS.findall(self.text) or ([self.text] if self.text else [])

    def thoughts(self) -> list[str]:
        """Give the thoughts in pieces, one a token."""
        return _WORDS.findall(self.thinking or "")

    def size(self) -> int:
        """Count the output's tokens, roughly: a word or a call's field each."""
        return len(self.words()) + sum(4 + 2 * len(tool.input) for tool in self.tools)


def compose(act: Act, asked: Asked) -> Answer:
    """Say what the act says; a break inside a tool's input needs a call, and gets one."""
    named = (act.tool, *act.tools) if act.tool is not None else act.tools
    tools = tuple(_tool(tool, asked) for tool in named)
    text, thinking = act.text, act.thinking
    if act.at == "tool" and not tools:
        tools = (_tool(_shell(asked) or "Bash", asked),)
    if text is None and thinking is None and not tools:
        text, tools = _fallback(asked)
    if thinking is None and asked.thinks and text != "":
        thinking = "The user wants an answer; a short one will do."
    return Answer(
        text=text or "",
        thinking=thinking,
        signature=act.signature if act.signature is not None else _sign(asked, thinking or "", tools),
        tools=tools,
        stop=act.stop,
        block=act.block,
        malformed=act.malformed,
        picture=act.picture,
        usage=act.usage,
        search=Search(asked.text.strip()[:200]) if asked.searches and text else None,
    )


def _fallback(asked: Asked) -> tuple[str, tuple[ToolUse, ...]]:
    if asked.schema is not None:
        return msgspec.json.encode(_example(asked.schema)).decode(), ()
    if asked.result is not None:
        return f"The tool answered: {asked.result.strip()[:200]}\nThat is all; the simulator is content.", ()
    shell = _shell(asked)
    if _PATCH in asked.tools and _WANTS_A_PATCH.search(asked.text):
        return "I will patch it. ", (_tool(_PATCH, asked),)
    if shell and _WANTS_A_COMMAND.search(asked.text):
        return "I will run it. ", (_tool(shell, asked),)
    return (
        f"You said: {asked.text.strip()[:200]}\nThis is the simulator; it has no more to say than that.",
        (),
    )


def _shell(asked: Asked) -> str:
    return next((name for name in asked.tools if _SHELLS.search(name)), "")


def _tool(tool: str | ToolUse, asked: Asked) -> ToolUse:
    return ToolUse(tool, _input(tool, asked.inputs.get(tool, {}))) if isinstance(tool, str) else tool


def _input(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Give the command as that tool takes it, and what else it requires; else what its name stands for."""
    fields: dict[str, dict[str, Any]] = schema.get("properties") or {}
    field = next((name for name in _COMMAND_FIELDS if name in fields), None)
    if field is None:
        return _INPUTS.get(name, _COMMAND)
    command = _COMMAND["command"]
    words = str(fields[field].get("type", "")).lower() == "array"
    required = {name: _example(fields.get(name, {})) for name in schema.get("required", ())}
    told = {"description": _COMMAND["description"]} if "description" in fields else {}
    return {**required, field: ["bash", "-c", command] if words else command, **told}


def _sign(asked: Asked, thinking: str, tools: tuple[ToolUse, ...]) -> str:
    """Sign the thoughts; Gemini signs the first call, where there is one."""
    calls = asked.language == "gemini" and bool(tools)
    said = call_text(tools[0].name, tools[0].input) if calls else thinking
    return sign(asked.language, asked.model, thinking, said)


def _example(schema: dict[str, Any]) -> object:
    """Give the least value that such a schema allows, as far as the demo's clients need it."""
    if schema.get("enum"):
        return schema["enum"][0]
    kind = str(schema.get("type", "object")).lower()
    if kind == "object":
        fields = schema.get("properties", {})
        return {name: _example(fields.get(name, {})) for name in schema.get("required", fields)}
    return _EXAMPLES.get(kind)
