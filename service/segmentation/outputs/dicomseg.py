"""Labels -> a DICOM Segmentation (PS3.3, section A.51) of their series. Needs highdicom, of the extra `clinical`."""

import io
import logging
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service import __version__
from service.segmentation.errors import UnusableScan
from service.segmentation.inputs.source import Source
from service.segmentation.measures.volumes import BACKGROUND
from service.segmentation.modelfile.classes import Class
from service.segmentation.modelfile.contract import Contract

SERIES = "Labels of a network; not a medical device"
"""The series' description, under which a viewer lists it."""
REVIEW = "; to be reviewed"
"""Follows it where there is a reason."""
SERIES_NUMBER = 7001
"""Far from a scanner's own."""
TEXT = 64
"""Characters of a Long String (PS3.5, section 6.2)."""

_NEEDED = ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID")
_CODES = {"csf": "CerebrospinalFluid", "grey matter": "GrayMatter", "white matter": "WhiteMatter"}
"""Of the classes that have a code of SNOMED CT in PS3.16, CID 7153: pydicom's name of it."""

# Its log lines and warnings quote values of the file.
logging.getLogger("highdicom").setLevel(logging.CRITICAL)
warnings.filterwarnings("ignore", module=r"highdicom\.")


def check_referable(source: Source) -> None:
    """Raises UnusableScan where a file that refers to the scan could not be valid."""
    for keyword in _NEEDED:
        values = {str(instance[keyword].value) for instance in source.instances}
        if "" in values:
            raise UnusableScan(
                f"The DICOM files have no {keyword} that a segmentation could refer to; "
                "ask for the labels as NIfTI (application/gzip)."
            )
        if len(values) > 1 and keyword in {"StudyInstanceUID", "FrameOfReferenceUID"}:
            raise UnusableScan(
                f"The slices differ in {keyword}, so no segmentation can refer to them all; send those of one series."
            )


def dicomseg(source: Source, labels: NDArray[np.uint8], contract: Contract, review: Sequence[str] = ()) -> bytes:
    """A DICOM file with a binary segment for each class but the background, without frames that are empty.

    labels: [slice, row, column] of the source's own pixels.
    review: the codes of the reasons why a person should look at them.
    Raises UnusableScan.
    """
    from highdicom import UID  # noqa: PLC0415  # an extra
    from highdicom.seg import Segmentation  # noqa: PLC0415

    check_referable(source)
    if len(source.instances) == 1:
        labels = labels[np.argsort(source.frames)]
    tissues = [class_ for class_ in contract.labels.classes if class_.id != BACKGROUND]
    segmentation = Segmentation(
        source_images=source.instances,
        pixel_array=labels,
        segmentation_type="BINARY",
        segment_descriptions=[described(class_, contract) for class_ in tissues],
        series_instance_uid=UID(),
        series_number=SERIES_NUMBER,
        sop_instance_uid=UID(),
        instance_number=1,
        manufacturer="fcn-serve",
        manufacturer_model_name=contract.name,
        software_versions=__version__,
        device_serial_number=contract.seal,
        content_label="TISSUES",
        content_creator_name="",  # type 2, and no person
        content_description=", ".join(review)[:TEXT],
        series_description=SERIES + REVIEW if review else SERIES,
    )
    file = io.BytesIO()
    segmentation.save_as(file)
    return file.getvalue()


def described(class_: Class, contract: Contract) -> Any:
    """A segment's item, with the class's id as its number: its code, its colour, and the network that drew it."""
    from highdicom import AlgorithmIdentificationSequence  # noqa: PLC0415  # an extra
    from highdicom.color import CIELabColor  # noqa: PLC0415
    from highdicom.seg import SegmentDescription  # noqa: PLC0415
    from pydicom.sr.codedict import codes  # noqa: PLC0415

    known = _CODES.get(class_.name.casefold())
    return SegmentDescription(
        segment_number=class_.id,
        segment_label=class_.name.replace("\\", "/")[:TEXT],
        segmented_property_category=codes.SCT.AnatomicalStructure if known else codes.SCT.Tissue,
        segmented_property_type=getattr(codes.SCT, known or "Tissue"),
        algorithm_type="AUTOMATIC",
        algorithm_identification=AlgorithmIdentificationSequence(
            name=contract.name, version=contract.version, family=codes.DCM.ArtificialIntelligence
        ),
        display_color=CIELabColor.from_rgb(*class_.rgb),
    )
