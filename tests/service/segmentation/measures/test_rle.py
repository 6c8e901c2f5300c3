"""Run lengths are those of pycocotools, byte for byte."""

import numpy as np
import pytest
from pycocotools import mask as coco

from service.segmentation.measures.rle import Columns, compressed
from service.segmentation.modelfile.contract import Labels


def test_run_lengths_are_those_of_pycocotools(many: list[Labels]) -> None:
    for number, labels in enumerate(many):
        columns = Columns.of(labels, labels.size)
        for class_id in range(11):  # some have no pixel
            theirs = coco.encode(np.asfortranarray(labels == class_id, np.uint8))
            ours = {"size": list(columns.shape), "counts": compressed(columns.counts(class_id)).encode()}
            assert ours == theirs, (number, class_id)


@pytest.mark.parametrize("length", [0, 1, 15, 16, 31, 32, 511, 512, 16_383, 16_384, 2**24 - 1, 2**24, 2**32 - 1])
def test_lengths_of_every_size_and_their_differences(length: int) -> None:
    lengths = [length, 1, 2**32 - 1 - length, length, 7, 1, length, 2**32 - 1]
    theirs = coco.frPyObjects({"size": [1, 1], "counts": lengths}, 1, 1)
    assert compressed(np.array(lengths)).encode() == theirs["counts"]
