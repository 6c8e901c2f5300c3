"""Counters, histograms and gauges in the text format of Prometheus; docs/reference/operating.md lists them."""

import platform
from collections.abc import Callable, Iterable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    Summary,
    generate_latest,
)
from prometheus_client.metrics_core import InfoMetricFamily, Metric
from prometheus_client.registry import Collector

import service
from service.segmentation.catalog import Catalog
from service.segmentation.errors import code_of
from service.segmentation.measures.composition import Composition
from service.segmentation.modelfile.contract import Contract
from service.segmentation.runtime import session
from service.segmentation.stopwatch import Stopwatch
from service.serving.drift import Drifts

STEPS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0)


NEAR = 0.8
"""An answer that takes more than this part of its deadline is near it; deploy/monitoring has an alert."""


def buckets(*deadlines_s: float) -> list[float]:
    """Upper bounds of a histogram's buckets, in seconds: from a millisecond to the longest deadline. Near each deadline
    and at it there is one, so that no estimate between two bounds passes for an answer that is late."""
    marks = {bound for deadline in deadlines_s for bound in (NEAR * deadline, deadline)}
    return sorted(marks | {step for step in STEPS if step < max(deadlines_s)})


class Metrics:
    """The content of /metrics. Labels have few values; none is text from a client."""

    def __init__(self, *deadlines_s: float) -> None:
        """`deadlines_s` are the longest times of answers, in seconds."""
        self.registry = CollectorRegistry()
        bounds = buckets(*deadlines_s)
        self.requests = Counter(
            "segment_requests", "Requests that have ended.", ("method", "route", "status", "code"),
            registry=self.registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "segment_request_seconds", "From a request's head to the end of its answer.", ("route", "status_class"),
            buckets=bounds, registry=self.registry,
        )  # fmt: skip
        self.images = Counter(
            "segment_images", "Images whose model was found, by outcome.",
            ("model", "version", "outcome"), registry=self.registry,
        )  # fmt: skip
        self._stages = Histogram(
            "segment_stage_seconds", "Time of an image in each stage.", ("model", "stage"),
            buckets=bounds, registry=self.registry,
        )  # fmt: skip
        self._shares = Summary(
            "segment_class_share", "Share of each answered image or scan that a class covers.", ("model", "class"),
            registry=self.registry,
        )  # fmt: skip
        self._confidence = Summary(
            "segment_confidence", "Mean probability of an image's labels, where it was computed.", ("model",),
            registry=self.registry,
        )  # fmt: skip
        self._drifts = Drifts()
        self.registry.register(self._drifts)
        Info("segment_build", "What runs.", registry=self.registry).info(
            {"version": service.__version__, "python": platform.python_version(), "onnxruntime": session.VERSION}
        )
        ProcessCollector(registry=self.registry)  # empty where there is no /proc

    def request_refused_early(self, status: int, code: str) -> None:
        """Count a request that did not reach the application."""
        self.requests.labels("none", "none", str(status), code).inc()

    def observe_stages(self, model: str, timings: Stopwatch) -> None:
        """Observe the stages of an image that `model` segmented."""
        for stage, milliseconds in timings.so_far().items():
            self._stages.labels(model, stage).observe(milliseconds / 1000)

    def observe_composition(self, model: Contract, seen: Composition | None) -> None:
        """Observe what an image that `model` segmented consists of, if that is known."""
        if seen is None:
            return
        for name, share in zip(model.labels.names, seen.shares, strict=True):
            self._shares.labels(model.name, name).observe(share)
        if seen.confidence is not None:
            self._confidence.labels(model.name).observe(seen.confidence)
        self._drifts.observe(model, seen)

    def follow(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """Show what `read` returns at each scrape."""
        Gauge(name, meaning, registry=self.registry).set_function(read)

    def describe(self, catalog: Catalog) -> None:
        """Show which models are served, and which files are not."""
        self.registry.register(ModelInfo(catalog))

    def text(self) -> bytes:
        return generate_latest(self.registry)


class ModelInfo(Collector):
    """One sample for each model of a catalog, and for each file that is not served, as they are at the scrape."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def collect(self) -> Iterable[Metric]:
        family = InfoMetricFamily("segment_model", "Models served.", labels=("model", "version", "digest", "precision"))
        for segmenter in self._catalog.segmenters.values():
            contract, digest = segmenter.model.contract, segmenter.model.digest
            family.add_metric((contract.name, contract.version, f"sha256:{digest}", contract.precision), {})
        yield family
        refused = InfoMetricFamily("segment_refused_model", "Model files that are not served.", labels=("file", "code"))
        for name, error in self._catalog.refused.items():
            refused.add_metric((name, code_of(error)), {})
        yield refused
