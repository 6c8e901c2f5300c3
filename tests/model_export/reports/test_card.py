"""The model card has the file's figures, and pictures of what went wrong."""

import re
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from msgspec.structs import replace
from PIL import Image

from model_export.data import shapes
from model_export.data.folder import VOID, SegmentationFolder
from model_export.data.place import Place
from model_export.onnx import export
from model_export.reports import card, mosaic
from model_export.reports.calibration import calibrations
from model_export.reports.evaluate import draw_heatmaps, evaluate, measure
from model_export.reports.report import figures, images_of
from model_export.reports.sizes import Objects
from service.segmentation.catalog import EMBEDDED
from service.segmentation.errors import UnknownClass
from service.segmentation.modelfile.contract import Quantization, Reference
from service.segmentation.runtime.model import Model
from tests.support import towns
from tests.support.server import ROOT


def test_a_card_has_the_figures_that_evaluate_prints(served: Model, place: Place, tmp_path: Path) -> None:
    card.write(served, 123_456, [place], tmp_path / "docs" / "shapes.md")
    text = (tmp_path / "docs" / "shapes.md").read_text()
    metrics = evaluate(served, place).metrics
    assert f"| mean IU | {100 * metrics.mean_iu:.2f} |" in text
    assert metrics.iu[1] is not None
    assert f"| IU disc | {100 * metrics.iu[1]:.2f} |" in text
    assert served.digest in text
    (calibration,) = calibrations(served, place, [served.contract.temperature], range)
    assert f"The expected calibration error, pixel by pixel, is {100 * calibration.error:.2f} %." in text
    assert re.search(r"`confidence` has a mean of \d+\.\d over all pixels, of which \d+\.\d are right", text)
    for said in ("FCN-8s on tiny", "0.1 MB, float32", "Apache-2.0", "For tests.", "Nothing at all."):
        assert said in text
    for kind in ("confusion", "failures"):
        assert f"(shapes-{kind}.png)" in text
        with Image.open(tmp_path / "docs" / f"shapes-{kind}.png") as picture:
            assert min(picture.size) > 64


def test_a_card_has_what_evaluate_prints_at_every_place(source: bytes, served: Model, tmp_path: Path) -> None:
    places = towns.write(tmp_path)
    objects = [Objects(place.judged(shapes.CLASSES).classes) for place in places]
    evaluations = [evaluate(served, place, watch=one.add) for place, one in zip(places, objects, strict=True)]
    first, second = evaluations
    made = Quantization("min-max", 8, 0.123, (0.456,))
    contract = replace(served.contract, evaluation=first, elsewhere=(second,), quantization=made)
    model = Model(export.packed(onnx.load_from_string(source), contract), threads=1)
    card.write(model, 1, places, tmp_path / "a.md")
    text = (tmp_path / "a.md").read_text()
    for evaluation, by_size, before in zip(evaluations, objects, ("12.30", "45.60"), strict=True):
        expected = figures(evaluation.metrics, by_size.classes.names)
        own = f"{expected['mean IU']} | {expected['pixel accuracy']} | {before}"
        assert f"| {images_of(evaluation)} | {own} |" in text
        section = text.partition(f"### {evaluation.place}\n")[2].partition("\n#")[0]
        assert dict(re.findall(r"^\| ([^|]+) \| ([\d.]+|-) \|$", section, re.MULTILINE)) == expected
        assert by_size.table() in section
    assert "| 3 images of coarse, train, those of south |" in text
    assert "| towns | 50 % | - | - |" in text
    for kind in ("confusion", "failures", "failures-2"):
        assert f"(a-{kind}.png)" in text
        with Image.open(tmp_path / f"a-{kind}.png") as picture:
            assert min(picture.size) > 64


def test_a_card_says_which_temperature_and_references_a_model_has_or_that_it_has_none(served: Model) -> None:
    contract = served.contract
    said = card.facts(served, 1)
    assert said["temperature"] == "none: probabilities are the network's own"
    assert said["references"] == "none: the service does not measure the drift of what it is sent"
    places = tuple(Reference(place, images, {}) for place, images in (("north", 5), ("south", 7)))
    assert card.references(replace(contract, references=places)) == "5 images of north, 7 images of south"
    assert card.temperature(replace(contract, temperature=1.25)) == "1.25"
    silent = replace(contract, golden=replace(contract.golden, scores=None, scale=None))
    assert card.temperature(silent) == "none: it gives labels alone, without probabilities"


def test_the_worst_images_come_first(served: Model, place: Place, drawn: SegmentationFolder, tmp_path: Path) -> None:
    card.write(served, 1, [place], tmp_path / "a.md")
    alone = {drawn.pairs[index][0].stem: measure(served, drawn, [index]).mean_iu for index in range(5)}
    worst = sorted(alone, key=lambda name: alone[name])[: card.FAILURES]
    said = ", ".join(f"{name} ({100 * alone[name]:.1f})" for name in worst)
    assert said in (tmp_path / "a.md").read_text()


def test_an_image_of_nothing_but_void_is_not_among_the_worst(
    served: Model, drawn: SegmentationFolder, tmp_path: Path
) -> None:
    """It has no mean IU; a NaN in its place would have left the order of the others to chance."""
    shutil.copytree(drawn.pairs[0][0].parents[2], tmp_path / "data")
    label = tmp_path / "data" / "val" / "labels" / "0001.png"
    with Image.open(label) as file:
        Image.new("L", file.size, shapes.CLASSES.ignored or 0).save(label)
    card.write(served, 1, [Place("drawn", tmp_path / "data", only="0000,0001,0002,0003")], tmp_path / "a.md")
    (said,) = re.findall(r"with their mean IU: (.*)", (tmp_path / "a.md").read_text())
    worst = re.findall(r"(\d{4}) \((\d+\.\d)\)", said)
    assert sorted(name for name, _ in worst) == ["0000", "0002", "0003"]
    assert [float(mean_iu) for _, mean_iu in worst] == sorted(float(mean_iu) for _, mean_iu in worst)


@pytest.mark.parametrize("file", sorted(EMBEDDED.glob("*.onnx")), ids=lambda file: file.stem)
def test_a_shipped_models_card_is_of_the_file_that_is_shipped(file: Path) -> None:
    text = (ROOT / "docs" / "models" / f"{file.stem}.md").read_text()
    for name, value in card.facts(Model.load(file, threads=0), file.stat().st_size).items():
        assert f"| {name} | {value} |" in text


def test_errors_are_red_and_void_is_white() -> None:
    labels = np.array([[0, 1, 2]], np.uint8)
    picture = np.asarray(mosaic.errors(labels, np.array([[0, 2, VOID]], np.uint8)))
    assert [tuple(pixel) for pixel in picture[0].tolist()] == [mosaic.RIGHT, mosaic.WRONG, mosaic.VOIDED]


def test_a_heat_map_is_drawn_for_every_image(served: Model, drawn: SegmentationFolder, tmp_path: Path) -> None:
    draw_heatmaps(served, drawn, "disc", range(5), tmp_path / "heat")
    written = sorted((tmp_path / "heat").iterdir())
    assert [path.name for path in written] == [f"{index:04d}.webp" for index in range(5)]
    with Image.open(written[0]) as picture:
        assert picture.size == (96, 64)
    with pytest.raises(UnknownClass, match="background, disc, square, triangle"):
        draw_heatmaps(served, drawn, "road", range(5), tmp_path)
