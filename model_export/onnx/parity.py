"""The difference between two forms of one network."""

from collections.abc import Callable, Iterable

import numpy as np

from service.segmentation.modelfile.contract import Labels, Parity, Pixels, Scale, Scores
from service.segmentation.runtime.cells import Cells
from service.segmentation.runtime.session import open_session

Network = Callable[[Pixels], tuple[Labels, Scores]]


def measure(reference: Network, candidate: Network, images: Iterable[Pixels]) -> Parity:
    """Greatest difference of scores, and share of different labels, over `images`; NaN if one gives NaN."""
    difference, disagreeing, pixels, count = 0.0, 0, 0, 0
    for image in images:
        labels, scores = reference(image)
        other_labels, other_scores = candidate(image)
        difference = float(np.maximum(difference, np.abs(scores - other_scores).max()))  # NaN is kept
        disagreeing += int((labels != other_labels).sum())
        pixels += labels.size
        count += 1
    return Parity(count, difference, 1e6 * disagreeing / pixels)


def by_onnxruntime(data: bytes, scale: Scale | None = None) -> Network:
    """A model file's network, run as the service would, whether or not its contract is complete; `scale` is that of its
    scores, if integers. Raises ModelUnreadable."""
    session = open_session(data, 0, ("cpu",))

    def run(image: Pixels) -> tuple[Labels, Scores]:
        labels, scores = session.run(["labels", "scores"], {"image": image[np.newaxis]})
        first: Labels = np.asarray(labels)[0]
        return first, Cells(np.asarray(scores)[0], first.shape, scale).logits()

    return run
