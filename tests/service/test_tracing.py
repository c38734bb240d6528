"""Spans are made of closed records, below the client's own trace, and sent by another thread."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import msgspec
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from playhouse import open_playhouse
from trio.testing import MockClock as Clock
from typing_extensions import override

from peekd.config.schema import Settings
from peekd.records.entries import RequestRecord
from peekd.records.settings import TracingSettings
from peekd.service import tracing
from peekd.service.tracing import Spans, open_tracing, providers_of
from peekd.upstream.settings import UpstreamSettings
from peekd.vocabulary.errors import OperatorError

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UPSTREAMS = {"up": msgspec.convert({"protocol": "anthropic", "base_url": "http://up"}, UpstreamSettings)}


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> Spans:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return Spans(provider.get_tracer("test"), providers_of(UPSTREAMS))


async def test_a_request_is_a_span_below_the_clients_own_with_one_for_each_attempt(
    spans: Spans, exporter: InMemorySpanExporter, autojump_clock: Clock
) -> None:
    async with open_playhouse({"alice": ["429"], "bob": ["answer text=Secretwords"]}) as house:
        house.house.live.on_close.append(spans)
        await house.ask(headers={"traceparent": TRACE})
    whole, *attempts = exporter.get_finished_spans()
    assert whole.parent is not None
    assert whole.context is not None
    assert f"{whole.context.trace_id:032x}" == TRACE[3:35]
    assert f"{whole.parent.span_id:016x}" == TRACE[36:52]
    assert (whole.kind, whole.name) == (SpanKind.SERVER, "chat claude-opus-5-5")
    assert [span.attributes and span.attributes["peekd.account"] for span in attempts] == ["alice", "bob"]
    assert [span.status.status_code for span in attempts] == [StatusCode.ERROR, StatusCode.UNSET]
    for span in attempts:
        assert span.parent is not None
        assert span.parent.span_id == whole.context.span_id
        assert span.kind == SpanKind.CLIENT
        assert (span.start_time or 0) >= (whole.start_time or 0)
        assert (span.end_time or 0) <= (whole.end_time or 0)
    written = "".join(span.to_json() for span in (whole, *attempts))
    assert "Secretwords" not in written
    assert "Say hello" not in written


async def test_without_a_trace_of_the_clients_it_begins_its_own_each_time(
    spans: Spans, exporter: InMemorySpanExporter, autojump_clock: Clock
) -> None:
    async with open_playhouse({"alice": ["answer text=Hi"]}) as house:
        house.house.live.on_close.append(spans)
        await house.ask()
        await house.ask(headers={"traceparent": "nonsense"})
    roots = [span for span in exporter.get_finished_spans() if span.kind == SpanKind.SERVER]
    assert [span.parent for span in roots] == [None, None]
    assert len({span.context.trace_id for span in roots if span.context}) == 2


def test_an_unsampled_trace_of_the_clients_is_left_alone(
    spans: Spans, exporter: InMemorySpanExporter
) -> None:
    record = RequestRecord("r", 1.0, "POST", "/v1/messages", "anthropic", state="done", outcome="completed")
    record.traceparent = f"{TRACE[:-2]}00"
    spans(record)
    assert exporter.get_finished_spans() == ()


def test_the_platform_tells_the_provider() -> None:
    gemini = {"protocol": "gemini", "base_url": "http://up", "platform": "code-assist"}
    known = {**UPSTREAMS, "g": msgspec.convert(gemini, UpstreamSettings)}
    assert providers_of(known) == {"up": "anthropic", "g": "gcp.gemini"}


# ---- sending -----------------------------------------------------------------------------------------


class Collector:
    """Takes OTLP over HTTP on loopback."""

    def __init__(self) -> None:
        self.names: list[str] = []
        collector = self

        class Taking(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                sent: Any = trace_service_pb2.ExportTraceServiceRequest.FromString(body)
                for resource in sent.resource_spans:
                    for scope in resource.scope_spans:
                        collector.names += [f"{self.path} {span.name}" for span in scope.spans]
                self.send_response(200)
                self.end_headers()

            @override
            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Taking)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}/v1/traces"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    taking = Collector()
    yield taking
    taking.close()


def settings_for(endpoint: str) -> Settings:
    return Settings(upstreams=UPSTREAMS, tracing=TracingSettings(endpoint))


def test_spans_are_sent_as_otlp_and_the_last_ones_before_the_end(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "CLOSING_SECONDS", 30.0)
    record = RequestRecord("r", 1.0, "POST", "/v1/messages", "anthropic", model="m", state="done")
    with open_tracing(settings_for(collector.endpoint)) as told:
        for tell in told:
            tell(record)
    assert collector.names == ["/v1/traces chat m"]


def test_without_an_endpoint_nothing_is_loaded_and_nobody_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with open_tracing(settings_for("")) as told:
        assert told == ()


def test_an_endpoint_without_the_extra_is_a_fault_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with (
        pytest.raises(OperatorError, match=r"pip install 'peekd\[otel\]'"),
        open_tracing(settings_for("http://127.0.0.1:4318/v1/traces")),
    ):
        pass
