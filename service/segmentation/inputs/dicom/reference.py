"""What a DICOM file that refers to a series repeats of it: whose it is, which study, and where its frames lie.

Nothing else of the source gets into an answer. A value that breaks the rules of its type (PS3.5, section 6.2) is left
empty, as one that is missing is.
"""

import re
from collections.abc import Iterable, Sequence

from pydicom import Dataset, uid
from pydicom.valuerep import DS

from service.segmentation.inputs.dicom.file import text_of, whole_of
from service.segmentation.inputs.dicom.place import Place

_TEXT = re.compile(r"[^\x00-\x1f\x7f]*")
_UID = re.compile(r"[0-9.]{1,64}")
_DATE = re.compile(r"[0-9]{8}")

_REPEATED = {
    "PatientName": _TEXT,
    "PatientID": _TEXT,
    "PatientBirthDate": _DATE,
    "PatientSex": re.compile(r"[MFO]"),
    "StudyDate": _DATE,
    "StudyTime": re.compile(r"[0-9]{2}([0-5][0-9]([0-5][0-9](\.[0-9]{1,6})?)?)?"),
    "StudyID": _TEXT,
    "AccessionNumber": _TEXT,
    "ReferringPhysicianName": _TEXT,
    "SOPInstanceUID": _UID,
    "SeriesInstanceUID": _UID,
    "StudyInstanceUID": _UID,
    "FrameOfReferenceUID": _UID,
}
"""By these an archive files the answer with its source."""

_ONE_FRAME = {uid.MRImageStorage, uid.CTImageStorage, uid.PositronEmissionTomographyImageStorage}
_MANY_FRAMES = {
    uid.EnhancedMRImageStorage,
    uid.EnhancedCTImageStorage,
    uid.EnhancedPETImageStorage,
    uid.LegacyConvertedEnhancedMRImageStorage,
    uid.LegacyConvertedEnhancedCTImageStorage,
    uid.LegacyConvertedEnhancedPETImageStorage,
}


def references(instances: Sequence[Dataset], places: Sequence[Place], step: float) -> tuple[Dataset, ...]:
    """For each instance what is repeated of it.

    places: of each instance; or, of the one that there is, those of its frames.
    step: mm from slice to slice. It stands as the thickness of a slice, since that is what a label's volume counts.
    """
    shape = _item(
        PixelSpacing=_decimals((places[0].spacing.row, places[0].spacing.column)), SliceThickness=_decimal(step)
    )
    turn = _item(ImageOrientationPatient=_decimals((*places[0].across, *places[0].down)))
    positions = [_item(ImagePositionPatient=_decimals(place.position)) for place in places]
    if len(instances) == len(places):
        return tuple(
            _reference(instance, _ONE_FRAME, shape, turn, position)
            for instance, position in zip(instances, positions, strict=True)
        )
    shared = _item(PixelMeasuresSequence=[shape], PlaneOrientationSequence=[turn])
    own = [_item(PlanePositionSequence=[position]) for position in positions]
    groups = _item(
        NumberOfFrames=len(places), SharedFunctionalGroupsSequence=[shared], PerFrameFunctionalGroupsSequence=own
    )
    return tuple(_reference(instance, _MANY_FRAMES, groups) for instance in instances)


def _reference(instance: Dataset, classes: set[uid.UID], *where: Dataset) -> Dataset:
    texts = {keyword: text_of(instance, keyword) for keyword in _REPEATED}
    made = _item(**{keyword: text if _REPEATED[keyword].fullmatch(text) else "" for keyword, text in texts.items()})
    class_ = text_of(instance, "SOPClassUID")
    made.SOPClassUID = class_ if class_ in classes else ""
    made.SpecificCharacterSet = "ISO_IR 192"  # UTF-8, whatever the source has
    made.LossyImageCompression = "01" if text_of(instance, "LossyImageCompression") == "01" else "00"
    made.Rows, made.Columns = whole_of(instance, "Rows", 0), whole_of(instance, "Columns", 0)
    for item in where:
        made.update(item)
    return made


def _item(**elements: object) -> Dataset:
    made = Dataset()
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def _decimals(numbers: Iterable[float]) -> list[object]:
    return [_decimal(number) for number in numbers]


def _decimal(number: float) -> object:
    """In the 16 characters that DICOM has for it."""
    return DS(float(number), auto_format=True)
