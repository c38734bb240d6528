"""Traces sent to OpenTelemetry: spans are made of a request when it is over, and sent by another thread.

The SDK comes with `pip install peekd[otel]` and is loaded only where `[tracing] endpoint` is set.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from peekd import __version__
from peekd.config.schema import Settings
from peekd.records.entries import RequestRecord
from peekd.records.traced import PROVIDERS, Parent, Span, attempt_span, parent_of, request_span
from peekd.upstream.settings import UpstreamSettings
from peekd.vocabulary.errors import OperatorError

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import SpanKind, Tracer

CLOSING_SECONDS = 2.0
"""How long the last spans have at the end; a collector that hangs must not keep peekd."""

_MISSING = "tracing.endpoint: OpenTelemetry is not installed: pip install 'peekd[otel]'"
_PLATFORMS: Mapping[str, str] = {"vertex": "gcp.vertex_ai"}

Told = Callable[[RequestRecord], None]


class Spans:
    """Makes the spans of each request that it is told of. Returns at once: the thread has a bounded queue."""

    def __init__(self, tracer: Tracer, providers: Mapping[str, str]) -> None:
        self._tracer = tracer
        self._providers = providers
        self._trace: Any = import_module("opentelemetry.trace")

    def __call__(self, record: RequestRecord) -> None:
        """Make the span of a request, and below it one for each attempt."""
        trace = self._trace
        above = parent_of(record.traceparent)
        context = self._context(above) if above is not None else trace.set_span_in_context(trace.INVALID_SPAN)
        own = self._make(request_span(record, self._providers), context, trace.SpanKind.SERVER)
        for attempt in record.attempts:
            self._make(attempt_span(record, attempt, self._providers), own, trace.SpanKind.CLIENT)

    def _make(self, span: Span, context: Context, kind: SpanKind) -> Context:
        """Begin and end a span at its own times; gives the context for those below it."""
        trace = self._trace
        made = self._tracer.start_span(
            span.name, context, kind=kind, attributes=span.attributes, start_time=span.start
        )
        if span.error:
            made.set_status(trace.Status(trace.StatusCode.ERROR, span.error))
        made.end(end_time=span.end)
        below: Context = trace.set_span_in_context(made)
        return below

    def _context(self, parent: Parent) -> Context:
        trace = self._trace
        flags = trace.TraceFlags(parent.flags)
        far = trace.SpanContext(parent.trace, parent.span, is_remote=True, trace_flags=flags)
        context: Context = trace.set_span_in_context(trace.NonRecordingSpan(far))
        return context


def providers_of(upstreams: Mapping[str, UpstreamSettings]) -> dict[str, str]:
    """Name the provider behind each upstream, as the conventions do."""
    return {
        name: _PLATFORMS.get(upstream.platform or "", PROVIDERS[upstream.protocol])
        for name, upstream in upstreams.items()
    }


@contextmanager
def open_tracing(settings: Settings) -> Generator[tuple[Told, ...]]:
    """Give who is to be told of each request that is over: nobody without an endpoint.

    Raises OperatorError where one is set and the SDK is not there.
    """
    endpoint = settings.tracing.endpoint
    if not endpoint:
        yield ()
        return
    provider = _provider(endpoint)
    try:
        yield (Spans(provider.get_tracer("peekd", __version__), providers_of(settings.upstreams)),)
    finally:
        closing = threading.Thread(target=provider.shutdown, name="tracing", daemon=True)
        closing.start()
        closing.join(CLOSING_SECONDS)


def _provider(endpoint: str) -> TracerProvider:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise OperatorError(_MISSING) from None
    resource = Resource.create({"service.name": "peekd", "service.version": __version__})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return provider
