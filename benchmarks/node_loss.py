"""A node of a Ray cluster killed under load: every request is answered, or refused with 503, or its connection closes
with the node, and the client sends it again."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import typer

from benchmarks.overload import requests, without_time
from benchmarks.promise import Promise, table
from benchmarks.ray_cluster import Nodes
from benchmarks.wire import Address, Answer, address_of, exchange

CLOSED = "closed, and sent again"
REFUSED_FOR_S = 0.2
"""How long a caller waits after a refusal; less than Retry-After says, for a load that stays."""


@dataclass(frozen=True)
class Load:
    """Every request that was sent, with the sha256 of its photo."""

    sent: list[tuple[str, Answer]]

    def counts(self, expected: Mapping[str, object]) -> Counter[str]:
        return Counter(outcome(answer, expected[photo]) for photo, answer in self.sent)


def outcome(answer: Answer, expected: object) -> str:
    """What a client sees."""
    if answer.status == 200:
        return "answered" if without_time(answer.body) == expected else "answered wrongly"
    if answer.status == 503 and answer.header("Retry-After"):
        return "refused"
    return f"status {answer.status}" if answer.status else CLOSED


async def call(address: Address, forms: list[tuple[str, bytes]], over: asyncio.Event) -> list[tuple[str, Answer]]:
    """One photo after the other until it is over; each is sent until it is answered or refused."""
    sent = []
    for photo, request in itertools.cycle(forms):
        if over.is_set():
            break
        answer = await exchange(address, request)
        sent.append((photo, answer))
        while not answer.status:
            answer = await exchange(address, request)
            sent.append((photo, answer))
        if answer.status != 200:
            await asyncio.sleep(REFUSED_FOR_S)
    return sent


async def load(
    address: Address, forms: list[tuple[str, bytes]], callers: int, seconds: float, strike: Callable[[], None]
) -> Load:
    """So many callers for a third of the time, until `strike` returns, and for two thirds more."""
    over = asyncio.Event()
    calling = [asyncio.create_task(call(address, forms[n:] + forms[:n], over)) for n in range(callers)]
    await asyncio.sleep(seconds / 3)
    await asyncio.to_thread(strike)
    await asyncio.sleep(2 * seconds / 3)
    over.set()
    return Load([one for sent in await asyncio.gather(*calling) for one in sent])


def struck(url: str, images: Sequence[bytes], callers: int, seconds: float, strike: Callable[[], None]) -> Counter[str]:
    """What became of every request of these callers, while `strike` was called."""
    address, forms = address_of(url), list(requests(images).items())
    expected = {photo: without_time(asyncio.run(exchange(address, form)).body) for photo, form in forms}
    return asyncio.run(load(address, forms, callers, seconds, strike)).counts(expected)


def run(cluster: Nodes, images: Sequence[bytes], callers: int, seconds: float) -> list[Promise]:
    """Kill the last node under the load of these callers; print what became of every request."""
    counts = struck(cluster.url, images, callers, seconds, cluster.kill)
    sent, known = counts.total(), counts["answered"] + counts["refused"] + counts[CLOSED]
    rows = {"sent": sent, **dict(sorted(counts.items()))}
    typer.echo(
        "\n".join(["", "| requests | |", "|---|---|", *(f"| {name} | {count} |" for name, count in rows.items())])
    )
    promises = [
        Promise("sent, less answered, refused and closed", sent - known, 0, 0),
        Promise("answered", counts["answered"], least=1),
        Promise("closed, for each caller", counts[CLOSED] / callers, most=2),
    ]
    typer.echo(f"\n{table(promises)}")
    return promises
