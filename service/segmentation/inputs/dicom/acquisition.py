"""What a DICOM file says of how the scan was made."""

from service.segmentation.inputs.dicom.file import text_of
from service.segmentation.inputs.dicom.place import Groups, find
from service.segmentation.inputs.volume import Acquisition, Weighting
from service.segmentation.inputs.warning import ImageWarning

_MODALITIES = {"MR", "CT", "PT", "NM", "US", "CR", "DX", "MG", "XA", "RF", "OT", "SC", "SM", "OP", "ES"}
_NAMED: dict[str, Weighting] = {
    "T1": "T1",
    "T2": "T2",
    "FLUID_ATTENUATED": "FLAIR",
    "PROTON_DENSITY": "PD",
    "DIFFUSION": "diffusion",
}
"""Acquisition Contrast of an enhanced image (PS3.3, section C.8.13.3.1)."""
_LONG_ECHO, _SHORT_ECHO = 60.0, 30.0
_LONG_INVERSION = 1500.0
_LONG_REPETITION = 1500.0
"""Milliseconds."""

NOT_MR = ImageWarning("not_mr", "The scan is of another modality than MR; models for MR do not know it.")


def acquisition_of(groups: Groups) -> Acquisition:
    """From the attributes of a slice; text that is not in a list of DICOM's own is not repeated."""
    modality = next((text for group in groups if (text := text_of(group, "Modality")) in _MODALITIES), None)
    agent = any(text_of(group, "ContrastBolusAgent").strip() not in {"", "NONE", "None", "none"} for group in groups)
    return Acquisition(modality, _weighting(groups) if modality in {"MR", None} else None, True if agent else None)


def _weighting(groups: Groups) -> Weighting | None:
    """From the name if there is one, else from the times, as textbooks have them."""
    for group in groups:
        if named := _NAMED.get(text_of(group, "AcquisitionContrast")):
            return named
    (echo,) = find(groups, "EchoTime", 1) or (None,)
    (repetition,) = find(groups, "RepetitionTime", 1) or (None,)
    (inversion,) = find(groups, "InversionTime", 1) or (0.0,)
    if echo is None:
        return None
    if echo >= _LONG_ECHO:
        return "FLAIR" if inversion >= _LONG_INVERSION else "T2"
    if echo > _SHORT_ECHO or repetition is None:
        return None
    gradient = any("GR" in text_of(group, "ScanningSequence").split("\\") for group in groups)
    if gradient or inversion > 0 or repetition < _LONG_REPETITION:
        return "T1"
    return "PD"
