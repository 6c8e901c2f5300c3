"""Ray on this machine, as a cluster of several nodes, and the service on it."""

import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import ray
import yaml
from ray import serve
from ray.cluster_utils import Cluster
from ray.serve._private.common import ReplicaState

from benchmarks.subjects import ROOT, free_port
from service.cluster import proxy
from service.cluster.application import NAME

CONFIG = ROOT / "deploy" / "ray" / "serve.yaml"
OBJECTS = 100 * 2**20
"""Bytes of a node's object store: the service keeps nothing in it."""
SECONDS_TO_START = 300
ENVIRONMENT = proxy.ENVIRONMENT | {
    "RAY_AUTH_MODE": "disabled",
    "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60",  # of a machine that has other work
    "RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S": "60",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_niceness": "0",  # Ray's 15 would have them wait for everything else on the machine
}


@dataclass(frozen=True)
class Nodes:
    """Nodes with one core each, the head first; the service answers at `url` once it has been deployed."""

    cluster: Cluster
    url: str
    folder: Path

    def deploy(self, replicas: int) -> None:
        """Run so many replicas with deploy/ray/serve.yaml, and wait until they are there."""
        config = yaml.safe_load(CONFIG.read_text())
        config["http_options"]["port"] = int(self.url.rpartition(":")[2])
        (deployment,) = config["applications"][0]["deployments"]
        deployment["autoscaling_config"] |= {"min_replicas": replicas, "max_replicas": replicas}
        file = self.folder / "serve.yaml"
        file.write_text(yaml.safe_dump(config))
        command = [sys.executable, "-m", "ray.serve.scripts", "run", "--address", self.cluster.address]
        subprocess.run([*command, "--non-blocking", file], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)  # noqa: S603  # our own
        self.wait(replicas)

    def wait(self, replicas: int) -> None:
        """Wait until exactly so many replicas run, and a proxy on every node that has one."""
        end = time.monotonic() + SECONDS_TO_START
        while self.running() != replicas:
            if time.monotonic() > end:
                raise TimeoutError(f"{self.running()} of {replicas} replicas run: {serve.status()}")
            time.sleep(0.2)

    def running(self) -> int:
        """Replicas that take requests."""
        for application in serve.status().applications.values():
            if NAME in application.deployments:
                return application.deployments[NAME].replica_states.get(ReplicaState.RUNNING, 0)
        return 0

    def exporters(self) -> list[str]:
        """Host and port of each node's metrics."""
        return [f"{node['NodeManagerAddress']}:{node['MetricsExportPort']}" for node in ray.nodes() if node["Alive"]]

    def replicas(self) -> list[psutil.Process]:
        """The processes of the replicas of this cluster."""
        return [
            one
            for one in psutil.process_iter(["name", "environ"])
            if one.info["name"].startswith("ray::ServeRepl")
            and (one.info["environ"] or {}).get("RAY_TMPDIR") == str(self.folder)
        ]

    def kill(self) -> None:
        """Kill the processes of the last node, with no chance to say goodbye."""
        self.cluster.remove_node(self.cluster.list_all_nodes()[-1], allow_graceful=False)


@contextmanager
def nodes(count: int, **settings: object) -> Iterator[Nodes]:
    """A cluster of `count` nodes with these settings of the service in their environment."""
    before = dict(os.environ)
    folder = Path(tempfile.mkdtemp(prefix="ray", dir="/tmp"))  # paths of sockets must be short
    os.environ.update(ENVIRONMENT | {"RAY_TMPDIR": str(folder), "PYTHONPATH": str(ROOT)})
    os.environ.update({f"SEGMENT_{name.upper()}": str(value) for name, value in settings.items()})
    cluster = Cluster()
    try:
        for _ in range(count):
            cluster.add_node(num_cpus=1, object_store_memory=OBJECTS, include_dashboard=False)
        ray.init(cluster.address, namespace="serve", log_to_driver=False, logging_level=logging.ERROR)
        yield Nodes(cluster, f"http://127.0.0.1:{free_port()}", folder)
    finally:
        ray.shutdown()
        cluster.shutdown()
        os.environ.clear()
        os.environ.update(before)
        shutil.rmtree(folder, ignore_errors=True)
