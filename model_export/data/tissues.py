"""The tissues that a model of the brain distinguishes, and which structures of a whole-head label map are of which."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from model_export.errors import DataError
from service.segmentation.modelfile.classes import Class, ClassList

CLASSES = ClassList(
    classes=(
        Class(0, "background", "#000000"),
        Class(1, "csf", "#3aa0ff"),
        Class(2, "grey matter", "#e4572e"),
        Class(3, "white matter", "#ffd966"),
    ),
    ignored=255,
)
CSF, GREY, WHITE = 1, 2, 3

SPACING = 1.0
"""mm from pixel to pixel, and from slice to slice, of the data sets that are made here."""

STRUCTURES = {
    # Vessels (30, 62: mostly the spaces around them, in the basal ganglia) and choroid plexus (136, 137, 163, 164) lie
    # in fluid, and manual protocols without a label for them count them with it.
    CSF: (4, 5, 14, 15, 24, 43, 44, 72, 30, 62, 136, 137, 163, 164),
    GREY: (3, 8, 10, 11, 12, 13, 17, 18, 26, 42, 47, 49, 50, 51, 52, 53, 54, 58),
    # 25 and 57 are lesions of the white matter.
    WHITE: (2, 7, 16, 28, 41, 46, 60, 85, 25, 57),
}
"""FreeSurfer's ids of each tissue's structures."""
VESSELS = (30, 62, 136, 137, 163, 164)
"""Structures that a contrast agent brightens."""

Spread = tuple[float, Annotated[float, msgspec.Meta(ge=0)]]
"""The centre and standard deviation that a value is drawn with."""


class Prior(msgspec.Struct, frozen=True):
    """How a structure looks in T1: the mean and standard deviation of its voxels, 0..255. Structures of one `look`,
    such as those of the two hemispheres, look alike."""

    mean: Spread
    std: Spread
    look: Annotated[int, msgspec.Meta(ge=0, le=255)] = msgspec.field(name="class")


@dataclass(frozen=True, eq=False)
class Looks:
    """Everything by look: T1's means and standard deviations, [looks, 2] each of `Spread`; the tissue; whether it is a
    vessel. `of` has the look of every structure."""

    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    tissue: NDArray[np.uint8]
    vessel: NDArray[np.bool_]
    of: dict[int, int]


def read_looks(path: Path) -> Looks:
    """Priors from a JSON file, a `Prior` by structure id. Raises DataError where it is missing or invalid."""
    try:
        priors = msgspec.json.decode(path.read_bytes(), type=dict[int, Prior])
    except (OSError, msgspec.DecodeError) as error:
        raise DataError(f"{path}: {error}") from error
    return looks(priors)


def looks(priors: Mapping[int, Prior]) -> Looks:
    """Sort priors by look. Raises DataError where structures of one look are of different tissues."""
    count = 1 + max((prior.look for prior in priors.values()), default=0)
    found = Looks(np.zeros((count, 2)), np.zeros((count, 2)), np.zeros(count, np.uint8), np.zeros(count, np.bool_), {})
    tissues = {id_: tissue for tissue, ids in STRUCTURES.items() for id_ in ids}
    for id_, prior in priors.items():
        tissue = tissues.get(id_, 0)
        if prior.look in found.of.values() and found.tissue[prior.look] != tissue:
            raise DataError(f"Structure {id_} looks like one of another tissue: give it a class of its own.")
        found.mean[prior.look], found.std[prior.look] = prior.mean, prior.std
        found.tissue[prior.look], found.vessel[prior.look] = tissue, id_ in VESSELS
        found.of[id_] = prior.look
    return found


Split = Literal["train", "val", "test"]


def prepare(folder: Path, split: Split) -> None:
    """Make the folders of a data set of brain tissues, and write its classes."""
    for kind in ("images", "labels"):
        (folder / split / kind).mkdir(parents=True, exist_ok=True)
    (folder / "classes.json").write_bytes(msgspec.json.format(msgspec.json.encode(CLASSES), indent=1))
