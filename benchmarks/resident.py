"""Resident memory of the service under photos of random sizes."""

import io
import random
from collections.abc import Iterator

from benchmarks.load import Caller
from benchmarks.photos import grain
from benchmarks.subjects import Subject

SMALLEST, LARGEST = (64, 64), (4000, 3000)
WARM = 50
"""Requests after which the service counts as warm."""


def follow(subject: Subject, requests: int) -> Iterator[int]:
    """Resident bytes after each of `requests` photos of random sizes and shapes."""
    draw = random.Random(0)  # noqa: S311  # no secret
    scene = grain(*LARGEST)
    for _ in range(requests):
        width, height = (round(draw.uniform(*ends)) for ends in zip(SMALLEST, LARGEST, strict=True))
        file = io.BytesIO()
        scene.crop((0, 0, width, height)).save(file, draw.choice(["JPEG", "JPEG", "WEBP"]), quality=70, method=0)
        caller: Caller = subject.caller(file.getvalue())
        status = caller()
        assert status == 200, status
        yield subject.memory()
