"""What /metrics says, read as Prometheus reads it."""

import httpx2
from prometheus_client.parser import text_string_to_metric_families


def metric(client: httpx2.Client, sample: str, **labels: str) -> float:
    """The sum of the samples of this name that have these labels, among others perhaps."""
    return sum(
        found.value
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for found in family.samples
        if found.name == sample and labels.items() <= found.labels.items()
    )
