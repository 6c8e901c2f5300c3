"""The service on a Ray cluster of three nodes with a core each: how it scales, and what it withstands."""

import secrets
from collections.abc import Sequence

import typer

from benchmarks import overload
from benchmarks.load import Caller, offline
from benchmarks.overload import Exchange
from benchmarks.promise import Promise, table
from benchmarks.ray_cluster import Nodes
from benchmarks.rounds import percentile
from benchmarks.subjects import service
from benchmarks.wire import address_of, form
from service.serving.settings import Settings

CALLERS = 4
REFUSED_MS = 500.0
"""A refusal passes Ray's proxy twice, on the machine that also sends and segments."""
SLACK = 2.0
"""On the bound of waiting, as two replicas, the proxies and the sender share the cores."""


def per_second(url: str, image: bytes, count: int) -> float:
    """Images a second of some callers, each sending its next image when the last is answered."""
    callers = [Caller(f"{url}/segment", *form(image, secrets.token_hex(8))) for _ in range(CALLERS)]
    each = iter(callers)
    try:
        offline(lambda: callers[0], CALLERS, 1)  # warm
        return offline(lambda: next(each), count, CALLERS).per_second
    finally:
        for caller in callers:
            caller.close()


def scaling(cluster: Nodes, image: bytes, count: int) -> None:
    """Print images a second of one process with two cores, and of one and two replicas with one core each."""
    with service(threads=2, workers=3) as alone:
        rows = {"one process, two cores": per_second(alone.url.removesuffix("/segment"), image, count)}
    for replicas in 1, 2:
        cluster.deploy(replicas)
        rows[f"replicas of one core: {replicas}"] = per_second(cluster.url, image, count)
    typer.echo("\n".join(["| | images a second |", "|---|---|", *(f"| {n} | {r:.2f} |" for n, r in rows.items()), ""]))


def overloaded(cluster: Nodes, images: Sequence[bytes], replicas: int, seconds: float, times: float) -> list[Promise]:
    """Send many times what so many replicas can do; print what became of it."""
    settings = Settings()
    each = settings.queue + 2  # a replica with one core has two workers
    capacity = per_second(cluster.url, images[0], round(10 * CALLERS))
    sent, _ = overload.sending(address_of(cluster.url), images, times * capacity, seconds)
    accepted = [one.milliseconds for one in sent if one.answer.status == 200]
    refused = [one.milliseconds for one in sent if one.answer.status == 503]
    bound = 1000 * replicas * each / capacity * SLACK
    promises = [
        Promise("p99 of accepted, ms", percentile(accepted, 0.99), most=bound),
        Promise("p99 of refused, ms", percentile(refused, 0.99), most=REFUSED_MS),
        Promise("accepted a second over capacity", rate(sent) / capacity, least=0.8),
        Promise("neither accepted nor refused", len(sent) - len(accepted) - len(refused), 0, 0),
    ]
    typer.echo(f"{capacity:.2f} images a second; {len(sent)} sent, {len(accepted)} accepted, {len(refused)} refused")
    typer.echo(f"\n{table(promises)}")
    return promises


def rate(sent: Sequence[Exchange]) -> float:
    """Accepted images a second."""
    ended = [one.answer.ended for one in sent if one.answer.status == 200]
    return len(ended) / (max(ended) - sent[0].due) if ended else 0.0
