"""What `fcn-serve batch` wrote, and what the service says of the same inputs."""

from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pyarrow as pa
from pyarrow import parquet

from service.answers import Answer
from service.archives.rows import SCHEMA, Row, row_of

EAGER = {"RAY_worker_niceness": "0", "RAY_USAGE_STATS_ENABLED": "0"}
"""Of the environment: on a busy machine Ray's workers, at niceness 15, would wait for minutes."""


def written(output: Path) -> list[Row]:
    """All rows in a folder of outputs, by name."""
    files = sorted((output / "rows").glob("*.parquet"))
    return in_order(row for file in files for row in parquet.read_table(file, partitioning=None).to_pylist())


def in_order(rows: Any) -> list[Row]:
    return sorted(rows, key=lambda row: row["name"])


def answered(http: httpx2.Client, folder: Path, names: list[str], **options: str) -> list[Row]:
    """The rows that answers of POST /segment make, as Parquet gives them back."""
    rows = []
    for name in names:
        answer = http.post("/segment", content=(folder / name).read_bytes(), params={"include": "", **options})
        rows.append(row_of(name, msgspec.json.decode(answer.content, type=Answer)))
    return in_order(pa.Table.from_pylist(rows, SCHEMA).to_pylist())
