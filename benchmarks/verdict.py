"""Whether a service that has run for long is as it was at the start."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.promise import Promise
from benchmarks.traffic import Intent

GROWN_MB = 30.0
"""More growth than this over the last half is a leak: by then allocators and caches are full."""
WINDOWS = 6

SPARE_THREADS = 8
"""Pools start threads on demand; a leak of threads is many more than these."""

BUSY = {503, 504}
"""Statuses above 499 that are no fault of the service."""
FAULT, SILENT, REFUSED = "server errors", "requests without an answer", "honest requests refused as bad"
"""Outcomes that no request may have."""
TOLD_S = 2.0
"""Beyond the deadline, for the 504 to arrive on a busy machine."""


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
    """The service without requests; `answers` are to requests that have the same answer at any time."""

    descriptors: int
    threads: int
    answers: Sequence[bytes]


@dataclass(frozen=True)
class Record:
    """Samples under load, outcomes of requests, seconds of the slowest, and the service at rest before and after."""

    samples: Sequence[Sample]
    ended: Mapping[tuple[Intent, int], int]
    slowest_s: float
    before: Rest
    after: Rest


def wrong(intent: Intent, status: int) -> str | None:
    """What is wrong with a request that ended with this status; None if nothing is."""
    if status >= 500 and status not in BUSY:
        return FAULT
    if status == 0 and intent is not Intent.LEAVES:
        return SILENT
    if status in range(300, 500) and intent is Intent.HONEST:
        return REFUSED
    return None


def promises(record: Record, deadline_s: float) -> list[Promise]:
    """The promises of a service that could run for ever."""
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
        Promise("answers that changed", changed, 0, 0),
    ]


def growth(megabytes: Sequence[float]) -> float:
    """How much memory grew over the last half of a run, in MB, from samples evenly spaced over the whole run.

    A large photo takes hundreds of MB for a moment, so the ceiling says nothing. A leak raises the floor steadily. The
    last half is divided into windows, and each window's minimum is its floor. The slope is that of Theil (1950) and Sen
    (1968), over all pairs of floors, but with the lower quartile for the median: three pairs of four agree on it.
    """
    last = np.array(megabytes[len(megabytes) // 2 :])
    if len(last) < WINDOWS:
        return math.nan
    floors = np.array([part.min() for part in np.array_split(last, WINDOWS)])
    earlier, later = np.triu_indices(WINDOWS, 1)
    return float(WINDOWS * np.quantile((floors[later] - floors[earlier]) / (later - earlier), 0.25))
