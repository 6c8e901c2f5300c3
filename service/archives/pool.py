"""Workers on all cores of this machine or of a cluster, by Ray Data."""

import logging
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import ray
import ray.data
import ray.exceptions

from service.archives.plan import Job, Shard
from service.archives.store import why
from service.archives.worker import Ended, Place, Worker
from service.cli.errors import Failure

HERE = "local"
"""What Ray calls a cluster that it starts on this machine, and stops with this process."""
PATIENCE_S = 30.0
STARTS = 2
"""Ray gives a machine half a minute to start; a busy one may have as much again."""
OBJECT_STORE = 128 * 2**20
"""Bytes of shared memory of such a cluster. Names and counts alone pass through it: images go from store to store."""


@contextmanager
def cluster(address: str | None) -> Iterator[int]:
    """The cores of the cluster at an address, by default RAY_ADDRESS; without either, of one that is started here.

    Raises Failure if it cannot be reached.
    """
    address = address or os.environ.get("RAY_ADDRESS") or HERE
    reach(address)
    quiet()
    size: dict[str, Any] = {"object_store_memory": OBJECT_STORE, "include_dashboard": False} if address == HERE else {}
    for left in reversed(range(STARTS)):
        try:
            with muted():
                ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **size)
            break
        except Exception as error:  # Ray's classes of errors do not tell what happened
            ray.shutdown()
            if not left:
                raise Failure(f"Ray does not start at {address}: {error}") from error
    try:
        yield int(ray.cluster_resources().get("CPU", 1))
    finally:
        ray.shutdown()


def reach(address: str) -> None:
    """Raises Failure if nothing listens at host:port, where Ray would wait for minutes."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if host and port.isdigit():
        try:
            socket.create_connection((host, int(port)), PATIENCE_S).close()
        except OSError as error:
            raise Failure(f"there is no Ray cluster at {address}: {why(error)}.") from error


def quiet() -> None:
    """Ray reports to its log files; here it would disturb the progress, and it sends statistics unless told not to."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


@contextmanager
def muted() -> Iterator[None]:
    """Standard error goes nowhere: native code writes there, past Python's logging, while it starts."""
    before = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)
        os.close(nowhere)


def made(shards: Sequence[Shard], job: Job, place: Place, workers: int) -> Iterator[Ended]:
    """Make shards on so many cores; each is told of as it ends.

    Ray starts a worker that died again, and gives it the shard that it had. A shard that is not told of failed in a way
    that nobody foresaw.
    """
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.max_errored_blocks = -1
    items = [msgspec.structs.asdict(shard) for shard in shards]
    ended = ray.data.from_items(items, override_num_blocks=len(items)).map(
        Worker,  # type: ignore[arg-type]  # a class is called once it is there
        fn_constructor_args=(job, place),
        compute=ray.data.ActorPoolStrategy(size=min(workers, len(items)), max_tasks_in_flight_per_actor=2),
        num_cpus=1,
    )
    try:
        for row in ended.iter_rows():
            yield msgspec.convert(row, Ended)
    except ray.exceptions.RayError as error:
        raise Failure(f"Ray gave up: {str(error).strip().splitlines()[-1]}") from error
