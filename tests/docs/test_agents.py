"""What docs/agents.md tells to set up is what `./dev agents` sets up."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs.agents import AGENTS, Agent
from programs.sdks import SDKS, Sdk


@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.name)
def test_files_and_variables_stand_there_as_they_are_tried(agent: Agent, tree: Path) -> None:
    page = (tree / "docs/agents.md").read_text()
    variables = [f"export {name}={value}\n" for name, value in {**agent.variables, **agent.quiet}.items()]
    files = [f"\n{content}```\n" for content in agent.files.values()]
    names = [f"`~/{name}`" for name in agent.files]
    assert [wanted for wanted in [*variables, *files, *names] if wanted not in page] == []


@pytest.mark.parametrize("sdk", SDKS, ids=lambda sdk: sdk.name)
def test_sdks_stand_there(sdk: Sdk, tree: Path) -> None:
    assert f"| `{sdk.package.rpartition('@')[0]}` |" in (tree / "docs/agents.md").read_text()
