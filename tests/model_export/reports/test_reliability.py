"""How far confidence may be believed, on an example worked out by hand."""

import numpy as np

from model_export.data.folder import VOID
from model_export.reports.predictions import Prediction
from model_export.reports.reliability import Reliability


def test_confidence_is_compared_with_the_share_of_right_pixels() -> None:
    """Class 0 is right at 2 of its 4 pixels that are not void, with 0.9; class 1 at all 4, with 0.6."""
    labels = np.array([[0, 0, 0, 0, 0, 1, 1, 1, 1]], np.uint8)
    truth = np.array([[0, 0, 1, 1, VOID, 1, 1, 1, 1]], np.uint8)
    reliability = Reliability()
    reliability.add(Prediction("a", labels, truth, (0.9, 0.6, None)))
    assert reliability.sentence() == (
        "`confidence` has a mean of 75.0 over all pixels, of which 75.0 are right. For a class in an image it differs "
        "from the share of right pixels by 40.0 points on average."
    )


def test_without_confidence_nothing_is_said() -> None:
    reliability = Reliability()
    reliability.add(Prediction("a", np.zeros((2, 2), np.uint8), np.zeros((2, 2), np.uint8), (None,)))
    assert reliability.sentence() == ""
