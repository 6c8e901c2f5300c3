"""Scans that are spoiled on purpose, in ways that happen: they should be reviewed."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from model_export.data.variants import Scan

Random = np.random.Generator


def turned(scan: Scan, _: Random) -> Scan:
    """By 90 degrees within its slices."""
    return Scan(np.rot90(scan.values, axes=(1, 2)), (scan.spacing[0], scan.spacing[2], scan.spacing[1]))


def upside_down(scan: Scan, _: Random) -> Scan:
    return Scan(scan.values[::-1], scan.spacing)


def back_to_front(scan: Scan, _: Random) -> Scan:
    return Scan(scan.values[:, ::-1], scan.spacing)


def coronal(scan: Scan, _: Random) -> Scan:
    """Coronal slices, from back to front, in a header of axial ones."""
    spacing = scan.spacing
    return Scan(scan.values.transpose(1, 0, 2)[::-1], (spacing[1], spacing[0], spacing[2]))


def without(axis: int, millimetres: float, *, far: bool) -> Callable[[Scan, Random], Scan]:
    """The head cut so far from one of its ends."""

    def cut(scan: Scan, _: Random) -> Scan:
        others = tuple(other for other in range(3) if other != axis)
        first, last = np.flatnonzero((scan.values > scan.values.min()).any(axis=others))[[0, -1]]
        gone = round(millimetres / scan.spacing[axis])
        kept = slice(None, last + 1 - gone) if far else slice(first + gone, None)
        return Scan(scan.values[tuple(kept if one == axis else slice(None) for one in range(3))], scan.spacing)

    return cut


def noise_alone(scan: Scan, random: Random) -> Scan:
    return Scan(np.hypot(*random.normal(0, 20, (2, *scan.values.shape)).astype(np.float32)), scan.spacing)


def ball(scan: Scan, random: Random) -> Scan:
    """A phantom: a ball of water of 16 cm, in noise."""
    at = np.indices(scan.values.shape, np.float32)
    middle = np.reshape([side / 2 for side in scan.values.shape], (3, 1, 1, 1))
    away = np.linalg.norm((at - middle) * np.reshape(scan.spacing, (3, 1, 1, 1)), axis=0)
    return Scan(_rician(np.where(away < 80, 150, 0), 5, random), scan.spacing)


def mapped(*points: tuple[float, float]) -> Callable[[Scan, Random], Scan]:
    """Other intensities within the head: of each pair, the first becomes the second, as shares of the brightest."""
    before, after = zip(*points, strict=True)

    def change(scan: Scan, _: Random) -> Scan:
        values, least = scan.values, scan.values.min()
        white = np.percentile(values[values > least], 99.5)
        changed = 255 * np.interp(values / white, before, after)
        return Scan(np.where(values > least, changed, 0).astype(np.float32), scan.spacing)

    return change


def noisy(share: float) -> Callable[[Scan, Random], Scan]:
    """Rician noise, its standard deviation a share of the brightest tissue (Gudbjartsson and Patz 1995)."""
    return lambda scan, random: Scan(
        _rician(scan.values, share * float(np.percentile(scan.values[scan.values > 0], 99)), random), scan.spacing
    )


def ghosts(share: float) -> Callable[[Scan, Random], Scan]:
    """The head once more, shifted from front to back by a third of the field of view, as when the patient moves."""

    def ghosted(scan: Scan, _: Random) -> Scan:
        away = scan.values.shape[1] // 3
        shifted = np.roll(scan.values, away, axis=1) + np.roll(scan.values, -away, axis=1)
        return Scan((1 - share) * scan.values + share / 2 * shifted, scan.spacing)

    return ghosted


def blurred(millimetres: float) -> Callable[[Scan, Random], Scan]:
    """By a Gaussian of this standard deviation."""
    return lambda scan, _: Scan(
        ndimage.gaussian_filter(scan.values, [millimetres / mm for mm in scan.spacing]), scan.spacing
    )


def said(*times: float) -> Callable[[Scan, Random], Scan]:
    """A header whose spacing of slices, rows and columns is so many times the true one."""
    return lambda scan, _: Scan(
        scan.values, (times[0] * scan.spacing[0], times[1] * scan.spacing[1], times[2] * scan.spacing[2])
    )


def _rician(values: NDArray[np.generic], deviation: float, random: Random) -> NDArray[np.float32]:
    real, imaginary = random.normal(0, deviation, (2, *values.shape)).astype(np.float32)
    noisy: NDArray[np.float32] = np.hypot(values + real, imaginary).astype(np.float32)
    return noisy


SPOILED: dict[str, Callable[[Scan, Random], Scan]] = {
    "turned by 90° in its slices": turned,
    "upside down": upside_down,
    "back to front": back_to_front,
    "coronal slices called axial": coronal,
    "upper 4 cm missing": without(0, 40, far=True),
    "lower 6 cm missing": without(0, 60, far=False),
    "front 4 cm missing": without(1, 40, far=False),
    "noise alone": noise_alone,
    "a ball of water": ball,
    "inverted": mapped((0, 1), (1, 0)),
    "T2-like": mapped((0, 1), (0.25, 1), (0.55, 0.5), (0.85, 0.3), (1, 0.25)),
    "FLAIR-like": mapped((0, 0.05), (0.25, 0.1), (0.55, 0.75), (0.85, 0.55), (1, 0.5)),
    "noise of 25 %": noisy(0.25),
    "ghosts of 40 %": ghosts(0.4),
    "blurred by 2.5 mm": blurred(2.5),
    "header says 2 mm for 1": said(2, 2, 2),
    "header says 0.8 mm for 1": said(0.8, 0.8, 0.8),
    "header says slices of 1.5 mm for 1": said(1.5, 1, 1),
}
"""By what was done."""
