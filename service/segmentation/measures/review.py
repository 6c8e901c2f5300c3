"""Quality control: why a person should look at a segmented volume before its figures are used."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from service.segmentation.inputs.axial import Axial
from service.segmentation.inputs.volume import Acquisition, Volume
from service.segmentation.measures.contrast import contrast_of
from service.segmentation.measures.shape import shape_of
from service.segmentation.measures.volumes import BACKGROUND, Extent, intracranial_ml

Range = tuple[float, float]
"""Least and most."""


@dataclass(frozen=True)
class Reason:
    """code: stable, for programs. detail: a sentence for the person who looks."""

    code: str
    detail: str


@dataclass(frozen=True)
class Limits:
    """The limits within which nobody has to look at a volume.

    brain_ml: of all tissues; with less, the scan shows no head, or the network did not find it.
    face_mm2: tissue on one face of the volume. A brain that is whole ends before; a spinal cord is smaller.
    slice_mm, pixel_mm: coarser than that, the cortex, 2 to 4 mm thick, is not seen.
    ratio: of the longest to the shortest side of a voxel.
    tilt: degrees off axial.
    confidence: the mean over the voxels of all tissues.
    ml: of each tissue, by its name.
    mm: of all tissue, by the side of `Shape`.
    behind: mm, of `Shape`; where axes of the header are wrong, it is 2 or less.
    brighter: of pairs of tissues, how much brighter the first one is, as `Contrast` has it. In T1 all are above 0.

    `ml` and `mm` are a tenth outside of what 29 adults have: nine of OASIS, aged 18 to 90, by the labels of
    Neuromorphometrics, and the 20 heads of SynthSeg. Their `behind` is 12 to 24. `brighter` and `confidence` lie
    between what the model `brain` makes of the scans of the nine, at least 2.0 and 2.8, and 0.87, and of the same
    scans with noise of 25 %, at most 1.5 and 1.3, and 0.79 (docs/how-to/clinic.md).
    """

    brain_ml: float = 300
    face_mm2: float = 1000
    slice_mm: float = 5
    pixel_mm: float = 3
    ratio: float = 5
    tilt: float = 30
    confidence: float = 0.82
    ml: dict[str, Range] = field(
        default_factory=lambda: {"csf": (245, 685), "grey matter": (391, 877), "white matter": (327, 678)}
    )
    mm: dict[str, Range] = field(
        default_factory=lambda: {"width": (101, 141), "length": (122, 185), "height": (96, 150)}
    )
    behind: float = 7
    brighter: dict[tuple[str, str], float] = field(
        default_factory=lambda: {("grey matter", "csf"): 1.4, ("white matter", "grey matter"): 1.6}
    )


def review(
    volume: Volume, seen: Axial, labels: NDArray[np.uint8], measured: dict[str, Extent], limits: Limits | None = None
) -> list[Reason]:
    """The reasons; empty if there are none. `measured` has the classes by name, in id order."""
    limits = limits or Limits()
    reasons = [*_of_scan(volume, seen, limits)]
    brain = intracranial_ml(list(measured.values()))
    if brain < limits.brain_ml:
        detail = f"Only {brain:.0f} mL of tissue were found: this is not a whole head, or the network does not know it."
        return [Reason("no_brain", detail), *reasons]
    cut = [*_of_faces(seen, labels, limits)]
    whole = [] if cut else [*_of_shape(seen, labels, limits)]
    return [*cut, *whole, *_of_contrast(seen, labels, list(measured), limits), *_of_tissues(measured, limits), *reasons]


def _of_scan(volume: Volume, seen: Axial, limits: Limits) -> Iterator[Reason]:
    slice_mm, *pixel = seen.spacing
    if slice_mm > limits.slice_mm or max(pixel) > limits.pixel_mm:
        detail = (
            f"Slices are {slice_mm:.2g} mm apart, and pixels {pixel[0]:.2g} x {pixel[1]:.2g} mm: too coarse for the "
            f"cortex; at most {limits.slice_mm:g} and {limits.pixel_mm:g} mm are."
        )
        yield Reason("coarse_voxels", detail)
    elif max(seen.spacing) > limits.ratio * min(seen.spacing):
        yield Reason("anisotropic_voxels", f"Voxels are more than {limits.ratio:g} times as long as wide.")
    yield from of_header(seen.tilt, volume.acquisition, limits)


def of_header(tilt: float, acquisition: Acquisition, limits: Limits) -> Iterator[Reason]:
    """What the header of a scan, or of a slice, gives reason to: axes that are `tilt` degrees off, another contrast."""
    if tilt > limits.tilt:
        detail = f"The slices are {tilt:.0f} degrees off axial ones, which the network was trained on."
        yield Reason("tilted_slices", detail)
    weighting, modality = acquisition.weighting, acquisition.modality
    if weighting not in {None, "T1"} or modality not in {None, "MR"}:
        detail = f"The file says that this is {weighting or modality}, and the network was trained on T1-weighted MR."
        yield Reason("other_contrast", detail)


def _of_faces(seen: Axial, labels: NDArray[np.uint8], limits: Limits) -> Iterator[Reason]:
    """Tissue on a face of the volume: the field of view cuts the brain."""
    names = (("feet", "head"), ("front", "back"), ("patient's right", "patient's left"))
    cut = []
    for axis, (first, last) in enumerate(names):
        across = [mm for other, mm in enumerate(seen.spacing) if other != axis]
        for at, name in ((0, first), (-1, last)):
            tissue = np.count_nonzero(labels.take(at, axis) != BACKGROUND)
            if tissue * across[0] * across[1] > limits.face_mm2:
                cut.append(name)
    if cut:
        detail = f"Tissue reaches the edge of the volume towards {', '.join(cut)}: part of the brain is missing."
        yield Reason("cut_field_of_view", detail)


def _of_shape(seen: Axial, labels: NDArray[np.uint8], limits: Limits) -> Iterator[Reason]:
    """Where the field of view cuts the brain, its shape says nothing."""
    shape = shape_of(labels, seen.spacing)
    if shape is None:
        return
    sides = {side: getattr(shape, side) for side in limits.mm}
    if not all(least <= sides[side] <= most for side, (least, most) in limits.mm.items()):
        said = ", ".join(f"{mm:.0f} mm in {side}" for side, mm in sides.items())
        detail = f"The tissue measures {said}, which no adult brain does; the spacing in the header may be wrong."
        yield Reason("unusual_size", detail)
    if shape.behind < limits.behind:
        detail = (
            "The lowest part of the tissue does not lie behind the rest, as the cerebellum does; the orientation in "
            "the header may be wrong."
        )
        yield Reason("wrong_orientation", detail)


def _of_contrast(seen: Axial, labels: NDArray[np.uint8], names: list[str], limits: Limits) -> Iterator[Reason]:
    """Tissues whose brightness is not in the order of T1, or hardly differs."""
    contrast = contrast_of(seen.voxels, labels, len(names))
    for (bright, dark), least in limits.brighter.items():
        if bright not in names or dark not in names:
            continue
        brighter = contrast.between(names.index(bright), names.index(dark))
        if brighter < 0:
            detail = f"The {bright} is darker than the {dark}, so this is not a T1-weighted scan."
            yield Reason("other_contrast", detail)
        elif brighter < least:
            detail = f"The {bright} is hardly brighter than the {dark}; the scan may be noisy."
            yield Reason("poor_contrast", detail)


def _of_tissues(measured: dict[str, Extent], limits: Limits) -> Iterator[Reason]:
    for name, (least, most) in limits.ml.items():
        if name in measured and not least <= measured[name].ml <= most:
            detail = f"{measured[name].ml:.0f} mL of {name}; adults have {least:g} to {most:g} mL."
            yield Reason("unusual_volume", detail)
    tissues = [extent for extent in list(measured.values())[1:] if extent.confidence is not None]
    voxels = sum(extent.voxels for extent in tissues)
    if voxels:
        mean = sum(extent.voxels * (extent.confidence or 0) for extent in tissues) / voxels
        if mean < limits.confidence:
            yield Reason("low_confidence", f"The mean probability of the tissues is {mean:.2f}.")
