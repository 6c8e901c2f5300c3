"""The service on a Ray cluster of three nodes on this machine, deployed with deploy/ray/serve.yaml."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from benchmarks import node_loss
from benchmarks.overload import without_time
from benchmarks.ray_cluster import Nodes, nodes
from tests.support import slow
from tests.support.server import serving
from tests.support.waiting import wait_until

NODES = 3
PHOTOS = [slow.picture(15), slow.picture(25)]
"""They take some tenths of a second: every replica has one when it dies."""


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "slow.onnx"
    path.write_bytes(slow.model_bytes())
    return path


@pytest.fixture(scope="module")
def cluster(model_file: Path) -> Iterator[Nodes]:
    with nodes(NODES, models=model_file) as started:
        started.deploy(NODES)
        yield started


def test_an_answer_is_that_of_one_machine(cluster: Nodes, model_file: Path) -> None:
    with serving(model_file) as url:
        here, there = (
            httpx2.post(f"{at}/segment", files={"image": PHOTOS[0]}, timeout=60) for at in (url, cluster.url)
        )
    assert there.status_code == 200, there.text
    assert without_time(there.content) == without_time(here.content)
    assert there.headers["x-model-digest"] == here.headers["x-model-digest"]
    assert len(there.headers.get_list("x-request-id")) == 1


@pytest.mark.parametrize("path", ["/", "/models", "/health/ready", "/metrics", "/v2/health/ready", "/web/live.js"])
def test_every_face_of_the_service_is_there(cluster: Nodes, path: str) -> None:
    assert httpx2.get(cluster.url + path, timeout=60).status_code == 200


def test_what_one_machine_refuses_is_refused(cluster: Nodes) -> None:
    response = httpx2.post(f"{cluster.url}/segment", content=b"no image", timeout=60)
    assert response.status_code == 415
    assert response.headers["content-type"] == "application/problem+json"


def test_rays_exporter_shows_the_metrics_of_every_replica(cluster: Nodes) -> None:
    def replicas() -> set[str]:
        texts = [httpx2.get(f"http://{address}/metrics", timeout=60).text for address in cluster.exporters()]
        samples = [line for text in texts for line in text.splitlines() if line.startswith("ray_segment_slots{")]
        return {found[1] for sample in samples if (found := re.search(r'replica="([^"]+)"', sample))}

    wait_until(lambda: len(replicas()) == NODES)


def test_requests_of_a_replica_that_dies_are_answered_by_another(cluster: Nodes) -> None:
    replica = cluster.replicas()[0]
    outcomes = node_loss.struck(cluster.url, PHOTOS, callers=6, seconds=6, strike=replica.kill)
    assert set(outcomes) == {"answered"}, outcomes
    cluster.wait(NODES)


def test_no_request_is_lost_with_a_node(cluster: Nodes) -> None:
    """The tests after this one have a node less."""
    promises = node_loss.run(cluster, PHOTOS, callers=6, seconds=9)
    assert all(promise.kept for promise in promises), promises


def test_no_request_is_lost_with_a_replica_that_is_removed(cluster: Nodes) -> None:
    outcomes = node_loss.struck(cluster.url, PHOTOS, callers=6, seconds=3, strike=lambda: cluster.deploy(1))
    assert set(outcomes) == {"answered"}, outcomes
