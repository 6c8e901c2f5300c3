"""Slices of a scan, and below each the same slice under the classes."""

import io

import numpy as np
from PIL import Image

from service.segmentation.inputs.axial import axial
from service.segmentation.measures.volumes import Tally
from service.segmentation.outputs.mosaic import CAPTION, COLUMNS, ROWS, chosen, mosaic
from service.segmentation.volume_segmenter import VolumeSegmentation
from tests.support.scans import scan, truth
from tests.support.tissues import CLASSES


def test_the_lower_of_two_rows_has_the_colours_of_the_tissues() -> None:
    volume = scan((1, 1, 2))
    seen = axial(volume)
    labels = np.flip(truth(), (0, 1)).transpose(2, 1, 0).copy()
    data = mosaic(VolumeSegmentation(seen, labels, Tally(np.zeros((16, 4), np.int64), None)), CLASSES)
    picture = np.asarray(Image.open(io.BytesIO(data)))
    height = (len(picture) - CAPTION) // (2 * ROWS)
    scans, overlays = picture[20:height], picture[height + 20 : 2 * height]
    assert (scans[..., 0] == scans[..., 2]).all()
    assert (overlays[..., 2].astype(int) - overlays[..., 0] > 50).any()
    assert picture.shape[1] % COLUMNS == 0


def test_slices_without_tissue_are_left_out() -> None:
    labels = np.zeros((100, 5, 5), np.uint8)
    labels[40:80, 2, 2] = 1
    places = chosen(labels)
    assert len(places) == COLUMNS * ROWS
    assert 40 <= places[0] < places[-1] <= 79


def test_a_volume_of_few_slices_shows_each_once() -> None:
    assert chosen(np.ones((3, 5, 5), np.uint8)) == [0, 1, 2]
