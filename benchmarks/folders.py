"""`fcn-serve segment` on a folder of photos: its speed beside the bare network's, and what is left if it is killed."""

import csv
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import typer

from benchmarks.measure import SMALL, bare_for
from benchmarks.networks import street
from benchmarks.photos import SIZES, photo
from benchmarks.promise import Promise, table
from service.cli.manifest import NAME

PROGRAM = [sys.executable, "-m", "service.program"]
SHAPE = SIZES[SMALL]
SCALES = (1.0, 1.5, 2.0)
"""Photos of several sizes, and of the shape that the bare network is timed with."""
POLL_S = 0.01


def run(folder: Path, count: int, kills: int) -> list[Promise]:
    """Segment `count` photos once in peace, and once killed so many times at random moments, then to the end."""
    photos = folder / "photos"
    make(photos, count)
    bare = [images_a_second(count // 2)]
    began = time.monotonic()
    finish(photos, folder / "peace")
    ours = count / (time.monotonic() - began)
    bare.append(images_a_second(count // 2))
    typer.echo(f"{ours:.2f} images a second, its start included; the bare network before and after: {bare}")
    killed = folder / "killed"
    for target in targets(count, kills):
        typer.echo(f"killed with {kill_at(photos, killed, target)} of {count} done")
    finish(photos, killed)
    done = Counter(json.loads(line)["name"] for line in (killed / NAME).read_text().splitlines())
    rows = list(csv.reader((killed / "areas.csv").read_text().splitlines()))[1:]
    promises = [
        Promise("images a second, as a multiple of the bare network's", ours / (sum(bare) / 2), least=0.9),
        Promise("images done after the kills", len(done), count, count),
        Promise("masks in place", len(list(killed.rglob("[!.]*.png"))), count, count),
        Promise("images done twice", sum(times > 1 for times in done.values()), 0, 0),
        Promise("files that were left half written", len(list(killed.rglob(".*.part"))), 0, 0),
        Promise("rows of the table, as a multiple of images and classes", len(rows) / (count * classes()), 1, 1),
    ]
    typer.echo(table(promises))
    return promises


def start(photos: Path, output: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*PROGRAM, "segment", str(photos), "--output", str(output)])  # noqa: S603  # our own


def finish(photos: Path, output: Path) -> None:
    """Run it to its end. Raises AssertionError if it fails."""
    with start(photos, output) as process:
        assert process.wait() == 0


def make(folder: Path, count: int) -> None:
    """Write `count` photos of three sizes."""
    folder.mkdir()
    kinds = [photo(round(scale * SHAPE[0]), round(scale * SHAPE[1])) for scale in SCALES]
    for number in range(count):
        (folder / f"{number:04}.jpg").write_bytes(kinds[number % len(kinds)])


def images_a_second(runs: int) -> float:
    bare = bare_for(*SHAPE)
    bare.milliseconds()
    return round(1000 * runs / sum(bare.milliseconds() for _ in range(runs)), 2)


def targets(count: int, kills: int) -> Sequence[int]:
    """How many images are done at each kill: random, and ever more."""
    return sorted(random.sample(range(1, count), kills))


def kill_at(photos: Path, output: Path, target: int) -> int:
    """Start it, and kill it with -9 once so many images are done; the number of them then."""
    process = start(photos, output)
    while process.poll() is None and lines(output / NAME) < target:
        time.sleep(POLL_S)
    process.kill()
    process.wait()
    return lines(output / NAME)


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def classes() -> int:
    return len(street().contract.labels.classes)
