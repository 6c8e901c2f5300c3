"""The golden answer that goes into a model file: torch's to a picture, and that of the file's own network."""

import numpy as np
from PIL import Image

from model_export.data import shapes
from model_export.errors import QuantizationError
from model_export.networks import COARSEST
from model_export.onnx.parity import Forward
from service.segmentation.inputs.raster import Size
from service.segmentation.modelfile import golden
from service.segmentation.modelfile.contract import Golden, Labels, Pixels, Scale, Scores

LARGEST = (10 * COARSEST, 8 * COARSEST)
"""Larger pictures are scaled down to this width and height: every pixel makes the start slower."""

MIN_AGREEMENT = 0.9
"""Share of the golden picture's pixels to which an int8 file must give torch's label."""


def drawn() -> Image.Image:
    """The picture of models that were given none: a data set's photos are not ours to publish in a model file."""
    image, _ = shapes.picture(4 * COARSEST, 3 * COARSEST, np.random.default_rng(0))
    return image


def prepared(picture: Image.Image, grey: bool, size: Size | None = None) -> Pixels:
    """The picture with sides that are multiples of the coarsest stride, at most those of LARGEST, or of `size`; in grey
    if `grey`."""
    sides = zip(picture.size, LARGEST, strict=True)
    width, height = size or (min(largest, max(COARSEST, side // COARSEST * COARSEST)) for side, largest in sides)
    fitted = picture.convert("L" if grey else "RGB").resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(fitted.convert("RGB"))


def of_torch(picture: Pixels, labels: Labels, scores: Scores | None) -> Golden:
    """The golden answer of a float file, whose network is torch's."""
    return golden.record(picture, labels, labels, scores, None if scores is None else golden.covering(scores))


def of_integers(torchs: Golden, network: Forward, scale: Scale | None) -> Golden:
    """The golden answer of an int8 file: `network` is its own, `torchs` that of the float file it was made from.

    Raises QuantizationError where too few of its labels are torch's.
    """
    picture = golden.picture(torchs)
    labels, scores = network(picture)
    if scale is None and scores is not None:
        scale = golden.covering(scores)
    answer = golden.record(picture, golden.torch_labels(torchs, *labels.shape), labels, scores, scale)
    if answer.agreement < MIN_AGREEMENT:
        raise QuantizationError(
            f"not written: int8 gives torch's label to {answer.agreement:.1%} of the golden picture, and "
            f"{MIN_AGREEMENT:.0%} is asked for; try more calibration images."
        )
    return answer
