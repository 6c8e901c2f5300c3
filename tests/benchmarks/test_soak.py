"""A soak passes a good service, and finds a leak."""

import csv
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

from benchmarks import soak, subjects
from benchmarks.subjects import Subject
from benchmarks.traffic import HOSTILE, LEAVING, Intent, Traffic
from benchmarks.verdict import GROWN_MB, SPARE_THREADS, Record, Rest, Sample, growth, promises
from service.serving.settings import Settings

SECONDS = 6
MODELS = {"colours": ["red", "green", "blue"]}


def broken(start: Callable[..., AbstractContextManager[Subject]], model_file: Path, output: Path) -> set[str]:
    """The promises that a soak of seconds with small photos finds broken."""
    with start(models=model_file, client_s=1, max_megapixels=2, log_level="error") as subject:
        traffic = Traffic(0, soak.models(subject), largest=(400, 300))
        verdict = soak.run(subject, Settings(), SECONDS, traffic, output)
    return {promise.name for promise in verdict if not promise.kept}


def test_the_service_passes(model_file: Path, tmp_path: Path) -> None:
    assert broken(subjects.service, model_file, tmp_path / "soak.csv") == set()
    rows = list(csv.DictReader((tmp_path / "soak.csv").read_text().splitlines()))
    assert float(rows[-1]["seconds"]) > 0.9 * SECONDS
    assert int(rows[-1]["requests"]) > int(rows[0]["requests"])
    assert float(rows[-1]["resident_mb"]) > 50
    assert "200:" in rows[-1]["statuses"]


def test_a_planted_leak_is_found(model_file: Path, tmp_path: Path) -> None:
    found = broken(subjects.leaky, model_file, tmp_path / "soak.csv")
    assert found == {"memory grown over the last half, MB", "file descriptors more than before"}


def series(grown: float, spikes: float = 0.4) -> list[float]:
    """An hour's memory in MB: it warms up for a quarter, large photos come and go, and `grown` MB leak."""
    draw = np.random.default_rng(0)
    time = np.linspace(0, 1, 720)
    large = np.where(draw.random(720) < spikes, draw.uniform(0, 400, 720), 0)
    return list(300 + 200 * np.minimum(1, 4 * time) + grown * time + draw.normal(0, 2, 720) + large)


def test_large_photos_and_warming_up_are_no_leak() -> None:
    assert growth(series(grown=0)) == pytest.approx(0, abs=GROWN_MB / 5)
    assert growth(series(grown=0)[::6]) == pytest.approx(0, abs=GROWN_MB)  # of fewer samples


@pytest.mark.parametrize("grown", [100, 1000])
def test_a_leak_is_found_between_large_photos(grown: float) -> None:
    """Half of the leak falls into the last half."""
    assert growth(series(grown)) == pytest.approx(grown / 2, rel=0.2)


def test_one_step_is_no_leak() -> None:
    assert growth([400.0] * 500 + [500.0] * 220) <= GROWN_MB


def test_too_few_samples_are_no_proof() -> None:
    assert not growth([400.0] * 6) <= GROWN_MB


REST = Rest(descriptors=10, threads=12, answers=[b"mask", b"overlay"])


def verdict(ended: dict[tuple[Intent, int], int] | None = None, slowest_s: float = 1, after: Rest = REST) -> set[str]:
    """The broken promises of a run that is good but for these figures."""
    samples = [Sample(number, number, "", megabytes, 10, 12) for number, megabytes in enumerate(series(0))]
    record = Record(samples, ended or {}, slowest_s, REST, after)
    return {promise.name for promise in promises(record, deadline_s=30) if not promise.kept}


def test_refusals_of_hostile_callers_are_no_fault() -> None:
    ended = {
        (Intent.HONEST, 200): 80,
        (Intent.HONEST, 503): 5,
        (Intent.HONEST, 504): 1,
        (Intent.HOSTILE, 422): 9,
        (Intent.HOSTILE, 408): 1,
        (Intent.LEAVES, 0): 4,
    }
    assert verdict(ended) == set()


@pytest.mark.parametrize(
    ("intent", "status", "name"),
    [
        (Intent.HOSTILE, 500, "server errors"),
        (Intent.HONEST, 502, "server errors"),
        (Intent.HOSTILE, 0, "requests without an answer"),
        (Intent.HONEST, 422, "honest requests refused as bad"),
    ],
)
def test_one_wrong_outcome_is_too_many(intent: Intent, status: int, name: str) -> None:
    assert verdict({(Intent.HONEST, 200): 1000, (intent, status): 1}) == {name}


def test_the_service_must_be_as_before() -> None:
    assert verdict(slowest_s=33) == {"slowest request, s"}
    assert verdict(after=Rest(11, 12, REST.answers)) == {"file descriptors more than before"}
    assert verdict(after=Rest(10, 12 + SPARE_THREADS, REST.answers)) == set()
    assert verdict(after=Rest(10, 13 + SPARE_THREADS, REST.answers)) == {"threads more than before"}
    assert verdict(after=Rest(10, 12, [b"mask", b"other"])) == {"answers that changed"}


def test_traffic_is_the_same_for_the_same_seed_in_any_order() -> None:
    one, same, other = (Traffic(seed, MODELS, (200, 150)) for seed in (1, 1, 2))
    forth = [one.parcel(number) for number in range(40)]
    back = [same.parcel(number) for number in reversed(range(40))]
    assert forth == back[::-1]
    assert forth != [other.parcel(number) for number in range(40)]
    assert len({parcel.request for parcel in forth}) > 35


def test_traffic_has_its_share_of_everything() -> None:
    traffic = Traffic(0, MODELS, (100, 80))
    parcels = [traffic.parcel(number) for number in range(1000)]
    shares = {intent: sum(p.intent is intent for p in parcels) / 1000 for intent in Intent}
    assert shares[Intent.HOSTILE] == pytest.approx(HOSTILE, abs=0.03)
    assert shares[Intent.LEAVES] == pytest.approx(LEAVING, abs=0.02)
    assert all(p.patience_s < 1 for p in parcels if p.intent is Intent.LEAVES)
    for said in (b"image/webp", b"multipart/mixed", b"heatmap=green", b"include=mask%2Cconfidence", b"form-data"):
        assert any(said in p.request for p in parcels if p.intent is Intent.HONEST), said
