"""The rows of a shard as Parquet: one for each input, whether it was segmented or not."""

import io
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pyarrow as pa
from pyarrow import parquet

from service.answers import Answer
from service.archives.store import Store

DONE, FAILED = "done", "failed"

POINT = pa.list_(pa.int32())
REGION = pa.struct(
    {
        "pixels": pa.int64(),
        "area_mm2": pa.float64(),
        "box": pa.list_(pa.int32()),
        "centroid": pa.list_(pa.float64()),
        "polygon": pa.list_(pa.list_(POINT)),
    }
)
CLASS = pa.struct(
    {
        "id": pa.int32(),
        "name": pa.string(),
        "color": pa.string(),
        "pixels": pa.int64(),
        "fraction": pa.float64(),
        "area_mm2": pa.float64(),
        "confidence": pa.float64(),
        "low_confidence": pa.float64(),
        "regions": pa.list_(REGION),
        "rle": pa.struct({"size": pa.list_(pa.int32()), "counts": pa.string()}),
    }
)
SCHEMA = pa.schema(
    {
        "name": pa.string(),
        "status": pa.string(),
        "error": pa.string(),
        "code": pa.string(),
        "model": pa.string(),
        "version": pa.string(),
        "digest": pa.string(),
        "width": pa.int32(),
        "height": pa.int32(),
        "format": pa.string(),
        "orientation": pa.int32(),
        "sha256": pa.string(),
        "classes": pa.list_(CLASS),
        "warnings": pa.list_(pa.struct({"code": pa.string(), "detail": pa.string()})),
        "low_confidence": pa.struct({"threshold": pa.float64(), "fraction": pa.float64()}),
    }
)
"""The fields of the service's answer, those of `model` and `image` as columns of their own."""

Row = dict[str, Any]


class Failed(msgspec.Struct, frozen=True):
    """An input that was not segmented: its error's stable name, and its sentence."""

    name: str
    code: str
    error: str


def row_of(name: str, outcome: Answer | Failed) -> Row:
    """The row of an input."""
    if isinstance(outcome, Failed):
        return {"name": name, "status": FAILED, "error": outcome.error, "code": outcome.code}
    answer = msgspec.to_builtins(outcome)
    model = answer.pop("model")
    names = {"model": model["name"], "version": model["version"], "digest": model["digest"]}
    return {"name": name, "status": DONE, **names, **answer.pop("image"), **answer}


def encoded(rows: Sequence[Row]) -> bytes:
    """A Parquet file."""
    file = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(list(rows), SCHEMA), file, compression="zstd")
    return file.getvalue()


def failures(output: Store, name: str) -> Iterator[Failed]:
    """The failed inputs in one file of rows. Raises OSError."""
    with output.opened(name) as file:
        table = parquet.read_table(file, columns=["name", "code", "error"], filters=[("status", "=", FAILED)])
    for row in table.to_pylist():
        yield Failed(**row)
