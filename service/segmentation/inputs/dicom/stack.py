"""Slices as a stack: their order along the normal, and whether they are all there and parallel."""

from collections.abc import Sequence

import numpy as np

from service.segmentation.errors import UnusableScan
from service.segmentation.inputs.dicom.place import Place, affine_of
from service.segmentation.inputs.volume import Affine

_TURNED = 1e-3
"""Difference between unit vectors of parallel slices: files round them."""
_UNEVEN = 0.05
"""Of the distance between two slices."""
_SLIPPED = 0.5
"""Millimetres that a slice may lie beside its place in the stack."""


def in_order(places: Sequence[Place]) -> list[int]:
    """The indices of the slices along their normal. Raises UnusableScan where they are not one stack."""
    first = places[0]
    for place in places:
        turned = max(abs(place.across - first.across).max(), abs(place.down - first.down).max())
        if turned > _TURNED or place.spacing != first.spacing:
            raise UnusableScan(
                "The slices lie in different directions or have different pixel sizes, as those of a localiser do; "
                "send the slices of one stack."
            )
    if len(places) < 2:
        raise UnusableScan("There is only one slice; post it to /segment, or send the other slices too.")
    along = np.array([place.position @ first.normal for place in places])
    order = np.argsort(along, kind="stable")
    steps = np.diff(along[order])
    usual = float(np.median(steps))
    if usual <= 0 or steps.min() < usual / 10:
        raise UnusableScan(
            "Several slices lie at the same place, as those of several echoes, times or directions do; "
            "send one volume of the series."
        )
    missing = int(np.rint(steps / usual - 1).sum())
    if steps.max() > 1.5 * usual:
        raise UnusableScan(
            f"The slices are {usual:.3g} mm apart, but in one place {steps.max():.3g} mm: {missing} or so are missing; "
            "send all slices of the series."
        )
    if abs(steps - usual).max() > _UNEVEN * usual:
        raise UnusableScan(
            f"The slices are not at equal distances, but {steps.min():.4g} to {steps.max():.4g} mm apart; "
            "resample the scan and resend."
        )
    return [int(index) for index in order]


def stack_affine(places: Sequence[Place]) -> Affine:
    """[4, 4]: (slice, row, column) -> RAS+ mm. Raises UnusableScan where slices do not lie in one line."""
    first, last = places[0], places[-1]
    step = (last.position - first.position) / (len(places) - 1)
    for number, place in enumerate(places):
        if abs(place.position - first.position - number * step).max() > _SLIPPED:
            raise UnusableScan("The slices do not lie in one line, as after a movement; resample the scan and resend.")
    across, down = first.across * first.spacing.column, first.down * first.spacing.row
    return affine_of(across, down, step, first.position)
