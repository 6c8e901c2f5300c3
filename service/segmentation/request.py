"""Options of one segmentation."""

from dataclasses import dataclass

from service.segmentation.inputs.spacing import Spacing
from service.segmentation.inputs.window import Window
from service.segmentation.measures.certainty import OF_SCORES
from service.segmentation.measures.measure import Measure

MIN_REGION = 1
TOLERANCE, MAX_TOLERANCE = 1.0, 1000.0
THRESHOLD = 0.5


@dataclass(frozen=True)
class Request:
    """Options of one segmentation.

    confidence: the mean probability of each class over its pixels.
    heatmap: the name of a class whose probability is computed at every pixel.
    spacing: the size of a pixel, for areas in mm2 and for models of scans; without it, that of a DICOM file.
    draws_photo: an overlay will be drawn, which needs the photo at full size.
    window: the values of a 16-bit grey image that become black and white.
    include: what is measured besides.
    min_region: the pixels of the smallest region that is listed.
    tolerance: the pixels by which a polygon may differ from the outline that it simplifies.
    threshold: the probability below which a pixel counts as one of low confidence.
    """

    confidence: bool = False
    heatmap: str | None = None
    spacing: Spacing | None = None
    draws_photo: bool = False
    window: Window | None = None
    include: frozenset[Measure] = frozenset()
    min_region: int = MIN_REGION
    tolerance: float = TOLERANCE
    threshold: float = THRESHOLD

    @property
    def needs_scores(self) -> bool:
        """Whether a network that gives labels alone cannot serve it."""
        return self.heatmap is not None or bool(self.include & OF_SCORES)

    @property
    def uses_probabilities(self) -> bool:
        """Whether anything is computed of probabilities, where the network has them."""
        return self.confidence or self.needs_scores
