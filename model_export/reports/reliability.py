"""How far `confidence`, which the service returns for each class of an image, may be believed."""

from model_export.data.folder import VOID
from model_export.reports.predictions import Prediction


class Reliability:
    """Compares the confidence of a class in an image with the share of its pixels that are right, image by image.

    As in the expected calibration error (Guo et al. 2017: On Calibration of Modern Neural Networks), differences are
    weighted by pixels; a class in an image is a bin, since it is what a confidence is returned for.
    """

    def __init__(self) -> None:
        self._pixels, self._confidence, self._right, self._difference = 0, 0.0, 0.0, 0.0

    def add(self, prediction: Prediction) -> None:
        """Count the classes of an image that have a confidence; void pixels are left out."""
        for class_id, confidence in enumerate(prediction.confidence):
            truth = prediction.truth[(prediction.labels == class_id) & (prediction.truth != VOID)]
            if confidence is not None and truth.size:
                right = float((truth == class_id).mean())
                self._pixels += truth.size
                self._confidence += truth.size * confidence
                self._right += truth.size * right
                self._difference += truth.size * abs(confidence - right)

    def sentence(self) -> str:
        """The means over all pixels, in percent; empty where there was no confidence."""
        if not self._pixels:
            return ""
        confidence, right, difference = (
            100 * total / self._pixels for total in (self._confidence, self._right, self._difference)
        )
        return (
            f"`confidence` has a mean of {confidence:.1f} over all pixels, of which {right:.1f} are right. For a class "
            f"in an image it differs from the share of right pixels by {difference:.1f} points on average."
        )
