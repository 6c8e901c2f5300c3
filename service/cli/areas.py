"""The table of areas: a row for every class of every image, as CSV or Parquet."""

import csv
import io
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

import click

from service.cli.documents import Answer
from service.cli.outputs import replacing

Row = tuple[str, int, int, int, str, int, float, float | None, float | None]
COLUMNS = ("file", "width", "height", "class_id", "class", "pixels", "fraction", "area_mm2", "confidence")


def rows(answers: Iterable[Answer]) -> Iterator[Row]:
    for answer in answers:
        size = answer.image.width, answer.image.height
        for area in answer.classes:
            measured = (area.pixels, area.fraction, area.area_mm2, area.confidence)
            yield (answer.file, *size, area.id, area.name, *measured)


def check(path: Path) -> None:
    """Raises click.UsageError for a Parquet file where pyarrow is not installed."""
    if path.suffix == ".parquet" and find_spec("pyarrow") is None:
        raise click.UsageError("Parquet needs pyarrow: pip install pyarrow; or give --table a name that ends in .csv.")


def write(path: Path, answers: Iterable[Answer]) -> None:
    """Write the table; the file's suffix says which kind. Raises Failure."""
    if path.suffix == ".parquet":
        write_parquet(path, rows(answers))
        return
    with replacing(path) as file, io.TextIOWrapper(file, "utf-8", newline="") as text:
        table = csv.writer(text, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(rows(answers))


def write_parquet(path: Path, table: Iterable[Row]) -> None:
    import pyarrow as pa  # noqa: PLC0415  # not everyone has it
    from pyarrow import parquet  # noqa: PLC0415

    types = (pa.string(), pa.int32(), pa.int32(), pa.int32(), pa.string(), pa.int64(), *[pa.float64()] * 3)
    columns = list(zip(*table, strict=True)) or [()] * len(COLUMNS)
    arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
    with replacing(path) as file:
        parquet.write_table(pa.Table.from_arrays(arrays, COLUMNS), file)
