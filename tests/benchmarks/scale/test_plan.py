"""Arithmetic of nodes, bytes and money."""

import msgspec
import pytest

from benchmarks.scale import plan
from benchmarks.scale.rows import row_bytes


def test_nodes_bear_the_rate_when_one_has_failed() -> None:
    assert plan.nodes(10, capacity=20, load=0.7) == 2
    assert plan.nodes(1000, capacity=20, load=0.5) == 101
    assert plan.nodes(1000, capacity=20, load=0.5, spare=0) == 100
    count = plan.nodes(1000, capacity=17, load=0.7, spare=3)
    assert 1000 / (17 * (count - 3)) <= 0.7 < 1000 / (17 * (count - 4))


def test_the_others_take_over_the_load_of_nodes_that_failed() -> None:
    assert plan.load_after(0.6, count=4, failed=1) == pytest.approx(0.8)
    assert plan.load_after(0.6, count=3, failed=1) == pytest.approx(0.9)
    with pytest.raises(ZeroDivisionError):
        plan.load_after(0.6, count=1, failed=1)


def test_a_node_that_fails_takes_along_what_is_in_it() -> None:
    assert plan.lost(0.5, capacity=60, mean_s=0.1) == pytest.approx(3)


def test_an_archive() -> None:
    """Half a core second an image."""
    assert plan.core_hours(7200, core_seconds=0.5) == pytest.approx(1)
    assert plan.days(86400 * 40, per_second=4, count=10) == pytest.approx(1)
    assert plan.money(1000, price=0.04) == pytest.approx(40)


def test_bytes_on_a_link() -> None:
    assert plan.gbit_per_second(1000, 125_000) == pytest.approx(1)
    assert plan.cores_that_fill(10, size=125_000, core_seconds=0.1) == 1000


def test_the_work_adds_up_to_the_cores_at_capacity() -> None:
    alone = {"queue": 1.0, "decode": 2.0, "fit": 3.0, "turn": 0.0, "network": 40.0, "measure": 1.0, "encode": 1.0}
    work = plan.work_ms(alone, whole_ms=52.0, cores=2, per_second=20.0)
    assert work["http"] == pytest.approx(4)
    assert sum(work.values()) == pytest.approx(100)
    assert work["network"] == pytest.approx(100 - 4 - 7)


def test_what_is_not_the_network_bounds_a_faster_one() -> None:
    assert plan.most_speedup({"decode": 25, "network": 75}) == pytest.approx(4)


def test_a_row_has_at_least_what_no_other_row_has() -> None:
    """32 bytes of SHA-256 as 64 characters, which no file compresses to less than 32, and the areas of two classes."""
    half = {"color": "#000000", "pixels": 500, "fraction": 0.5, "area_mm2": None, "confidence": None}
    classes = [half | {"id": number, "name": f"class {number}"} for number in range(2)]
    image = {"width": 40, "height": 25, "format": "PNG", "orientation": 1, "sha256": "0" * 64}
    model = {"name": "tiny", "version": "1", "digest": "sha256:0"}
    answer = msgspec.json.encode({"model": model, "image": image, "classes": classes, "warnings": [], "timings_ms": {}})
    assert 32 + 2 * 2 < row_bytes(answer) < 150
