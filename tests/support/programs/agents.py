"""Agents: what each is installed from, how it is pointed at peekd, how it is asked, and who reads its answer.

docs/agents.md shows a reader the same files and variables, and tests/docs holds it to them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from programs.files import (
    ADDRESS,
    CODEX_PROVIDER,
    CODEX_SETTINGS,
    GEMINI_SETTINGS,
    OPENCODE_SETTINGS,
    QWEN_SETTINGS,
)
from programs.process import run
from programs.session import (
    Json,
    Read,
    Session,
    judge,
    lines,
    read_blocks,
    read_codex,
    read_gemini,
    read_opencode,
)

SESSION_SECONDS = 120
PROMPT = "Run `echo peekd` with your shell tool and tell me what it printed."


@dataclass(frozen=True)
class Agent:
    """One agent in one set-up.

    `speaks`: the protocol. `files`, below its home, and `variables` point it at peekd; `quiet` are variables
    that keep it from other calls home. `arguments` go before the prompt. `tool`: its shell, as it prints it.
    """

    name: str
    package: str
    program: str
    speaks: str
    arguments: tuple[str, ...]
    tool: str
    read: Read
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    quiet: Mapping[str, str] = field(default_factory=dict[str, str])
    files: Mapping[str, str] = field(default_factory=dict[str, str])

    def work(self, programs: Path, address: str, home: Path) -> Session:
        """Do one session, as `ask`, and judge it. Raises Amiss."""
        session = self.read(self.ask(programs, address, home))
        judge(session, self.tool)
        return session

    def ask(self, programs: Path, address: str, home: Path) -> list[Json]:
        """Do one session in a home of its own; give its events. Raises Amiss. `programs`: npm's folder."""
        project = home / "project"
        project.mkdir(parents=True)
        for name, content in self.files.items():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text(content.replace(ADDRESS, address))
        variables = {name: value.replace(ADDRESS, address) for name, value in self.variables.items()}
        printed = run(
            [str(programs / self.program), *self.arguments, PROMPT],
            {"PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(home), **self.quiet, **variables},
            project,
            SESSION_SECONDS,
        )
        return lines(printed)


def _opencode(name: str, speaks: str, model: str) -> Agent:
    return Agent(
        name,
        package="opencode-ai@latest",
        program="opencode",
        speaks=speaks,
        arguments=("run", "--format", "json", "--auto", "--model", model),
        tool="bash",
        read=read_opencode,
        quiet={"OPENCODE_DISABLE_MODELS_FETCH": "1", "OPENCODE_DISABLE_LSP_DOWNLOAD": "1"},
        files={".config/opencode/opencode.json": OPENCODE_SETTINGS},
    )


def _codex(name: str, settings: str) -> Agent:
    return Agent(
        name,
        package="@openai/codex@latest",
        program="codex",
        speaks="openai-responses",
        arguments=(
            "exec",
            "--json",
            "--skip-git-repo-check",
            "--dangerously-bypass-approvals-and-sandbox",
        ),
        tool="command_execution",
        read=read_codex,
        variables={"OPENAI_API_KEY": "any-word"},
        files={".codex/config.toml": settings},
    )


AGENTS = (
    Agent(
        "claude-code",
        package="@anthropic-ai/claude-code@latest",
        program="claude",
        speaks="anthropic",
        arguments=("--allowedTools=Bash", "--output-format=stream-json", "--verbose", "-p"),
        tool="Bash",
        read=read_blocks,
        variables={"ANTHROPIC_BASE_URL": ADDRESS, "ANTHROPIC_API_KEY": "any-word"},
        quiet={"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"},
    ),
    Agent(
        "gemini-cli",
        package="@google/gemini-cli@latest",
        program="gemini",
        speaks="gemini",
        arguments=("--approval-mode=yolo", "--output-format=stream-json", "--skip-trust", "-p"),
        tool="run_shell_command",
        read=read_gemini,
        variables={"GOOGLE_GEMINI_BASE_URL": ADDRESS, "GEMINI_API_KEY": "any-word"},
        files={".gemini/settings.json": GEMINI_SETTINGS},
    ),
    _codex("codex", CODEX_SETTINGS),
    _codex("codex-provider", CODEX_PROVIDER),
    Agent(
        "qwen-code",
        package="@qwen-code/qwen-code@latest",
        program="qwen",
        speaks="openai-chat",
        arguments=("--yolo", "--output-format=stream-json", "-p"),
        tool="run_shell_command",
        read=read_blocks,
        variables={
            "OPENAI_BASE_URL": f"{ADDRESS}/v1",
            "OPENAI_API_KEY": "any-word",
            "OPENAI_MODEL": "gpt-5",
        },
        files={".qwen/settings.json": QWEN_SETTINGS},
    ),
    _opencode("opencode-anthropic", "anthropic", "anthropic/claude-sonnet-4-5"),
    _opencode("opencode-google", "gemini", "google/gemini-2.5-pro"),
    _opencode("opencode-openai", "openai-responses", "openai/gpt-5"),
    _opencode("opencode-chat", "openai-chat", "peekd/gpt-5"),
)
