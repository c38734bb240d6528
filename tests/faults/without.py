"""What agents and SDKs do about a fault where nothing stands between them and the upstream that has it.

Each run was measured: the program itself, one upstream on loopback whose fault stays, so long as the program
asked or patience lasted. The SDKs are those for Python. Keys are those of `table`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

End = Literal[
    "fails",
    "goes on",
    "ends well",
    "exits with 0",
    "takes it for whole",
    "takes nothing for an answer",
    "gives the broken call to the model",
    "runs the tool without arguments",
]
"""`goes on`: it still asked when the run was stopped. `exits with 0`: without the answer."""


class Run(NamedTuple):
    """How often it asked, within how many seconds, and how that ended."""

    requests: int
    seconds: int
    end: End

    @property
    def words(self) -> str:
        """The run as it stands in the table."""
        return f"{self.requests} in {self.seconds} s, {self.end}"


class Program(NamedTuple):
    """A program of one version, and its runs."""

    name: str
    version: str
    runs: Mapping[str, Run]


CLAUDE_CODE = Program(
    "Claude Code",
    "2.1.330",
    {
        "429": Run(11, 188, "fails"),
        "429-long": Run(5, 200, "goes on"),
        "529": Run(3, 4, "fails"),
        "503": Run(11, 182, "fails"),
        "500": Run(11, 188, "fails"),
        "502": Run(11, 183, "fails"),
        "401": Run(7, 60, "goes on"),
        "402": Run(1, 2, "fails"),
        "403": Run(1, 2, "fails"),
        "404": Run(2, 1, "fails"),
        "400": Run(6, 1, "fails"),
        "reset": Run(11, 183, "fails"),
        "hang": Run(2, 330, "goes on"),
        "empty": Run(2, 3, "fails"),
        "pings": Run(5, 200, "goes on"),
        "error-first": Run(8, 9, "ends well"),
        "cut": Run(4, 6, "fails"),
        "reset-late": Run(12, 191, "fails"),
        "error-late": Run(4, 7, "fails"),
        "cut-tool": Run(4, 2, "fails"),
        "no-reason": Run(5, 11, "fails"),
        "no-last": Run(2, 5, "ends well"),
    },
)
OPENCODE = Program(
    "opencode",
    "1.18.33",
    {
        "429": Run(6, 17, "fails"),
        "429-long": Run(5, 200, "goes on"),
        "529": Run(6, 78, "fails"),
        "502": Run(6, 78, "fails"),
        "401": Run(1, 8, "fails"),
        "404": Run(1, 6, "fails"),
        "400": Run(1, 7, "fails"),
        "reset": Run(6, 73, "fails"),
        "hang": Run(2, 330, "goes on"),
        "empty": Run(188, 200, "goes on"),
        "pings": Run(5, 200, "goes on"),
        "error-first": Run(6, 82, "fails"),
        "cut": Run(160, 200, "goes on"),
        "reset-late": Run(6, 108, "fails"),
        "error-late": Run(6, 98, "fails"),
        "cut-tool": Run(2, 35, "gives the broken call to the model"),
        "no-reason": Run(60, 120, "goes on"),
    },
)
ANTHROPIC_SDK = Program(
    "anthropic SDK",
    "2.12",
    {
        "429": Run(3, 6, "fails"),
        "529": Run(3, 12, "fails"),
        "502": Run(3, 5, "fails"),
        "reset": Run(3, 6, "fails"),
        "empty": Run(1, 10, "fails"),
        "pings": Run(1, 45, "takes nothing for an answer"),
        "error-first": Run(1, 3, "fails"),
        "cut": Run(1, 2, "takes it for whole"),
        "reset-late": Run(1, 5, "fails"),
        "error-late": Run(1, 9, "fails"),
        "no-reason": Run(1, 18, "takes it for whole"),
    },
)
GEMINI_CLI = Program(
    "gemini-cli",
    "0.61.0",
    {
        "429": Run(9, 200, "goes on"),
        "429-long": Run(10, 196, "fails"),
        "529": Run(10, 212, "fails"),
        "502": Run(8, 200, "goes on"),
        "401": Run(1, 3, "fails"),
        "404": Run(1, 3, "fails"),
        "400": Run(1, 3, "fails"),
        "reset": Run(8, 200, "goes on"),
        "hang": Run(2, 330, "goes on"),
        "empty": Run(4, 13, "exits with 0"),
        "pings": Run(4, 170, "fails"),
        "error-first": Run(4, 18, "exits with 0"),
        "cut": Run(4, 14, "exits with 0"),
        "reset-late": Run(1, 11, "fails"),
        "error-late": Run(4, 25, "exits with 0"),
        "cut-tool": Run(2, 21, "ends well"),
        "no-reason": Run(4, 24, "exits with 0"),
    },
)
GOOGLE_SDK = Program(
    "google-genai SDK",
    "3.4",
    {
        "429": Run(1, 4, "fails"),
        "529": Run(1, 1, "fails"),
        "502": Run(1, 2, "fails"),
        "reset": Run(1, 1, "fails"),
        "empty": Run(1, 5, "takes nothing for an answer"),
        "pings": Run(1, 2, "fails"),
        "error-first": Run(1, 3, "fails"),
        "cut": Run(1, 2, "takes it for whole"),
        "reset-late": Run(1, 3, "fails"),
        "error-late": Run(1, 2, "fails"),
        "no-reason": Run(1, 7, "takes it for whole"),
    },
)
QWEN_CODE = Program(
    "qwen-code",
    "0.24.4",
    {
        "429": Run(28, 120, "goes on"),
        "529": Run(28, 111, "fails"),
        "empty": Run(5, 43, "fails"),
        "pings": Run(3, 120, "goes on"),
        "cut": Run(5, 54, "fails"),
        "reset-late": Run(4, 34, "fails"),
        "error-late": Run(1, 25, "fails"),
        "cut-tool": Run(5, 30, "fails"),
        "no-reason": Run(2, 48, "takes it for whole"),
    },
)
CLINE = Program(
    "cline",
    "3.0.65",
    {
        "429": Run(6, 24, "fails"),
        "529": Run(6, 70, "fails"),
        "empty": Run(1, 29, "fails"),
        "pings": Run(1, 51, "fails"),
        "cut": Run(2, 36, "fails"),
        "reset-late": Run(14, 86, "fails"),
        "error-late": Run(1, 34, "fails"),
        "cut-tool": Run(2, 18, "runs the tool without arguments"),
        "no-reason": Run(2, 24, "takes it for whole"),
    },
)
CHAT_SDK = Program(
    "openai SDK (Chat)",
    "3.54",
    {
        "429": Run(3, 6, "fails"),
        "529": Run(3, 3, "fails"),
        "502": Run(3, 3, "fails"),
        "reset": Run(3, 2, "fails"),
        "empty": Run(1, 6, "takes nothing for an answer"),
        "pings": Run(1, 44, "takes nothing for an answer"),
        "error-first": Run(1, 3, "fails"),
        "cut": Run(1, 1, "takes it for whole"),
        "reset-late": Run(1, 2, "fails"),
        "error-late": Run(1, 6, "fails"),
        "no-reason": Run(1, 9, "takes it for whole"),
    },
)
CODEX = Program(
    "Codex",
    "0.169.0",
    {
        "429": Run(6, 11, "fails"),
        "429-long": Run(5, 200, "goes on"),
        "529": Run(30, 27, "fails"),
        "503": Run(30, 25, "fails"),
        "502": Run(30, 25, "fails"),
        "401": Run(6, 8, "fails"),
        "404": Run(6, 7, "fails"),
        "400": Run(1, 0, "fails"),
        "reset": Run(30, 26, "fails"),
        "hang": Run(2, 330, "goes on"),
        "empty": Run(6, 7, "fails"),
        "pings": Run(5, 200, "goes on"),
        "error-first": Run(6, 8, "fails"),
        "cut": Run(6, 9, "fails"),
        "reset-late": Run(6, 9, "fails"),
        "error-late": Run(6, 9, "fails"),
        "cut-tool": Run(6, 8, "fails"),
        "no-reason": Run(6, 9, "fails"),
    },
)
RESPONSES_SDK = Program(
    "openai SDK (Responses)",
    "3.54",
    {
        "429": Run(3, 10, "fails"),
        "529": Run(3, 2, "fails"),
        "502": Run(3, 3, "fails"),
        "reset": Run(3, 3, "fails"),
        "empty": Run(1, 5, "fails"),
        "pings": Run(1, 41, "fails"),
        "error-first": Run(1, 5, "fails"),
        "cut": Run(1, 3, "fails"),
        "reset-late": Run(1, 4, "fails"),
        "error-late": Run(1, 4, "fails"),
        "no-reason": Run(1, 13, "fails"),
    },
)

WITHOUT: Mapping[str, tuple[Program, ...]] = {
    "anthropic": (CLAUDE_CODE, OPENCODE, ANTHROPIC_SDK),
    "gemini": (GEMINI_CLI, GOOGLE_SDK),
    "openai-chat": (QWEN_CODE, CLINE, CHAT_SDK),
    "openai-responses": (CODEX, RESPONSES_SDK),
}
"""The programs that were tried, by the protocol that they spoke."""
