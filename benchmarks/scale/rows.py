"""What an archive keeps of an image beside its mask: a row of Parquet."""

import random

import msgspec

from service.answers import Answer
from service.archives.rows import Row, encoded, row_of

SHARD = 1000
"""Rows in a file."""


def row_bytes(answer: bytes) -> float:
    """Bytes of a row in a file of many, for answers like this JSON. No two have the same areas."""
    like = msgspec.json.decode(answer, type=Answer)
    return len(encoded([row(like, number) for number in range(SHARD)])) / SHARD


def row(like: Answer, number: int) -> Row:
    """The row of another image: its name, its hash and its areas are its own."""
    draw = random.Random(number)  # noqa: S311  # no secret
    made = row_of(f"photos/{number:09}.jpg", like) | {"sha256": draw.randbytes(32).hex()}
    whole = sum(one["pixels"] for one in made["classes"])
    for one in made["classes"]:
        one["pixels"] = round(one["pixels"] * draw.uniform(0.5, 1.5))
        one["fraction"] = one["pixels"] / whole
    return made
