"""Judges a model file through the code that serves it."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

from model_export.data.folder import SegmentationFolder
from model_export.errors import DataError
from model_export.metrics import Meter
from service.segmentation.classes import ClassList
from service.segmentation.contract import Evaluation
from service.segmentation.model import Model
from service.segmentation.segmenter import Segmenter


def open_split(root: Path, split: str, classes: ClassList) -> SegmentationFolder:
    """The split to judge a model of these classes on. Raises DataError where the data's are others."""
    data = SegmentationFolder(root, split)
    if data.classes.names != classes.names:
        raise DataError(f"The classes of {root} are {data.classes.names}, the model's {classes.names}.")
    return data


def evaluate(model: Model, data: SegmentationFolder, split: str, indices: Iterable[int]) -> Evaluation:
    """Segment the images at `indices` as the service would, and compare at their own size."""
    segmenter = Segmenter(model)
    meter = Meter(len(data.classes.classes))
    images = 0
    for index in indices:
        image, truth = data.read(index)
        labels = segmenter.segment(image).labels
        meter.add(torch.from_numpy(labels.copy()), torch.from_numpy(np.array(truth)))
        images += 1
    return Evaluation(split, images, meter.metrics())
