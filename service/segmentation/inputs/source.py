"""A scan as it came: its volume, and what an answer in DICOM refers to."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from service.segmentation.inputs.volume import Volume

if TYPE_CHECKING:
    from pydicom import Dataset


@dataclass(frozen=True, eq=False)
class Source:
    """A volume, and what a DICOM file that refers to it must repeat. Only `instances` name the patient.

    instances: what `dicom.reference` keeps of them; one for each slice, in order, or the one that has all frames; none
        for NIfTI.
    frames: of each slice, in order, the number of its frame in its instance, from 1.
    """

    volume: Volume
    instances: tuple["Dataset", ...] = ()
    frames: tuple[int, ...] = ()
