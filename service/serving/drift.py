"""The drift of what is served, as gauges: computed at a scrape, of the latest images."""

from collections.abc import Iterable
from threading import Lock

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from service.segmentation.measures.composition import Composition
from service.segmentation.measures.drift import Window
from service.segmentation.modelfile.contract import Contract


class Drifts(Collector):
    """The latest images of each model whose contract has references. Safe to use from several threads."""

    def __init__(self) -> None:
        self._windows: dict[str, Window] = {}
        self._lock = Lock()

    def observe(self, model: Contract, seen: Composition) -> None:
        """Observe what an image consists of. A model's new file begins anew."""
        if not model.references:
            return
        with self._lock:
            window = self._windows.get(model.name)
            if window is None or window.contract is not model:
                window = self._windows[model.name] = Window(model)
            window.add(seen)

    def collect(self) -> Iterable[Metric]:
        classes = GaugeMetricFamily(
            "segment_drift",
            "Jensen-Shannon distance of a class's shares in the latest images from those at a place of validation.",
            labels=("model", "place", "class"),
        )
        confidence = GaugeMetricFamily(
            "segment_confidence_drift", "As segment_drift, of the confidence of labels.", labels=("model", "place")
        )
        with self._lock:
            drifts = [(model, drift) for model, window in self._windows.items() for drift in window.drifts()]
        for model, drift in drifts:
            for name, distance in drift.shares.items():
                classes.add_metric((model, drift.place, name), distance)
            if drift.confidence is not None:
                confidence.add_metric((model, drift.place), drift.confidence)
        yield classes
        yield confidence
