"""How what is measured is put into buckets."""

from time import perf_counter

from prometheus_client.parser import text_string_to_metric_families

from service.segmentation.stopwatch import Stopwatch
from service.serving.metrics import Metrics, buckets


def test_buckets_reach_from_a_millisecond_to_the_deadline() -> None:
    for deadline in (0.5, 30, 300):
        bounds = buckets(deadline)
        assert (bounds[0], bounds[-1]) == (0.001, deadline)
        assert bounds == sorted(set(bounds))


def test_there_is_a_bucket_at_each_deadline_and_near_it() -> None:
    assert {24, 30, 480, 600} <= set(buckets(30, 600))


def test_an_answer_just_before_the_deadline_is_in_a_bucket() -> None:
    metrics, timings = Metrics(30, 600), Stopwatch()
    timings.add("network", perf_counter() - 29.9)
    metrics.observe_stages("street", timings)
    (family,) = [
        f for f in text_string_to_metric_families(metrics.text().decode()) if f.name == "segment_stage_seconds"
    ]
    counts = {s.labels["le"]: s.value for s in family.samples if s.name == "segment_stage_seconds_bucket"}
    assert (counts["25.0"], counts["30.0"], counts["+Inf"]) == (0, 1, 1)
