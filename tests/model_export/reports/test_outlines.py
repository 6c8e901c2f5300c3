"""Outlines are judged near those of the truth, and drawn beside nearest neighbour."""

import re
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from model_export.data.folder import VOID, SegmentationFolder
from model_export.errors import DataError
from model_export.reports import outlines
from service.segmentation.runtime.model import Model
from tests.support import colours
from tests.support.pictures import quarters


@pytest.fixture
def hills(tmp_path: Path) -> SegmentationFolder:
    """A red hill fades into blue; the truth is where it does."""
    (tmp_path / "classes.json").write_bytes(msgspec.json.encode(colours.CLASSES))
    x, y = np.arange(96), np.arange(64)[:, np.newaxis]
    blue = np.clip(128 + 6 * (y - 32 + 12 * np.sin(x / 15)), 1, 254).astype(np.uint8)
    for kind in ("images", "labels"):
        (tmp_path / "val" / kind).mkdir(parents=True)
    photo = Image.fromarray(np.stack((np.uint8(255) - blue, np.zeros_like(blue), blue), axis=2))
    photo.save(tmp_path / "val" / "images" / "hill.png")
    Image.fromarray(np.where(blue > 127, 2, 0).astype(np.uint8)).save(tmp_path / "val" / "labels" / "hill.png")
    return SegmentationFolder(tmp_path, "val")


def test_drawn_outlines_are_nearer_to_the_truth_and_to_the_networks_own(
    model: Model, hills: SegmentationFolder
) -> None:
    rows = [re.split(r" *\| *", line)[1:-1] for line in outlines.table(model, hills, [0]).splitlines()[2:]]
    assert rows[0][:3] == ["truth", "no", ""]
    assert float(rows[0][4]) > 95
    ways = {(beside, by, how): float(accuracy) for beside, by, how, _, accuracy, *_ in rows[1:]}
    assert len(ways) == 12
    for beside in ("truth", "network"):
        for by in outlines.BY:
            nearest, drawn = (ways[beside, f"{by} times", how] for how in (outlines.NEAREST, outlines.DRAWN))
            assert drawn > nearest + 5


def test_a_model_without_scores_is_refused(hills: SegmentationFolder) -> None:
    silent = Model(colours.packed(colours.graph(scores=False), msgspec.json.encode(colours.contract())), threads=1)
    with pytest.raises(DataError, match="drawn from scores"):
        outlines.table(silent, hills, [0])


def test_void_has_no_outline_and_distance_is_along_both_axes() -> None:
    truth = np.zeros((9, 12), np.uint8)
    truth[:, 6:] = 3
    truth[4:, :] = VOID
    expected = np.zeros((9, 12), bool)
    expected[:6, 4:8] = True
    assert np.array_equal(outlines.outlined(truth, 2), expected)


def test_without_outlines_a_mask_is_enlarged_by_nearest_neighbour(model: Model) -> None:
    small, large = quarters(96, 64), quarters(960, 640)
    own = Image.fromarray(outlines.without_outlines(model).segment(small).labels)
    labels = outlines.without_outlines(model).segment(large).labels
    assert np.array_equal(labels, np.asarray(own.resize(large.size, Image.Resampling.NEAREST)))
