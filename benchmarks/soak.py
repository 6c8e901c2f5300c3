"""An hour of mixed traffic with hostile and impatient callers; afterwards the service must be as before."""

import asyncio
import csv
import json
from collections import Counter
from dataclasses import astuple, fields
from itertools import count
from pathlib import Path
from time import monotonic

import typer

from benchmarks.photos import SIZES, photo
from benchmarks.promise import Promise, table
from benchmarks.subjects import Subject
from benchmarks.traffic import Intent, Traffic
from benchmarks.verdict import Record, Rest, Sample, promises, wrong
from benchmarks.wire import address_of, exchange, form, get, post
from service.serving.settings import Settings

CALLERS = 6
SAMPLES = 240
SELDOM_S = 5.0
"""The longest time between two samples."""
LOG_EVERY_S = 30.0
SETTLES_S = 20.0
"""How long after the last request everything that was opened for a request must be closed."""
LOOK_EVERY_S = 0.5
PICTURES = ("image/png", "image/webp")
"""Media types of answers that are the same bytes at any time."""


class Soak:
    """Callers in a closed loop, and the outcomes of their requests."""

    def __init__(self, subject: Subject, traffic: Traffic, seconds: float, file: Path) -> None:
        self._subject, self._traffic, self._file = subject, traffic, file
        self._address = address_of(subject.url)
        self._seconds, self._began = seconds, monotonic()
        self._numbers = count()
        self._ended: Counter[tuple[Intent, int]] = Counter()
        self._slowest_s = 0.0
        self._samples: list[Sample] = []

    async def run(self, workers: int) -> Record:
        before = await rest(self._subject, workers, 0)
        self._began = monotonic()
        async with asyncio.TaskGroup() as tasks:  # if the service has died, watching it fails, and everything ends
            watching = tasks.create_task(self._watch())
            await asyncio.wait([tasks.create_task(self._call()) for _ in range(CALLERS)])
            watching.cancel()
        after = await rest(self._subject, workers, min(SETTLES_S, self._seconds / 4), before)
        return Record(self._samples, self._ended, self._slowest_s, before, after)

    @property
    def _now(self) -> float:
        """Seconds since the start."""
        return monotonic() - self._began

    async def _call(self) -> None:
        while self._now < self._seconds:
            number = next(self._numbers)
            parcel = await asyncio.to_thread(self._traffic.parcel, number)
            answer = await exchange(self._address, parcel.request, parcel.patience_s)
            self._ended[parcel.intent, answer.status] += 1
            if wrong(parcel.intent, answer.status):
                typer.echo(f"request {number}, {parcel.what}: {answer.status or 'no answer'} {answer.body[:500]!r}")
            if parcel.intent is not Intent.LEAVES:
                self._slowest_s = max(self._slowest_s, answer.ended - answer.began)

    async def _watch(self) -> None:
        every, logged = min(SELDOM_S, self._seconds / SAMPLES), 0.0
        with self._file.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(field.name for field in fields(Sample))
            while True:
                await asyncio.sleep(every)
                sample = self._sample()
                self._samples.append(sample)
                rows.writerow(astuple(sample))
                if sample.seconds - logged > LOG_EVERY_S:
                    file.flush()
                    logged = sample.seconds
                    typer.echo(said(sample))

    def _sample(self) -> Sample:
        statuses: Counter[int] = Counter()
        for (_, status), number in self._ended.items():
            statuses[status] += number
        return Sample(
            round(self._now, 2),
            statuses.total(),
            " ".join(f"{status or 'none'}:{number}" for status, number in sorted(statuses.items())),
            round(self._subject.memory() / 1e6, 1),
            self._subject.descriptors(),
            self._subject.threads(),
        )


def run(subject: Subject, settings: Settings, seconds: float, traffic: Traffic, file: Path) -> list[Promise]:
    """Soak `subject`, which has these settings, and print the verdict; write the samples to `file` as CSV."""
    record = asyncio.run(Soak(subject, traffic, seconds, file).run(settings.workers))
    verdict = promises(record, settings.deadline_s)
    typer.echo(f"{said(record.samples[-1])}\n\n{table(verdict)}")
    return verdict


def said(sample: Sample) -> str:
    return (
        f"{sample.seconds:5.0f} s: {sample.requests} requests ({sample.statuses}), {sample.resident_mb:.0f} MB, "
        f"{sample.descriptors} descriptors, {sample.threads} threads"
    )


async def rest(subject: Subject, workers: int, within_s: float, before: Rest | None = None) -> Rest:
    """The service at rest, after all its workers have worked; waits until it is as it was `before`, or too late."""
    address = address_of(subject.url)
    body, kind = form(photo(*SIZES["480x360"]), "here")
    answers: list[bytes] = []
    for accept in PICTURES:
        request = post("/segment", body, kind, accept)
        answers += [a.body for a in await asyncio.gather(*(exchange(address, request) for _ in range(workers)))]
    until = monotonic() + within_s
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        now = Rest(subject.descriptors(), subject.threads(), answers)
        if before is None or now.descriptors <= before.descriptors or monotonic() > until:
            return now


def models(subject: Subject) -> dict[str, list[str]]:
    """The classes of each served model, by name."""
    answer = asyncio.run(exchange(address_of(subject.url), get("/models")))
    return {model["name"]: model["classes"] for model in json.loads(answer.body)}
