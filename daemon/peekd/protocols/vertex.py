"""Where Vertex AI serves a publisher's models, for every protocol that it speaks.

https://docs.cloud.google.com/vertex-ai/generative-ai/docs/reference/rest
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

import msgspec

ENVELOPE: Final = "envelope"
"""What is noted where a client's request was put into a platform's words."""


class Place(msgspec.Struct, frozen=True):
    """For which project, and in which location."""

    project: str
    location: str

    def path(self, publisher: str, model: str, action: str, query: str = "") -> str:
        """Give the path of an action; a model's name never leaves its place in it.

        >>> Place("p-1", "global").path("anthropic", "claude-opus-4-5@20251101", "rawPredict")
        '/v1/projects/p-1/locations/global/publishers/anthropic/models/claude-opus-4-5@20251101:rawPredict'
        """
        name = quote(model, safe="@:")
        where = f"/v1/projects/{quote(self.project, safe=':')}/locations/{quote(self.location, safe='')}"
        return f"{where}/publishers/{publisher}/models/{name}:{action}" + (f"?{query}" if query else "")
