"""Raises the logits of some classes, so that the mean IU is higher.

Right probabilities favour common classes, and the weights of classes in the loss favour rare ones; neither is made for
the mean IU. Menon et al.: Long-tail learning via logit adjustment, ICLR 2021, take the amounts from how rare a class
is; here they are fitted.
"""

from collections.abc import Sequence
from dataclasses import replace
from statistics import mean

import numpy as np
import torch
from numpy.typing import NDArray

from model_export.data.place import Place
from model_export.networks import SegmentationNetwork
from model_export.onnx.export import spread
from model_export.reports.evaluate import Track
from model_export.reports.sampled import Sampled, sampled
from model_export.training.checkpoint import NOTHING_MEASURED, Trained
from model_export.training.metrics import Meter
from model_export.training.validate import InTraining
from service.segmentation.inputs.raster import Size

STEPS = (0.4, 0.2)
"""What a class's logit is raised or lowered by at once, first and then."""

LEAST = 1e-4
"""The mean IU that a step must gain; less is chance."""

Bias = NDArray[np.float32]
"""What is added to the logit of each class."""


def balanced(trained: Trained, places: Sequence[Place], native: Size, count: int, track: Track) -> tuple[Trained, Bias]:
    """The same network with its logits raised, and by how much; nothing is measured.

    It is fitted on `count` training images of every place, spread evenly over them, without those that are judged.
    Raises DataError.
    """
    model = InTraining(trained.network, trained.classes, native, torch.device("cpu"), trained.options.outside)
    images = []
    for place in places:
        data = place.training(trained.classes)
        images.append(list(sampled(model, data, spread(len(data), count, track))))
    bias = fit(images)
    raise_logits(trained.network, bias)
    return replace(trained, metrics=NOTHING_MEASURED), bias


def fit(places: Sequence[Sequence[Sampled]]) -> Bias:
    """What to add to each class's logit for the highest mean IU, on average over the places, each with its images.

    It climbs class by class. Raises DataError where all pixels of a place are void.
    """
    bias = np.zeros(len(places[0][0].scores), np.float32)
    best = mean_iu(places, bias)
    for step in STEPS:
        for class_ in range(len(bias)):
            for change in (step, -step):
                while (value := mean_iu(places, tried := raised(bias, class_, change))) > best + LEAST:
                    bias, best = tried, value
    return bias


def raised(bias: Bias, class_: int, change: float) -> Bias:
    """A copy with one class's entry changed."""
    copy = bias.copy()
    copy[class_] += change
    return copy


def mean_iu(places: Sequence[Sequence[Sampled]], bias: Bias) -> float:
    """The mean over the places of the mean IU, with `bias` added to the logits."""
    return mean(at_place(images, bias) for images in places)


def at_place(images: Sequence[Sampled], bias: Bias) -> float:
    """The mean IU of images that are judged by the same classes."""
    meter = Meter(images[0].judged)
    for image in images:
        labels = (image.scores[:, 0] + bias[:, np.newaxis]).argmax(axis=0)
        meter.add(image.outcomes[image.truth, labels], image.truth)
    return meter.metrics().mean_iu


@torch.no_grad()
def raise_logits(network: SegmentationNetwork, bias: Bias) -> None:
    """Raise a network's logits by `bias` through the biases of its finest scores, so that its graph stays the same.

    At an image's border a deconvolution lacks neighbours, so there they are raised by less.
    """
    finest = network.score[-1]
    alone = torch.eye(len(bias))[:, :, np.newaxis, np.newaxis].expand(-1, -1, 8, 8)
    full = network.enlarge(alone)
    margin = full.shape[-1] // 4
    gains = full[..., margin:-margin, margin:-margin].mean((2, 3))
    finest.bias += torch.linalg.solve(gains.T, torch.from_numpy(bias))
