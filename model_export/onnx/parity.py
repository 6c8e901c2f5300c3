"""The difference between two forms of one network."""

from collections.abc import Callable, Iterable

import numpy as np

from service.segmentation.modelfile.contract import Labels, Parity, Pixels, Scale, Scores
from service.segmentation.runtime.cells import Cells
from service.segmentation.runtime.session import open_session

Forward = Callable[[Pixels], tuple[Labels, Scores | None]]
"""Labels of an image, and scores where the network has them."""


def measure(reference: Forward, candidate: Forward, images: Iterable[Pixels]) -> Parity:
    """Greatest difference of scores, and share of different labels, over `images`; NaN if one gives NaN, 0 without
    scores."""
    difference, disagreeing, pixels, count = 0.0, 0, 0, 0
    for image in images:
        labels, scores = reference(image)
        other_labels, other_scores = candidate(image)
        if scores is not None and other_scores is not None:
            difference = float(np.maximum(difference, np.abs(scores - other_scores).max()))  # NaN is kept
        disagreeing += int((labels != other_labels).sum())
        pixels += labels.size
        count += 1
    return Parity(count, difference, 1e6 * disagreeing / pixels)


def by_onnxruntime(data: bytes, scale: Scale | None = None) -> Forward:
    """A model file's network, run as the service would, whether or not its contract is complete; `scale` is that of its
    scores, if integers. Raises ModelUnreadable."""
    session = open_session(data, 0, ("cpu",))
    outputs = [output.name for output in session.get_outputs() if output.name in ("labels", "scores")]

    def run(image: Pixels) -> tuple[Labels, Scores | None]:
        found = dict(zip(outputs, session.run(outputs, {"image": image[np.newaxis]}), strict=True))
        labels: Labels = np.asarray(found["labels"])[0]
        if "scores" not in found:
            return labels, None
        return labels, Cells(np.asarray(found["scores"])[0], labels.shape, scale).logits()

    return run
