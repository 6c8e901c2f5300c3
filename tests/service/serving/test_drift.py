"""The gauges of drift: computed at a scrape, also while images are observed; a new file begins anew."""

import threading
from math import isnan

from prometheus_client.parser import text_string_to_metric_families

from service.segmentation.measures.composition import Composition
from service.segmentation.measures.drift import FEWEST, LATEST
from service.serving.metrics import Metrics
from tests.support import colours


def gauge(metrics: Metrics, name: str) -> dict[tuple[str, str], float]:
    families = text_string_to_metric_families(metrics.text().decode())
    samples = [sample for family in families for sample in family.samples if sample.name == name]
    return {(sample.labels["place"], sample.labels.get("class", "")): sample.value for sample in samples}


def test_a_drift_is_shown_once_there_are_enough_images() -> None:
    metrics, model = Metrics(30), colours.contract(references=colours.REFERENCES)
    assert gauge(metrics, "segment_drift") == {}
    metrics.observe_composition(model, Composition((0.2, 0.8, 0.0), None))
    assert isnan(gauge(metrics, "segment_drift")["town", "red"])
    for number in range(FEWEST):
        metrics.observe_composition(model, Composition((0.2, 0.8, 0.0), 0.9 if number % 2 else 0.1))
    assert gauge(metrics, "segment_drift")["town", "red"] > 0.5
    assert gauge(metrics, "segment_confidence_drift") == {("town", ""): 0}


def test_a_new_file_begins_anew() -> None:
    metrics = Metrics(30)
    for version in ("1", "2"):
        model = colours.contract(version=version, references=colours.REFERENCES)
        for _ in range(FEWEST - 1):
            metrics.observe_composition(model, image())
    assert isnan(gauge(metrics, "segment_drift")["town", "red"])


def image() -> Composition:
    return Composition((0.2, 0.8, 0.0), None)


def test_a_model_without_references_has_no_drift() -> None:
    metrics = Metrics(30)
    for _ in range(FEWEST):
        metrics.observe_composition(colours.contract(), image())
    assert gauge(metrics, "segment_drift") == {}


def test_scrapes_and_images_do_not_disturb_each_other() -> None:
    metrics, model = Metrics(30), colours.contract(references=colours.REFERENCES)

    def observe() -> None:
        for _ in range(LATEST):
            metrics.observe_composition(model, image())

    threads = [threading.Thread(target=observe) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        metrics.text()
    assert gauge(metrics, "segment_drift")["town", "red"] > 0.5
