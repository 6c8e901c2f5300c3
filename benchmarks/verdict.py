"""Whether a service that has run for long is what it was."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.promise import Promise
from benchmarks.traffic import Intent

GROWN_MB = 30.0
"""More than this over the last half is a leak: allocators and caches have what they need by then."""
WINDOWS = 6

SPARE_THREADS = 8
"""Pools make a thread when they first need one more; a thread for every so many requests is many more than these."""

BUSY = {503, 504}
"""Statuses above 499 that say no fault of the service's."""
FAULT, SILENT, REFUSED = "500s and the like", "requests without an answer", "honest requests refused for what they are"
"""What must not become of one request."""
TOLD_S = 2.0
"""Beyond the deadline, for the answer that says it is over, on a machine that is busy."""


@dataclass(frozen=True)
class Sample:
    """The service at one moment: seconds since the start, requests ended by then, memory in MB of 1e6 bytes."""

    seconds: float
    requests: int
    statuses: str
    resident_mb: float
    descriptors: int
    threads: int


@dataclass(frozen=True)
class Rest:
    """What the service has when nobody asks for anything; `answers` are those to the same requests, at any time."""

    descriptors: int
    threads: int
    answers: Sequence[bytes]


@dataclass(frozen=True)
class Record:
    """All that was seen: samples under load, how requests ended, the slowest's seconds, the rest before and after."""

    samples: Sequence[Sample]
    ended: Mapping[tuple[Intent, int], int]
    slowest_s: float
    before: Rest
    after: Rest


def wrong(intent: Intent, status: int) -> str | None:
    """What is wrong with a request that ended so, None where nothing is."""
    if status >= 500 and status not in BUSY:
        return FAULT
    if status == 0 and intent is not Intent.LEAVES:
        return SILENT
    if status in range(300, 500) and intent is Intent.HONEST:
        return REFUSED
    return None


def promises(record: Record, deadline_s: float) -> list[Promise]:
    """What a service keeps that could run for ever."""
    wrongs: Counter[str | None] = Counter()
    for (intent, status), count in record.ended.items():
        wrongs[wrong(intent, status)] += count
    before, after = record.before, record.after
    changed = sum(one != other for one, other in zip(before.answers, after.answers, strict=True))
    return [
        *(Promise(name, wrongs[name], 0, 0) for name in (FAULT, SILENT, REFUSED)),
        Promise("slowest request, s", record.slowest_s, most=deadline_s + TOLD_S),
        Promise("memory grown over the last half, MB", growth([s.resident_mb for s in record.samples]), most=GROWN_MB),
        Promise("file descriptors more than before", after.descriptors - before.descriptors, most=0),
        Promise("threads more than before", after.threads - before.threads, most=SPARE_THREADS),
        Promise("answers that are not what they were", changed, 0, 0),
    ]


def growth(megabytes: Sequence[float]) -> float:
    """By how many MB memory grew over the last half of a run, of samples evenly spaced over all of it.

    A large photo takes hundreds for a moment: a ceiling that says nothing. What leaks raises the floor, and does so all
    the time. Of the last half's windows each one's least is taken, of all pairs of them the slope (Theil 1950, Sen
    1968), and of the slopes not the median but the lower quartile: what three pairs of four agree on.
    """
    last = np.array(megabytes[len(megabytes) // 2 :])
    if len(last) < WINDOWS:
        return math.nan
    floors = np.array([part.min() for part in np.array_split(last, WINDOWS)])
    earlier, later = np.triu_indices(WINDOWS, 1)
    return float(WINDOWS * np.quantile((floors[later] - floors[earlier]) / (later - earlier), 0.25))
