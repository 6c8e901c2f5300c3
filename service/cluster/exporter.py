"""A replica's metrics, shown by Ray's exporter: a request for /metrics reaches any replica, and not a certain one."""

import asyncio
from typing import Any

from prometheus_client import CollectorRegistry
from ray.serve.metrics import Gauge

EVERY_S = 5.0


class Exporter:
    """Hands every sample to Ray under its own name, which Ray begins with `ray_`, with the replica as one more label.

    All are gauges to Ray. Prometheus computes rates and quantiles of them as of counters and histograms.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._gauges: dict[str, Gauge] = {}

    async def run(self) -> None:
        """Export until cancelled."""
        while True:
            self.export()
            await asyncio.sleep(EVERY_S)

    def export(self) -> None:
        for family in self._registry.collect():
            for sample in family.samples:
                if sample.name not in self._gauges:
                    labels: Any = tuple(sample.labels)  # Ray's hint is of one
                    self._gauges[sample.name] = Gauge(sample.name, family.documentation, labels)
                self._gauges[sample.name].set(sample.value, dict(sample.labels))
