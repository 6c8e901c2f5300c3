"""What is counted, in the text format of Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """What /metrics shows, in the text format of Prometheus."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status", "code")
        self.requests = Counter("segment_requests", "Requests answered.", labels, registry=self.registry)
        self.seconds = Histogram(
            "segment_request_seconds", "From first byte of the request to last of the answer.", ("route",),
            registry=self.registry,
        )  # fmt: skip
        self.stages = Histogram(
            "segment_stage_seconds", "Time in each stage of the work.", ("stage",), registry=self.registry
        )
        self.running = Gauge("segment_places_taken", "Images worked on or waiting.", registry=self.registry)
        self.upload_bytes = Gauge("segment_upload_bytes", "Bytes of uploads held.", registry=self.registry)

    def refused_early(self, status: int, code: str) -> None:
        """Count a request that did not reach the application."""
        self.requests.labels("none", "none", str(status), code).inc()

    def text(self) -> bytes:
        return generate_latest(self.registry)
