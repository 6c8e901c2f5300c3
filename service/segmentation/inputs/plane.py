"""How a slice lies in the patient, and what turns it to how axial slices are seen."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from service.segmentation.inputs.axial import closest
from service.segmentation.inputs.volume import Affine

Bytes = np.ndarray[tuple[int, int], np.dtype[np.uint8]]
"""uint8 [H, W]."""

NAMES: tuple[Literal["axial", "coronal", "sagittal"], ...] = ("axial", "coronal", "sagittal")
"""Of the planes at right angles to the directions that `Axial` calls slices, rows and columns."""

TURNS = {
    (False, True, False): Image.Transpose.FLIP_TOP_BOTTOM,
    (False, False, True): Image.Transpose.FLIP_LEFT_RIGHT,
    (False, True, True): Image.Transpose.ROTATE_180,
    (True, False, False): Image.Transpose.TRANSPOSE,
    (True, True, False): Image.Transpose.ROTATE_90,
    (True, False, True): Image.Transpose.ROTATE_270,
    (True, True, True): Image.Transpose.TRANSVERSE,
}
"""By whether rows and columns change places, and then whether rows and columns run the other way."""

SIDEWAYS = {turn for (sideways, _, _), turn in TURNS.items() if sideways}

BACK = {turn: turn for turn in TURNS.values()} | {
    Image.Transpose.ROTATE_90: Image.Transpose.ROTATE_270,
    Image.Transpose.ROTATE_270: Image.Transpose.ROTATE_90,
}
"""What undoes each."""


@dataclass(frozen=True)
class Plane:
    """name: the plane of the body that the slice is closest to.
    tilt: degrees by which its axes are off those of the body, 0 to 55.
    turn: what makes the rows of an axial slice run from the front to the back and its columns from the patient's right
        to the left; None where they do.
    """

    name: Literal["axial", "coronal", "sagittal"]
    tilt: float
    turn: Image.Transpose | None


def plane_of(affine: Affine) -> Plane:
    """Of the affine of a volume that is the slice alone: (slice, row, column) -> RAS."""
    order, flipped, tilt = closest(affine)
    name = NAMES[order.index(0)]
    turn = TURNS.get((order[1] == 2, 1 in flipped, 2 in flipped)) if name == "axial" else None
    return Plane(name, tilt, turn)


def turned_back(values: Bytes, turn: Image.Transpose) -> Bytes:
    """Values of the pixels of a turned slice, in the slice's own pixels."""
    return np.asarray(Image.fromarray(values).transpose(BACK[turn]))
