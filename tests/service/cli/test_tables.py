"""The tables and annotations are those that other programs read."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from service.cli.coco import annotated
from tests.support.pictures import encoded, quarters
from tests.support.program import fcn_serve


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.png").write_bytes(encoded(quarters()))
    (tmp_path / "y.png").write_bytes(encoded(quarters(50, 70)))
    return tmp_path


def test_pycocotools_reads_the_masks_that_were_written(folder: Path, model_file: Path) -> None:
    result = fcn_serve("segment", "a", "y.png", "--coco", "coco.json", "--models", model_file, cwd=folder)
    assert (result.returncode, result.stderr) == (0, b"")
    coco = COCO(folder / "coco.json")
    assert [category["name"] for category in coco.loadCats(coco.getCatIds())] == ["red", "green", "blue"]
    assert [image["file_name"] for image in coco.loadImgs(coco.getImgIds())] == ["a/x.png", "y.png"]
    for image in coco.loadImgs(coco.getImgIds()):
        mask = np.asarray(Image.open(folder / "segmented" / f"{image['file_name']}.png"))
        annotations = coco.loadAnns(coco.getAnnIds(image["id"]))
        assert len(annotations) == 3
        for annotation in annotations:
            pixels = np.asfortranarray(mask == annotation["category_id"] - 1, np.uint8)
            assert coco.annToRLE(annotation) == coco_mask.encode(pixels)


@pytest.mark.parametrize("seed", range(20))
def test_runs_areas_and_boxes_of_random_masks_are_those_of_pycocotools(seed: int) -> None:
    random = np.random.default_rng(seed)
    small = random.integers(0, 5, random.integers(1, 20, 2), dtype=np.uint8)
    labels = small.repeat(random.integers(1, 4), axis=0)
    found = {annotation.category_id - 1: annotation for annotation in annotated(labels, 1)}
    assert found.keys() == set(np.unique(labels).tolist())
    for class_id, ours in found.items():
        theirs = coco_mask.encode(np.asfortranarray(labels == class_id, np.uint8))
        assert (
            coco_mask.frPyObjects({"size": ours.segmentation.size, "counts": ours.segmentation.counts}, *labels.shape)
            == theirs
        )
        assert ours.area == coco_mask.area(theirs)
        assert list(ours.bbox) == coco_mask.toBbox(theirs).tolist()


def test_parquet_has_the_rows_of_the_csv(folder: Path, model_file: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    for table in ("areas.csv", "areas.parquet"):
        result = fcn_serve("segment", "a", "y.png", "--table", table, "--spacing", 2, models=model_file, cwd=folder)
        assert (result.returncode, result.stderr) == (0, b"")
    rows = parquet.read_table(folder / "areas.parquet").to_pylist()
    plain = list(csv.DictReader((folder / "areas.csv").read_text().splitlines()))
    assert [{key: "" if value is None else str(value) for key, value in row.items()} for row in rows] == plain
    assert json.loads((folder / "segmented" / "y.png.json").read_bytes())["image"]["height"] == 70
