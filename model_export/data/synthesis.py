"""Scans drawn from label maps of whole heads: for every structure an intensity, then what a scanner makes of it.

After Billot et al.: SynthSeg: Segmentation of brain MRI scans of any contrast and resolution without retraining,
Medical Image Analysis 2023. Only the slab that becomes three neighbouring slices is drawn, not a whole volume.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from model_export.data.scans import CANVAS, read_axial, save
from model_export.data.tissues import CSF, Looks, Split, prepare
from model_export.errors import DataError

Plane = NDArray[np.float32]
"""float32 [H, W]."""

SAMPLES = 4096
"""Voxels of a head by which the range of its shades is found."""


@dataclass(frozen=True, eq=False)
class Head:
    """A label map: the look of every voxel, uint8 [slice, row, column] at 1 mm, axial, cropped to the head."""

    name: str
    looks: NDArray[np.uint8]
    brain: NDArray[np.bool_]
    """Whether a look is of the brain or the fluid around it."""

    @cached_property
    def bounds(self) -> NDArray[np.float64]:
        """Slices, rows and columns between which 99 % of the brain lie, [2, 3]: some label maps have a spine too."""
        inside = self.brain[self.looks]
        counts = [inside.sum(axes).cumsum() for axes in ((1, 2), (0, 2), (0, 1))]
        return np.array([np.searchsorted(count, count[-1] * np.array((0.005, 0.995))) for count in counts], float).T

    def sample(self, skull: bool, draw: np.random.Generator) -> NDArray[np.uint8]:
        """The looks of some voxels of the head, or of the brain alone, at random places."""
        flat = self.looks.reshape(-1)
        found = flat[draw.integers(0, len(flat), 4 * SAMPLES)]
        return found[found > 0 if skull else self.brain[found]][:SAMPLES]


def read_head(path: Path, looks: Looks) -> Head:
    """A label map of FreeSurfer's ids, 1 mm. Raises DataError where it is invalid or holds an id that has no prior."""
    voxels = read_axial(path).voxels.astype(np.int32)  # 32-bit ids are read as floats
    ids = np.unique(voxels).tolist()
    if unknown := [id_ for id_ in ids if id_ not in looks.of]:
        raise DataError(f"{path} holds structures without a prior: {unknown}.")
    of = np.zeros(max(ids) + 1, np.uint8)
    of[ids] = [looks.of[id_] for id_ in ids]
    brain = looks.tissue > 0
    mapped = of[voxels]
    if not brain[mapped].any():
        raise DataError(f"{path} holds no brain.")
    (box,) = ndimage.find_objects((mapped > 0).astype(np.uint8))
    return Head(path.name.removesuffix(".nii.gz"), np.ascontiguousarray(mapped[box]), brain)


@dataclass(frozen=True)
class Synthesis:
    """How slabs are drawn. Shares are of the slabs, 0..1.

    random: have a random intensity for every structure, in place of one like T1's.
    skull: show the whole head; the others have only the brain, the fluid around it, and black.
    tight: of those without skull, have lost some of the outer fluid with it.
    thick: come from slices of 1 to 5 mm.
    coarse: come from pixels of 1 to 2.5 mm.
    cropped: have a field of view that ends within the head.
    repeated: are one slice three times, as a single image is served.
    agent: of those like T1, show vessels as bright as after a contrast agent.
    """

    heads: list[Head]
    looks: Looks
    seed: int
    random: float = 0.1
    skull: float = 0.5
    tight: float = 0.3
    thick: float = 0.25
    coarse: float = 0.2
    cropped: float = 0.1
    repeated: float = 0.25
    agent: float = 0.1

    def draw(self, index: int) -> tuple[str, Image.Image, Image.Image]:
        """The head's name, three slices as RGB, and the tissues of the middle one: a function of seed and index."""
        draw = np.random.default_rng((self.seed, index))
        head = self.heads[int(draw.integers(len(self.heads)))]
        skull = bool(draw.random() < self.skull)
        thickness = draw.uniform(1, 5) if draw.random() < self.thick else 1
        weights = through_plane(thickness)
        reach = weights.shape[1] // 2
        slab = deformed(head, reach, draw)
        if not skull:
            slab = stripped(slab, self.looks, draw.uniform(1, 4) if draw.random() < self.tight else np.inf)
        mean, std = self._intensities(skull, draw)
        planes = scanned(
            [mixed(row, slab, mean, std, draw) for row in weights],
            draw.uniform(1, 2.5) if draw.random() < self.coarse else 1,
            draw,
        )
        if not skull:  # what strips a skull leaves zeros
            there = [slab[reach + round(thickness * neighbour)] > 0 for neighbour in (-1, 0, 1)]
            planes = [plane * one for plane, one in zip(planes, there, strict=True)]
        if draw.random() < self.repeated:
            planes = [planes[1]] * 3
        sample = head.sample(skull, draw)
        image = shaded(planes, mean[sample] + std[sample] * noise(draw, sample.shape), draw)
        label = self.looks.tissue[slab[reach]]
        if draw.random() < self.cropped:
            window = field_of_view(draw)
            image, label = image * window[:, :, np.newaxis], label * window
        return head.name, Image.fromarray(image), Image.fromarray(label)

    def _intensities(self, skull: bool, draw: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The mean and standard deviation of every look, 0..255."""
        if draw.random() < self.random:
            mean, std = draw.uniform(10, 240, len(self.looks.tissue)), draw.uniform(3, 25, len(self.looks.tissue))
        else:
            mean, std = (
                (values[:, 0] + 1.3 * values[:, 1] * draw.standard_normal(len(values)))
                for values in (self.looks.mean, self.looks.std)
            )
            std *= draw.uniform(0.3, 1)  # they include what the bias field and partial volume add below
            if draw.random() < self.agent:
                mean[self.looks.vessel] = draw.uniform(150, 250)
        if not skull or draw.random() < 0.4:
            mean[0] = std[0] = 0  # air is black; elsewhere it has noise
        return np.maximum(mean, 0).astype(np.float32), np.maximum(std, 0).astype(np.float32)


def through_plane(thickness: float) -> NDArray[np.float64]:
    """What each of three neighbouring slices of `thickness` mm has of the slices of 1 mm around it, [3, odd]."""
    reach = int(np.ceil(1.5 * thickness - 0.5))
    centres = thickness * np.arange(-1, 2)[:, np.newaxis]
    offsets = np.arange(-reach, reach + 1)
    low = np.maximum(offsets - 0.5, centres - thickness / 2)
    high = np.minimum(offsets + 0.5, centres + thickness / 2)
    weights: NDArray[np.float64] = np.maximum(high - low, 0) / thickness
    return weights


def deformed(head: Head, reach: int, draw: np.random.Generator) -> NDArray[np.uint8]:
    """Looks on the canvas, [2 * reach + 1, H, W], of slices of 1 mm: the head turned, scaled, sheared, bent, and
    mirrored in half of the cases. Outside of the head is air, 0."""
    width, height = CANVAS
    first, last = head.bounds
    centre = (first + last) / 2
    centre[0] = draw.uniform(first[0] - 6, last[0] + 6) if draw.random() < 0.9 else draw.uniform(0, len(head.looks))
    centre[1:] += draw.normal(0, 6, 2)
    turns = np.radians(draw.normal(0, (5, 5, 7)))
    matrix = np.diag(np.exp(draw.normal(0, 0.07, 3))) + draw.normal(0, 0.02, (3, 3))
    for axis, angle in enumerate(turns):
        one, two = (other for other in range(3) if other != axis)
        turn = np.eye(3)
        turn[one, one] = turn[two, two] = np.cos(angle)
        turn[one, two], turn[two, one] = -np.sin(angle), np.sin(angle)
        matrix = matrix @ turn
    if draw.random() < 0.5:
        matrix[:, 2] *= -1
    rows, columns = (np.arange(size, dtype=np.float32) - (size - 1) / 2 for size in (height, width))
    amplitude = draw.uniform(0, 3)  # of the bending, in mm
    places = []
    for axis in range(3):
        bent = smooth(amplitude * noise(draw, (7, 6)))
        places.append(bent + centre[axis] + matrix[axis, 1] * rows[:, np.newaxis] + matrix[axis, 2] * columns)
    looks = np.empty((2 * reach + 1, height, width), np.uint8)
    for number in range(len(looks)):
        at = [np.rint(place + matrix[axis, 0] * (number - reach)).astype(np.int32) for axis, place in enumerate(places)]
        inside = np.ones((height, width), np.bool_)
        for axis, size in enumerate(head.looks.shape):
            inside &= (at[axis] >= 0) & (at[axis] < size)
            np.clip(at[axis], 0, size - 1, out=at[axis])
        looks[number] = head.looks[at[0], at[1], at[2]] * inside
    return looks


def stripped(slab: NDArray[np.uint8], looks: Looks, left: float) -> NDArray[np.uint8]:
    """The brain alone, and the fluid within `left` mm of it."""
    tissue = looks.tissue[slab]
    slab = slab * (tissue > 0)
    if np.isfinite(left):
        for plane, tissues in zip(slab, tissue, strict=True):
            if (tissues > CSF).any():
                plane[(tissues == CSF) & (ndimage.distance_transform_edt(tissues <= CSF) > left)] = 0
            else:
                plane[:] = 0
    return slab


def mixed(
    weights: NDArray[np.float64], slab: NDArray[np.uint8], mean: Plane, std: Plane, draw: np.random.Generator
) -> Plane:
    """One slice's intensities, 0..255: every structure's mean and texture, averaged over the slices of 1 mm in it."""
    total = np.zeros(slab.shape[1:], np.float32)
    for weight, looks in zip(weights, slab, strict=True):
        if weight:
            total += np.float32(weight) * (mean[looks] + std[looks] * noise(draw, looks.shape))
    return total


def scanned(planes: list[Plane], pixel: float, draw: np.random.Generator) -> list[Plane]:
    """The planes as a scanner with pixels of `pixel` mm sees them: blurred, unevenly bright, with Rician noise.

    Gudbjartsson, Patz: The Rician distribution of noisy MRI data, Magnetic Resonance in Medicine 1995.
    """
    width, height = CANVAS
    field = np.exp(smooth(draw.uniform(0, 0.25) * noise(draw, (5, 4))))
    blur, loud = draw.uniform(0.25, 0.7) * pixel, 12 * draw.random() ** 2
    seen = []
    for plane in planes:
        image = Image.fromarray(ndimage.gaussian_filter(plane * field, blur, truncate=3))
        if pixel > 1:
            image = image.resize((round(width / pixel), round(height / pixel)), Image.Resampling.BOX)
        values = np.asarray(image)
        real, imaginary = (loud * noise(draw, values.shape) for _ in range(2))
        noisy = Image.fromarray(np.hypot(values + real, imaginary))
        seen.append(np.asarray(noisy.resize(CANVAS, Image.Resampling.BILINEAR) if pixel > 1 else noisy))
    return seen


def shaded(planes: list[Plane], sample: NDArray[np.float32], draw: np.random.Generator) -> NDArray[np.uint8]:
    """The planes as RGB, black and white about where a whole scan with intensities like `sample` has them.

    `service.segmentation.inputs.shades` shades whole scans; how far others are from these is drawn.
    """
    low, high = np.percentile(sample[sample > 0], (0.5, 99.5))
    black = low - (high - low) * draw.normal(0, 0.03)
    white = high * np.exp(draw.normal(0, 0.08))
    shades = ((np.stack(planes, -1) - black) / max(white - black, 1)).clip(0, 1) ** np.exp(draw.normal(0, 0.15))
    image: NDArray[np.uint8] = np.rint(255 * shades).astype(np.uint8)
    return image


def field_of_view(draw: np.random.Generator) -> NDArray[np.bool_]:
    """Which pixels a scan shows that ends within the head on one or two sides."""
    width, height = CANVAS
    window = np.ones((height, width), np.bool_)
    for _ in range(int(draw.integers(1, 3))):
        lines = int(draw.uniform(0.15, 0.45) * (height, width)[axis := int(draw.integers(2))])
        np.moveaxis(window, axis, 0)[slice(lines) if draw.random() < 0.5 else slice(-lines, None)] = False
    return window


def smooth(coarse: Plane) -> Plane:
    """A coarse grid of values, interpolated to the canvas."""
    return np.asarray(Image.fromarray(coarse).resize(CANVAS, Image.Resampling.BICUBIC))


def noise(draw: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return draw.standard_normal(shape, np.float32)


def write(
    synthesis: Synthesis, folder: Path, split: Split, start: int, count: int, tracked: Callable[[int], Iterable[int]]
) -> None:
    """Write the slabs `start` to `start + count` into a split of a data set; names start with the head's."""
    prepare(folder, split)
    for index in tracked(count):
        name, image, label = synthesis.draw(start + index)
        save(folder, split, f"{name}_{start + index:06d}", image, label)


def read_heads(folder: Path, looks: Looks, tracked: Callable[[int], Iterable[int]]) -> list[Head]:
    """Every label map of a folder. Raises DataError where there are none, or one is invalid."""
    paths = sorted(folder.glob("*.nii.gz"))
    if not paths:
        raise DataError(f"{folder} holds no label maps: files whose names end in .nii.gz.")
    return [read_head(paths[index], looks) for index in tracked(len(paths))]
