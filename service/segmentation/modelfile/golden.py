"""The golden answer: what a network must say of the picture in its file, on every processor.

Processors and accelerators round differently. That moves labels where two classes are close, and scores by less than
about one quantisation step; wrong weights and wrong arithmetic move scores by more
(docs/explanation/processors.md has the figures).
"""

import base64
import zlib
from io import BytesIO

import numpy as np
from PIL import Image

from service.segmentation.errors import SelfTestFailed
from service.segmentation.modelfile.contract import Golden, Labels, Pixels, Scale, Scores

MAX_DISTANCE = 1.2
"""How far the scores may be from the recorded ones: root mean square, in steps of the recorded ones' scale. Of the
models that come with the service, rounding moves them by 0.99 at most, and the least of the faults tried by 1.22."""

MAX_LOST_AGREEMENT = 0.02
"""By how much the share of pixels that have torch's label may be below the recorded one."""

# 3 has no factor in common with the side of a cell of scores, so every place in a cell is among the recorded ones.
RECORDED = np.s_[:, ::3, ::3]


def record(picture: Pixels, torch_labels: Labels, labels: Labels, scores: Scores | None, scale: Scale | None) -> Golden:
    """The golden answer of a network that gives `labels` and `scores` for `picture`, where torch gives
    `torch_labels`. `scale` is that of the scores, and says in which steps they are recorded."""
    file = BytesIO()
    Image.fromarray(picture).save(file, "WEBP", lossless=True)
    codes = None
    if scores is not None and scale is not None:
        integers = np.rint(scores[RECORDED] / scale.step + scale.zero)
        codes = _text(zlib.compress(integers.clip(0, 255).astype(np.uint8).tobytes()))
    agreement = float((labels == torch_labels).mean())
    return Golden(_text(file.getvalue()), _text(zlib.compress(torch_labels.tobytes())), agreement, codes, scale)


def covering(scores: Scores) -> Scale:
    """A scale on which bytes reach from the lowest to the highest score."""
    lowest, highest = min(0.0, float(scores.min())), max(0.0, float(scores.max()))
    step = max(highest - lowest, 1e-6) / 255
    return Scale(step, round(-lowest / step))


def picture(golden: Golden) -> Pixels:
    """The picture, decoded. Raises ValueError where it cannot be."""
    try:
        with Image.open(BytesIO(base64.b64decode(golden.picture)), formats=("WEBP", "PNG")) as image:
            return np.asarray(image.convert("RGB"))
    except Exception as error:  # Pillow raises anything
        raise ValueError(f"the golden picture cannot be read ({type(error).__name__})") from error


def torch_labels(golden: Golden, height: int, width: int) -> Labels:
    """Raises ValueError where they cannot be read, or are not of this size."""
    return _bytes(golden.labels).reshape(height, width)


def check(golden: Golden, labels: Labels, scores: Scores | None) -> None:
    """Hold a network's answer to the golden picture against the recorded one.

    Raises SelfTestFailed where they differ by more than rounding; ValueError where the recorded one cannot be read.
    """
    expected = torch_labels(golden, *labels.shape)
    if golden.scores is not None:
        if scores is None:
            raise ValueError("the golden answer has scores, and the graph gives none")
        off = distance(golden, scores)
        if not off <= MAX_DISTANCE:  # NaN fails too
            raise SelfTestFailed(
                f"its scores for the golden picture are {off:.1f} quantisation steps off those at export (root mean "
                f"square), and rounding moves them by less than {MAX_DISTANCE:g}."
            )
    agreement = float((labels == expected).mean())
    if agreement < golden.agreement - MAX_LOST_AGREEMENT:
        raise SelfTestFailed(
            f"it gives the recorded label at {agreement:.1%} of the golden picture's pixels; at export it was "
            f"{golden.agreement:.1%}."
        )


def distance(golden: Golden, scores: Scores) -> float:
    """How far the scores are from the recorded ones: root mean square, in steps. Raises ValueError as `check` does."""
    assert golden.scores is not None
    assert golden.scale is not None
    found = scores[RECORDED]
    recorded = golden.scale.step * (_bytes(golden.scores).reshape(found.shape).astype(np.float32) - golden.scale.zero)
    return float(np.sqrt(np.square(found - recorded).mean())) / golden.scale.step


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    try:
        return np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8)
    except (ValueError, zlib.error) as error:
        raise ValueError(f"the golden answer cannot be read: {error}") from error
