"""The JavaScript SDKs of the vendors: each asked by its own part of sdks.mjs, which judges what it gets."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from programs.process import run

ASKING = Path(__file__).parent / "sdks.mjs"
SDK_SECONDS = 60


@dataclass(frozen=True)
class Sdk:
    """One SDK, speaking one protocol. `part`: the function of sdks.mjs."""

    name: str
    package: str
    part: str

    def work(self, programs: Path, address: str, home: Path) -> None:
        """Ask for words and for a tool call, whole and streamed. Raises Amiss. `programs`: npm's folder."""
        place = programs.parent.parent / ASKING.name  # from where node finds the packages
        shutil.copyfile(ASKING, place)
        path = f"{programs}:{os.environ['PATH']}"
        run(["node", str(place), self.part, address], {"PATH": path, "HOME": str(home)}, home, SDK_SECONDS)


SDKS = (
    Sdk("sdk-js-anthropic", "@anthropic-ai/sdk@latest", "anthropic"),
    Sdk("sdk-js-google", "@google/genai@latest", "google"),
    Sdk("sdk-js-chat", "openai@latest", "chat"),
    Sdk("sdk-js-responses", "openai@latest", "responses"),
)
