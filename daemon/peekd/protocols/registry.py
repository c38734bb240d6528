"""Every wire language by its name; the one place that knows all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Final, TypeVar, cast

import msgspec
from typing_extensions import override

from peekd.protocols.interface import ClientProtocol, Ids, UpstreamProtocol
from peekd.vocabulary.quotas import Quota

_P = TypeVar("_P", ClientProtocol, UpstreamProtocol)


class _Known(Mapping[str, _P]):
    """One side of these protocols by name; each is imported when it is first asked for, and not before.

    Few of those who run peekd speak all of them, and what is read takes time to start and memory for good.
    """

    def __init__(self, side: str, names: Sequence[str]) -> None:
        self._side = side
        self._names = tuple(names)
        self._asked: dict[str, _P] = {}

    @override
    def __getitem__(self, name: str) -> _P:
        if name not in self._names:
            raise KeyError(name)
        known = self._asked.get(name)
        if known is None:
            module = import_module(f"peekd.protocols.{name.replace('-', '_')}")
            known = self._asked[name] = cast("_P", getattr(module, self._side))
        return known

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    @override
    def __len__(self) -> int:
        return len(self._names)


CLIENTS: Final[Mapping[str, ClientProtocol]] = _Known(
    "CLIENT", ("anthropic", "gemini", "openai-chat", "openai-completions", "openai-responses")
)

UPSTREAMS: Final[Mapping[str, UpstreamProtocol]] = _Known(
    "UPSTREAM", ("anthropic", "gemini", "openai-chat", "openai-responses")
)


class Site(msgspec.Struct, frozen=True):
    """What a platform needs to know: for whom it serves, where, and a source of fresh ids."""

    project: str = ""
    location: str = ""
    ids: Ids = str


def _code_assist(site: Site) -> UpstreamProtocol:
    from peekd.protocols.gemini.assist import CodeAssist

    return CodeAssist(site.project, site.ids)


def _vertex_gemini(site: Site) -> UpstreamProtocol:
    from peekd.protocols.gemini.vertex import VertexGemini
    from peekd.protocols.vertex import Place

    return VertexGemini(Place(site.project, site.location))


def _vertex_anthropic(site: Site) -> UpstreamProtocol:
    from peekd.protocols.anthropic.vertex import VertexAnthropic
    from peekd.protocols.vertex import Place

    return VertexAnthropic(Place(site.project, site.location))


_PLATFORMS: Final[Mapping[tuple[str, str], Callable[[Site], UpstreamProtocol]]] = {
    ("gemini", "code-assist"): _code_assist,
    ("gemini", "vertex"): _vertex_gemini,
    ("anthropic", "vertex"): _vertex_anthropic,
}
"""By protocol and platform: a way of serving it."""

PLATFORMS: Final = frozenset(_PLATFORMS)
"""Each protocol and platform that go together."""


def upstream_of(name: str, platform: str | None = None, site: Site | None = None) -> UpstreamProtocol:
    """Give a protocol as an upstream speaks it: its own way, or a platform's.

    Raises KeyError for one that there is not.
    """
    return UPSTREAMS[name] if platform is None else _PLATFORMS[name, platform](site or Site())


DecodeQuotas = Callable[[Mapping[str, str], float], tuple[Quota, ...]]
"""Reads from an answer's headers, which came then (Unix time), what is left of an account's quota."""


def quotas_of(name: str) -> DecodeQuotas:
    """Give what reads quotas from the headers of a protocol; most protocols say nothing."""
    match name:
        case "anthropic":
            from peekd.protocols.anthropic.quotas import decode_quotas as decode_anthropic

            return decode_anthropic
        case "openai-chat" | "openai-responses":
            from peekd.protocols.openai.quotas import decode_quotas as decode_openai

            return lambda headers, _wall: decode_openai(headers)
        case _:
            return lambda _headers, _wall: ()
