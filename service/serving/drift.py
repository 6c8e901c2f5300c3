"""The drift of what is served, as gauges: computed at a scrape, of windows that are kept meanwhile."""

from collections.abc import Iterable
from math import nan
from threading import Lock

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from service.segmentation.measures.composition import Composition
from service.segmentation.measures.drift import Window
from service.segmentation.modelfile.contract import Contract


class Drift(Collector):
    """The windows of models whose contracts have a reference. Safe to call from several threads."""

    def __init__(self) -> None:
        self._windows: dict[str, Window] = {}
        self._lock = Lock()

    def observe(self, model: Contract, seen: Composition) -> None:
        """Observe what an image consists of. A model's new file begins a new window."""
        if model.reference is None:
            return
        with self._lock:
            window = self._windows.get(model.name)
            if window is None or window.contract is not model:
                window = self._windows[model.name] = Window(model)
            window.add(seen)

    def collect(self) -> Iterable[Metric]:
        classes = GaugeMetricFamily(
            "segment_drift",
            "Jensen-Shannon distance of a class's share in the latest images from that in validation; NaN of too few.",
            labels=("model", "class"),
        )
        confidence = GaugeMetricFamily(
            "segment_confidence_drift", "As segment_drift, of the confidence of labels.", labels=("model",)
        )
        with self._lock:
            for model, window in self._windows.items():
                for name, histogram in window.classes.items():
                    classes.add_metric((model, name), known(histogram.drift))
                if window.confidence is not None:
                    confidence.add_metric((model,), known(window.confidence.drift))
        yield classes
        yield confidence


def known(drift: float | None) -> float:
    return nan if drift is None else drift
