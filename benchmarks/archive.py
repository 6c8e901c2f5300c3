"""`fcn-serve batch`, killed again and again: what is lost, done twice, or other than the service's answers."""

import io
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import typer
from PIL import Image
from pyarrow import parquet

from benchmarks import subjects
from benchmarks.promise import Promise, table
from service.answers import Answer
from service.archives.rows import SCHEMA, row_of
from service.client import Client, Retries
from tests.support.archive import EAGER
from tests.support.colours import model_bytes

PROGRAM = [sys.executable, "-m", "service.program"]
SHAPE = 64, 48
CALLERS = 4
POLL_S = 0.05
PATIENCE_S = 120

Row = dict[str, Any]


def run(folder: Path, count: int, program_kills: int, worker_kills: int) -> list[Promise]:
    """Segment `count` photos while a worker or the program is killed with -9, at random moments; then to the end."""
    photos, output, model = folder / "photos", folder / "answers", folder / "colours.onnx"
    make(photos, count)
    model.write_bytes(model_bytes())
    call = [*PROGRAM, "batch", str(photos), str(output), "--models", str(model), "--confidence", "--address", "local"]
    kills = random.sample(["program"] * program_kills + ["worker"] * worker_kills, program_kills + worker_kills)
    began = time.monotonic()
    killed = Counter(kill(call, output / "rows", count, kills))
    typer.echo(f"{count / (time.monotonic() - began):.0f} images a second, with all kills and starts")
    rows = [row for file in sorted((output / "rows").iterdir()) for row in parquet.read_table(file).to_pylist()]
    times = Counter(row["name"] for row in rows)
    names = {path.name for path in photos.iterdir()}
    typer.echo("the service's answers ...")
    # One thread, as a worker: the last bits of this float network's scores depend on the number of threads.
    with subjects.service(models=model, log_level="error", threads=1) as service:
        others = differences(service.url.removesuffix("/segment"), photos, output, rows)
    promises = [
        Promise("kills of the program", killed["program"], program_kills, program_kills),
        Promise("kills of a worker", killed["worker"], worker_kills, worker_kills),
        Promise("rows", len(rows), count, count),
        Promise("photos without a row", len(names - times.keys()), 0, 0),
        Promise("photos with several rows", sum(number > 1 for number in times.values()), 0, 0),
        Promise("rows or masks other than the service's", others, 0, 0),
        Promise("masks", len(list((output / "masks").iterdir())), count, count),
        Promise("files that were left half written", len(list(output.rglob(".parts/*"))), 0, 0),
    ]
    typer.echo(table(promises))
    return promises


def make(folder: Path, count: int) -> None:
    """Write `count` photos, each another one."""
    folder.mkdir()
    for number in range(count):
        blots = np.random.default_rng(number).integers(0, 256, (6, 8, 3), dtype=np.uint8)
        file = io.BytesIO()
        Image.fromarray(blots).resize(SHAPE, Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
        (folder / f"{number:06}.jpg").write_bytes(file.getvalue())


def kill(call: Sequence[str], rows: Path, count: int, kills: Sequence[str]) -> Iterator[str]:
    """Run a program to its end, in spite of those kills, one in each equal part of the work; what was killed."""
    eager = os.environ | EAGER
    program = psutil.Popen(call, env=eager)
    files = -(-count // 256)
    for number, whom in enumerate(kills):
        target = files * (number + random.random()) / (len(kills) + 1)  # noqa: S311
        while done(rows) < target or not workers(program):
            assert program.poll() is None, "it ended before it was killed"
            time.sleep(POLL_S)
        family = program.children(recursive=True)
        victim = program if whom == "program" else random.choice(workers(program))  # noqa: S311
        victim.kill()
        yield whom
        typer.echo(f"killed the {whom} with {done(rows)} of {files} shards done")
        if whom == "program":
            program.wait()
            _, alive = psutil.wait_procs(family, PATIENCE_S)
            assert not alive, f"outlived the program: {alive}"
            program = psutil.Popen(call, env=eager)
    assert program.wait() == 0


def done(rows: Path) -> int:
    return len(list(rows.glob("*.parquet")))


def workers(program: psutil.Process) -> list[psutil.Process]:
    """The processes of Ray that segment."""
    return [child for child in program.children(recursive=True) if title(child).startswith("ray::MapWorker")]


def title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def differences(url: str, photos: Path, output: Path, rows: Sequence[Row]) -> int:
    """How many rows, or masks, are other than the service's answers."""
    with Client(url, retries=Retries(attempts=10)) as client, ThreadPoolExecutor(CALLERS) as executor:

        def differs(row: Row) -> bool:
            name = row["name"]
            found = client.segment((photos / name).read_bytes(), include=("mask", "confidence"))
            answer = Answer(found.model, found.image, found.classes, found.warnings, found.low_confidence)
            (expected,) = pa.Table.from_pylist([row_of(name, answer)], SCHEMA).to_pylist()
            assert found.mask is not None
            return bool(row != expected or (output / "masks" / f"{name}.png").read_bytes() != found.mask.data)

        return sum(executor.map(differs, rows))
