"""Many times what the service can do, for a minute: it does what it can, refuses all else at once, loses nothing."""

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
from benchmarks.sender import Due, deliver
from benchmarks.subjects import Subject
from benchmarks.wire import Address, Answer, address_of, exchange, form, get, post
from service.serving.settings import Settings

CALLERS = 4
"""That ask back to back, for capacity; there are to be as many images."""
ALONE = 16
"""Requests one after the other, whose median is the time of one."""
MEASURED = 0.1
"""Of the load's length, for how long capacity is measured."""
HEALTH_EVERY_S = 0.2
HEALTH = "health"
"""In place of a photo's sha256."""
SETTLES_S = 5.0
"""A request is counted when it ends, which may be a moment after its answer was read."""

SLACK = 1.3
"""The machine also refuses, and sends."""
LEAST_OF_CAPACITY = 0.95
REFUSED_MS = 100.0
HEALTH_MS = 200.0


@dataclass(frozen=True)
class Calm:
    """One request's seconds without others, requests a second back to back, and answers by their photo's sha256."""

    seconds: float
    per_second: float
    answers: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Sent:
    """One request: when it was due (seconds of the monotonic clock), its photo's sha256, and what came of it."""

    due: float
    photo: str
    answer: Answer

    @property
    def milliseconds(self) -> float:
        """From when it was due, so that a slow answer cannot hide behind a late request."""
        return 1000 * (self.answer.ended - self.due)

    @property
    def late(self) -> float:
        """Milliseconds; the sender's own, who has to share the processor."""
        return 1000 * (self.answer.began - self.due)


@dataclass(frozen=True)
class Storm:
    """What was sent, the checks of health meanwhile, and what the service counted, by status."""

    sent: list[Sent]
    health: list[Sent]
    counted: Counter[int]

    def of(self, *statuses: int) -> list[Sent]:
        return [sent for sent in self.sent if sent.answer.status in statuses]

    @property
    def accepted_per_second(self) -> float:
        ended = [sent.answer.ended for sent in self.of(200)]
        return len(ended) / (max(ended) - self.sent[0].due) if ended else 0.0

    @property
    def unaccounted(self) -> int:
        """Requests that were sent and not counted as what they were answered, or the other way round."""
        answered = Counter(sent.answer.status for sent in self.sent)
        return sum(abs(answered[status] - self.counted[status]) for status in answered | self.counted)


def photos() -> list[bytes]:
    """Small, of one shape, and no two alike."""
    return [photo(4 * size, 3 * size) for size in range(104, 136, 4)]


def run(subject: Subject, settings: Settings, images: Sequence[bytes], seconds: float, times: float) -> list[Promise]:
    """Load `subject`, which has these settings, with `times` its capacity; print what came of it."""
    calm = measured(subject, images, seconds)
    rate = times * calm.per_second
    typer.echo(
        f"{1000 * calm.seconds:.1f} ms alone, {calm.per_second:.1f} a second; now {rate:.1f} a second for {seconds:g} s"
    )
    storm = stormed(address_of(subject.url), images, rate, seconds)
    calm = between(calm, measured(subject, images, seconds))
    typer.echo(f"{1000 * calm.seconds:.1f} ms alone, {calm.per_second:.1f} a second, before and after")
    rows = {
        "sent": len(storm.sent),
        "accepted (200)": len(storm.of(200)),
        "refused (503)": len(storm.of(503)),
        "p50 of accepted, ms": round(percentile([s.milliseconds for s in storm.of(200)], 0.5)),
        "p50 of refused, ms": round(percentile([s.milliseconds for s in storm.of(503)], 0.5), 1),
        "p99 of how late the sender was, ms": round(percentile([s.late for s in storm.sent], 0.99), 1),
    }
    others = Counter(sent.answer.status for sent in storm.sent if sent.answer.status not in (200, 503))
    rows |= {f"other ({status or 'no answer'})": count for status, count in sorted(others.items())}
    typer.echo("\n".join(["", "| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items()), ""]))
    promises = judged(storm, calm, settings)
    typer.echo(table(promises))
    return promises


def judged(storm: Storm, calm: Calm, settings: Settings) -> list[Promise]:
    """The promises. With one network at a time and room for Q images more, the last of them waits for Q others."""
    waiting = settings.workers + settings.queue - 1
    bound = (waiting + 1) * 1000 * calm.seconds * SLACK
    accepted, refused, health = (
        [sent.milliseconds for sent in some] for some in (storm.of(200), storm.of(503), storm.health)
    )
    mistaken = sum(not is_own(sent, calm) for sent in storm.of(200))
    sick = sum(sent.answer.status != 200 for sent in storm.health)
    return [
        Promise(
            "accepted a second over capacity", storm.accepted_per_second / calm.per_second, least=LEAST_OF_CAPACITY
        ),
        Promise("p99 of accepted, ms", percentile(accepted, 0.99), most=bound),
        Promise("p99 of refused, ms", percentile(refused, 0.99), most=REFUSED_MS),
        Promise("p99 of health, ms", percentile(health, 0.99), most=HEALTH_MS),
        Promise("checks of health that failed", sick, 0, 0),
        Promise("neither accepted nor refused", len(storm.sent) - len(storm.of(200, 503)), 0, 0),
        Promise("sent and not counted, or counted and not sent", storm.unaccounted, 0, 0),
        Promise("answers that are not the image's own", mistaken, 0, 0),
    ]


def measured(subject: Subject, images: Sequence[bytes], seconds: float) -> Calm:
    address = address_of(subject.url)
    answers = {of: without_time(asyncio.run(exchange(address, one)).body) for of, one in requests(images).items()}
    with ExitStack() as stack:
        callers = cycle([stack.enter_context(closing(subject.caller(image))) for image in images])
        alone = median(single_stream(next(callers), 1).milliseconds[0] / 1000 for _ in range(ALONE))
        count = max(2 * CALLERS, round(MEASURED * seconds / alone))
        per_second = offline(lambda: next(callers), count, CALLERS).per_second
    return Calm(alone, per_second, answers)


def between(before: Calm, after: Calm) -> Calm:
    """What was to be had meanwhile: a machine that others use too is faster at one time than at another."""
    return Calm(mean((before.seconds, after.seconds)), mean((before.per_second, after.per_second)), before.answers)


def stormed(address: Address, images: Sequence[bytes], per_second: float, seconds: float) -> Storm:
    """Load the service, and wait until it has counted as much as was sent."""
    before = counts(address)
    sent, health = storming(address, images, per_second, seconds)
    until = monotonic() + SETTLES_S
    while (counted := counts(address) - before).total() < len(sent) and monotonic() < until:
        sleep(HEALTH_EVERY_S)
    return Storm(sent, health, counted)


def storming(
    address: Address, images: Sequence[bytes], per_second: float, seconds: float
) -> tuple[list[Sent], list[Sent]]:
    """Requests at random times (Poisson), each on a connection of its own, whatever becomes of the others; and the
    checks of health between them."""
    draw = random.Random(0)  # noqa: S311  # no secret
    bodies, live = requests(images), get("/health/live")
    now = began = monotonic() + HEALTH_EVERY_S
    plan = [(began + HEALTH_EVERY_S * number, HEALTH) for number in range(round(seconds / HEALTH_EVERY_S))]
    while now < began + seconds:
        plan.append((now, draw.choice(list(bodies))))
        now += draw.expovariate(per_second)
    plan.sort()
    answers = deliver(address, [Due(due, bodies.get(of, live)) for due, of in plan])
    sent = [Sent(due, of, answer) for (due, of), answer in zip(plan, answers, strict=True)]
    return [one for one in sent if one.photo != HEALTH], [one for one in sent if one.photo == HEALTH]


def counts(address: Address) -> Counter[int]:
    """Requests by status, as /metrics has them; without those that only look, which are ours."""
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


def is_own(sent: Sent, calm: Calm) -> bool:
    """Whether the answer says that it is of this photo, and is, areas and mask, what it got when nobody else asked."""
    answer = without_time(sent.answer.body)
    return answer["image"]["sha256"] == sent.photo and answer == calm.answers[sent.photo]


def without_time(body: bytes) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(body)
    return {name: value for name, value in answer.items() if name != "timings_ms"}
