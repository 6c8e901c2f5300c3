"""The references of a model file: measured through the service's pipeline, written into it, and what drifts."""

from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from model_export.data.place import Place
from model_export.errors import DataError
from model_export.onnx.reference import referring
from model_export.onnx.temperature import heated
from model_export.reports.drift import distribution, reference, table
from service.segmentation.measures.drift import FEWEST
from service.segmentation.runtime.model import Model
from tests.support import colours
from tests.support.command import run


def place(folder: Path, lowest: float, highest: float) -> Place:
    """Images of red and green, whose share of red goes from `lowest` to `highest`."""
    for name in ("images", "labels"):
        (folder / "val" / name).mkdir(parents=True)
    (folder / "classes.json").write_bytes(msgspec.json.encode(colours.CLASSES))
    for number, red in enumerate(np.linspace(lowest, highest, FEWEST)):
        pixels = np.zeros((colours.HEIGHT, colours.WIDTH, 3), np.uint8)
        pixels[..., 1] = 200
        pixels[:, : round(red * colours.WIDTH)] = 200, 10, 10
        Image.fromarray(pixels).save(folder / "val" / "images" / f"{number:03}.png")
        Image.new("L", (colours.WIDTH, colours.HEIGHT)).save(folder / "val" / "labels" / f"{number:03}.png")
    return Place(folder.name, folder)


@pytest.fixture
def town(tmp_path: Path) -> Place:
    return place(tmp_path / "town", 0.2, 0.6)


def test_a_distribution_has_tenths_and_counts_what_it_was_measured_on() -> None:
    values = np.random.default_rng(2).random(500).tolist()
    even = distribution(values)
    assert even.bins == pytest.approx([0.1] * 10, abs=0.01)
    assert all(low < high for low, high in pairwise(even.edges))
    rare = distribution([0.0] * 450 + values[:50])
    assert rare.edges[0] == 0
    assert rare.bins[0] == 0.9


def test_a_place_does_not_drift_from_its_own_reference(town: Place, tmp_path: Path) -> None:
    model = Model(colours.model_bytes(), threads=1)
    measured = reference(model, town, 1000, range)
    assert (measured.place, measured.images) == ("town", FEWEST)
    assert measured.shares["red"].mean == pytest.approx(0.4, abs=0.01)
    assert measured.shares["blue"].bins == (1, 0)
    assert measured.confidence is not None
    with pytest.raises(DataError, match="has no references"):
        table(model, [town], 1000, range)

    data = referring(colours.model_bytes(), [measured])
    known = Model(data, threads=1)
    assert known.contract == msgspec.structs.replace(model.contract, references=(measured,), seal=known.contract.seal)
    rows = table(known, [town, place(tmp_path / "other", 0.7, 0.9)], 1000, range).splitlines()[2:]
    assert rows[0] == "| town | 100 | town | 0.00 | red 0.00 | 0.00 |"
    assert rows[1].startswith("| other | 100 | town | 0.5")
    assert heated(data, 2.0) == heated(colours.model_bytes(), 2.0)  # another temperature is another confidence


def test_the_commands_write_references_and_print_what_drifts(town: Place, tmp_path: Path) -> None:
    source, written = tmp_path / "colours.onnx", tmp_path / "written.onnx"
    source.write_bytes(colours.model_bytes())
    made = run("reference", source, town.folder, written)
    assert made.returncode == 0, made.stderr
    assert made.stdout == "town, 100 images: red 40.0 %, green 60.0 %, blue 0.0 %\n"
    said = run("drift", written, town.folder)
    assert "| town | 100 | town | 0.00 | red 0.00 | 0.00 |" in said.stdout, said.stderr
