"""Traces of requests, for a collector of OpenTelemetry; docs/how-to/trace.md says how to have them.

FastAPI can make traces too. They would hold paths, queries and host names, which are whatever a client wrote: a
patient's name, perhaps. They would not hold the stages, nor end when the log says that the request did.
"""

import logging
from collections.abc import Mapping, Sequence
from threading import Thread
from time import perf_counter_ns, time_ns
from typing import TYPE_CHECKING

from opentelemetry import propagate, trace

import service
from service.segmentation.stopwatch import Interval

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

log = logging.getLogger("fcn_serve.traces")

NAME = "fcn-serve"
OTLP, HTTP = "OTEL_EXPORTER_OTLP", "http/protobuf"
LAST_S = 3
"""So long a service that stops may wait for the collector to take the last traces."""


class Trace:
    """The trace of one request. Times are seconds of the performance counter."""

    def __init__(self, tracer: trace.Tracer, carrier: Mapping[str, Sequence[str]], began: float) -> None:
        """`carrier`: the headers, in lower case. The trace continues that of a caller who sent a `traceparent`."""
        self._tracer = tracer
        self._zero = time_ns() - perf_counter_ns()
        caller = propagate.extract(carrier)
        self._span = tracer.start_span("HTTP", caller, trace.SpanKind.SERVER, start_time=self._at(began))
        self._context = self._span.get_span_context()

    @property
    def id(self) -> str:
        """The trace's id as logs have it: 32 hexadecimal digits."""
        return trace.format_trace_id(self._context.trace_id)

    @property
    def header(self) -> str:
        """The value of `traceresponse` (W3C Trace Context Level 3, editor's draft)."""
        return f"00-{self.id}-{trace.format_span_id(self._context.span_id)}-{self._context.trace_flags:02x}"

    def stages(self, intervals: Sequence[Interval]) -> None:
        """Add a span for each."""
        if self._span.is_recording():
            parent = trace.set_span_in_context(self._span)
            for interval in intervals:
                span = self._tracer.start_span(interval.stage, parent, start_time=self._at(interval.began))
                span.end(self._at(interval.ended))

    def end(self, ended: float, name: str, attributes: Mapping[str, str | int], failed: bool) -> None:
        """The request has ended; this is what it was."""
        self._span.update_name(name)
        self._span.set_attributes(attributes)
        if failed:
            self._span.set_status(trace.StatusCode.ERROR)
        self._span.end(self._at(ended))

    def _at(self, seconds: float) -> int:
        """The time in nanoseconds since 1970."""
        return self._zero + round(1e9 * seconds)


class Tracer:
    """Starts traces. A thread sends those that have ended; what the collector does not take is logged and lost."""

    def __init__(self, provider: "TracerProvider") -> None:
        self._provider = provider
        self._tracer = provider.get_tracer(NAME, service.__version__)

    def begin(self, carrier: Mapping[str, Sequence[str]], began: float) -> Trace:
        """Begin the trace of a request with these headers; see `Trace`."""
        return Trace(self._tracer, carrier, began)

    def close(self) -> None:
        """Send what is left, unless it takes too long."""
        last = Thread(target=self._provider.shutdown, name="last traces", daemon=True)
        last.start()
        last.join(LAST_S)


def tracer_for(environment: Mapping[str, str]) -> Tracer | None:
    """A tracer if OpenTelemetry's variables name a collector. What stands in its way is logged; it stops no start."""
    said = {name: value.strip() for name, value in environment.items() if name.startswith("OTEL_") and value.strip()}
    endpoint = said.get(f"{OTLP}_TRACES_ENDPOINT") or said.get(f"{OTLP}_ENDPOINT")
    exporter = said.get("OTEL_TRACES_EXPORTER", "otlp")
    protocol = said.get(f"{OTLP}_TRACES_PROTOCOL") or said.get(f"{OTLP}_PROTOCOL") or HTTP
    if endpoint is None or exporter == "none" or said.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    if (exporter, protocol) != ("otlp", HTTP):
        log.warning("no traces are sent: the exporter must be otlp over %s, not %s over %s", HTTP, exporter, protocol)
        return None
    try:
        return Tracer(provider())
    except ModuleNotFoundError:
        log.warning('no traces are sent to %s: install what sends them: pip install "fcn-serve[otel]"', endpoint)
    except Exception as error:
        log.warning("no traces are sent to %s: %s: %s", endpoint, type(error).__name__, error)
    return None


def provider() -> "TracerProvider":
    """What samples, gathers and sends as the variables say (OpenTelemetry, Environment Variable Specification).

    Raises ModuleNotFoundError without the extra `otel`.
    """
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    ours = Resource.create({"service.name": NAME, "service.version": service.__version__})
    made = TracerProvider(resource=ours.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
    made.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return made
