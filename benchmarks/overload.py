"""Many times the service's capacity, for a minute: it keeps its throughput, refuses the rest at once, loses nothing."""

import asyncio
import hashlib
import json
import random
import secrets
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import cycle
from statistics import mean, median
from time import monotonic, sleep
from typing import Any

import typer
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.load import offline, single_stream
from benchmarks.photos import photo
from benchmarks.promise import Promise, table
from benchmarks.rounds import percentile
from benchmarks.sender import Scheduled, deliver
from benchmarks.subjects import Subject
from benchmarks.wire import Address, Answer, address_of, exchange, form, get, post
from service.serving.settings import Settings

CALLERS = 4
"""Callers that measure the capacity, back to back; there must be at least as many images."""
ALONE = 16
"""Requests one after the other; their median is the time of a request alone."""
MEASURED = 0.1
"""How long the capacity is measured, as a share of the run."""
HEALTH_EVERY_S = 0.2
HEALTH = "health"
"""Stands for a photo's sha256 in a health check."""
SETTLES_S = 5.0
"""How long to wait for the counters: a request is counted when it ends, shortly after its answer was read."""

SLACK = 1.3
"""On the bound of waiting: the same machine also refuses, and sends."""
LEAST_OF_CAPACITY = 0.95
REFUSED_MS = 100.0
HEALTH_MS = 200.0


@dataclass(frozen=True)
class Baseline:
    """The service without load: seconds of a request alone, requests a second back to back, and the answers by their
    photo's sha256."""

    seconds: float
    per_second: float
    answers: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Exchange:
    """One request: when it was due (seconds of the monotonic clock), its photo's sha256, and its answer."""

    due: float
    photo: str
    answer: Answer

    @property
    def milliseconds(self) -> float:
        """From the moment it was due, so that a slow answer cannot hide behind a late request."""
        return 1000 * (self.answer.ended - self.due)

    @property
    def late(self) -> float:
        """Milliseconds between when it was due and when it was sent: the load generator's own delay."""
        return 1000 * (self.answer.began - self.due)


@dataclass(frozen=True)
class LoadRun:
    """The requests, the health checks between them, and what the service counted by status."""

    sent: list[Exchange]
    health: list[Exchange]
    counted: Counter[int]

    def of(self, *statuses: int) -> list[Exchange]:
        return [sent for sent in self.sent if sent.answer.status in statuses]

    @property
    def accepted_per_second(self) -> float:
        ended = [sent.answer.ended for sent in self.of(200)]
        return len(ended) / (max(ended) - self.sent[0].due) if ended else 0.0

    @property
    def unaccounted(self) -> int:
        """Requests sent whose status was not counted, and statuses counted that no request got."""
        answered = Counter(sent.answer.status for sent in self.sent)
        return sum(abs(answered[status] - self.counted[status]) for status in answered | self.counted)


def photos() -> list[bytes]:
    """Small photos of one shape, all different."""
    return [photo(4 * size, 3 * size) for size in range(104, 136, 4)]


def run(subject: Subject, settings: Settings, images: Sequence[bytes], seconds: float, times: float) -> list[Promise]:
    """Load `subject`, which has these settings, with `times` its capacity; print the outcome."""
    baseline = measured(subject, images, seconds)
    rate = times * baseline.per_second
    typer.echo(
        f"{1000 * baseline.seconds:.1f} ms alone, {baseline.per_second:.1f} a second; "
        f"sending {rate:.1f} a second for {seconds:g} s"
    )
    load = loaded(address_of(subject.url), images, rate, seconds)
    baseline = between(baseline, measured(subject, images, seconds))
    typer.echo(f"{1000 * baseline.seconds:.1f} ms alone, {baseline.per_second:.1f} a second, before and after")
    rows = {
        "sent": len(load.sent),
        "accepted (200)": len(load.of(200)),
        "refused (503)": len(load.of(503)),
        "p50 of accepted, ms": round(percentile([s.milliseconds for s in load.of(200)], 0.5)),
        "p50 of refused, ms": round(percentile([s.milliseconds for s in load.of(503)], 0.5), 1),
        "p99 of how late the sender was, ms": round(percentile([s.late for s in load.sent], 0.99), 1),
    }
    others = Counter(sent.answer.status for sent in load.sent if sent.answer.status not in (200, 503))
    rows |= {f"other ({status or 'no answer'})": count for status, count in sorted(others.items())}
    typer.echo("\n".join(["", "| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items()), ""]))
    promises = judged(load, baseline, settings)
    typer.echo(table(promises))
    return promises


def judged(load: LoadRun, baseline: Baseline, settings: Settings) -> list[Promise]:
    """The promises. With one network at a time and room for Q more images, the last of them waits for Q others."""
    waiting = settings.workers + settings.queue - 1
    bound = (waiting + 1) * 1000 * baseline.seconds * SLACK
    accepted, refused, health = (
        [sent.milliseconds for sent in some] for some in (load.of(200), load.of(503), load.health)
    )
    mistaken = sum(not is_own(sent, baseline) for sent in load.of(200))
    sick = sum(sent.answer.status != 200 for sent in load.health)
    return [
        Promise(
            "accepted a second over capacity", load.accepted_per_second / baseline.per_second, least=LEAST_OF_CAPACITY
        ),
        Promise("p99 of accepted, ms", percentile(accepted, 0.99), most=bound),
        Promise("p99 of refused, ms", percentile(refused, 0.99), most=REFUSED_MS),
        Promise("p99 of health, ms", percentile(health, 0.99), most=HEALTH_MS),
        Promise("checks of health that failed", sick, 0, 0),
        Promise("neither accepted nor refused", len(load.sent) - len(load.of(200, 503)), 0, 0),
        Promise("requests sent but not counted, or counted but not sent", load.unaccounted, 0, 0),
        Promise("answers of another image", mistaken, 0, 0),
    ]


def measured(subject: Subject, images: Sequence[bytes], seconds: float) -> Baseline:
    address = address_of(subject.url)
    answers = {of: without_time(asyncio.run(exchange(address, one)).body) for of, one in requests(images).items()}
    with ExitStack() as stack:
        callers = cycle([stack.enter_context(closing(subject.caller(image))) for image in images])
        alone = median(single_stream(next(callers), 1).milliseconds[0] / 1000 for _ in range(ALONE))
        count = max(2 * CALLERS, round(MEASURED * seconds / alone))
        per_second = offline(lambda: next(callers), count, CALLERS).per_second
    return Baseline(alone, per_second, answers)


def between(before: Baseline, after: Baseline) -> Baseline:
    """The mean of the baselines before and after a run: the speed of a shared machine changes."""
    return Baseline(mean((before.seconds, after.seconds)), mean((before.per_second, after.per_second)), before.answers)


def loaded(address: Address, images: Sequence[bytes], per_second: float, seconds: float) -> LoadRun:
    """Load the service, and wait until it has counted every request."""
    before = counts(address)
    sent, health = sending(address, images, per_second, seconds)
    until = monotonic() + SETTLES_S
    while (counted := counts(address) - before).total() < len(sent) and monotonic() < until:
        sleep(HEALTH_EVERY_S)
    return LoadRun(sent, health, counted)


def sending(
    address: Address, images: Sequence[bytes], per_second: float, seconds: float
) -> tuple[list[Exchange], list[Exchange]]:
    """Requests at random times (Poisson), each on its own connection, sent whether or not earlier ones are answered;
    and the health checks between them."""
    draw = random.Random(0)  # noqa: S311  # no secret
    bodies, live = requests(images), get("/health/live")
    now = began = monotonic() + HEALTH_EVERY_S
    plan = [(began + HEALTH_EVERY_S * number, HEALTH) for number in range(round(seconds / HEALTH_EVERY_S))]
    while now < began + seconds:
        plan.append((now, draw.choice(list(bodies))))
        now += draw.expovariate(per_second)
    plan.sort()
    answers = deliver(address, [Scheduled(due, bodies.get(of, live)) for due, of in plan])
    sent = [Exchange(due, of, answer) for (due, of), answer in zip(plan, answers, strict=True)]
    return [one for one in sent if one.photo != HEALTH], [one for one in sent if one.photo == HEALTH]


def counts(address: Address) -> Counter[int]:
    """Requests by status, from /metrics; without GET, which are the benchmark's own."""
    text = asyncio.run(exchange(address, get("/metrics"))).body.decode()
    counted: Counter[int] = Counter()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "segment_requests_total" and sample.labels["method"] != "GET":
                counted[int(sample.labels["status"])] += int(sample.value)
    return counted


def requests(images: Sequence[bytes]) -> dict[str, bytes]:
    """By their photo's sha256."""
    forms = {hashlib.sha256(image).hexdigest(): form(image, secrets.token_hex(8)) for image in images}
    return {of: post("/segment", body, content_type) for of, (body, content_type) in forms.items()}


def is_own(sent: Exchange, baseline: Baseline) -> bool:
    """Whether the answer names this photo, and its areas and mask are those of the baseline."""
    answer = without_time(sent.answer.body)
    return answer["image"]["sha256"] == sent.photo and answer == baseline.answers[sent.photo]


def without_time(body: bytes) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(body)
    return {name: value for name, value in answer.items() if name != "timings_ms"}
