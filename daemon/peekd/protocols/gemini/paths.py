"""Model and action as they stand in the path of a request; a model's name may hold slashes and colons."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, unquote

import msgspec

from peekd.vocabulary.errors import ClientError

_PATH: Final = re.compile(
    r"(?P<before>[^?]*?/models/)(?P<model>[^?]+)(?::|%3[aA])(?P<action>\w+)(?:\?(?P<query>.*))?", re.DOTALL
)

STREAM: Final = "streamGenerateContent"
WHOLE: Final = "generateContent"
COUNT: Final = "countTokens"

_SSE: Final = "alt=sse"
_PLAIN: Final = "/:@!$&'()*+,;=~"
"""What may stand in a path as it is (RFC 3986, section 3.3)."""
_AS_IT_IS: Final = re.compile(r"[A-Za-z0-9_:@-][A-Za-z0-9_.:@-]*")
"""A model's name of one step, and none up, in which nothing is to be quoted."""


class Where(msgspec.Struct, frozen=True):
    """A path taken apart. `raw`: the model as it stood there, `model`: its name; `query` without its mark."""

    before: str
    raw: str
    model: str
    action: str
    query: str

    @property
    def events(self) -> bool:
        """Whether a stream is asked for as server-sent events."""
        return _SSE in self.query.split("&")

    def path(self, *, model: str | None = None, action: str = "") -> str:
        """Give the path for another model or action. Only a stream of events is ever asked for."""
        name, action = self.raw if model is None else quoted(model), action or self.action
        words = [word for word in self.query.split("&") if word]
        if action == STREAM and _SSE not in words:
            words.append(_SSE)
        elif action != STREAM:
            words = [word for word in words if word != _SSE]
        return f"{self.before}{name}:{action}" + (f"?{'&'.join(words)}" if words else "")


def quoted(model: str) -> str:
    """Give a model's name as it stands in a path: what it holds is never taken for a query or a step up.

    >>> quoted("vendor/m:free"), quoted("m?key=x"), quoted("../m")
    ('vendor/m:free', 'm%3Fkey=x', '%2E%2E/m')
    """
    if _AS_IT_IS.fullmatch(model):
        return model
    return "/".join("%2E%2E" if step == ".." else step for step in quote(model, safe=_PLAIN).split("/"))


def read_path(path: str) -> Where:
    """Read a path with its query. Raises ClientError where it names no model and action.

    >>> where = read_path("/v1beta/models/vendor/m:free:generateContent?alt=sse")
    >>> where.model, where.action, where.query
    ('vendor/m:free', 'generateContent', 'alt=sse')
    """
    found = _PATH.fullmatch(path)
    if found is None or ".." in found["model"].split("/"):
        raise ClientError("invalid_request", "the path names no model and action of Gemini's")
    raw = found["model"]
    return Where(found["before"], raw, unquote(raw), found["action"], found["query"] or "")
