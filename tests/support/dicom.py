"""DICOM files: a slice or a series of a small head, in every transfer syntax that is read."""

import io
import struct
from collections.abc import Callable
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt
from pydicom import Dataset, Sequence, uid
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate

SHAPE = (24, 32)
SPACING = (0.9, 0.7)  # row, column
MARK = "SECRET^MARKER"
SERIES = "1.2.3.4"
BASELINE = uid.JPEGBaseline8Bit
AXIAL = (1, 0, 0, 0, 1, 0)
Pixels = npt.NDArray[Any]


def pattern(shape: tuple[int, int] = SHAPE, number: int = 0) -> Pixels:
    """uint16 [rows, columns], 0..4000, unlike its mirror images."""
    row, column = np.indices(shape)
    values: Pixels = ((row * 97 + column * 53 + row * column + number * 11) % 4001).astype(np.uint16)
    return values


def dataset(pixels: Pixels, syntax: uid.UID = uid.ExplicitVRLittleEndian, **elements: Any) -> Dataset:
    """An MR image of one frame, or of several where `pixels` has three axes."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = syntax
    made.SOPClassUID, made.SOPInstanceUID = uid.MRImageStorage, uid.generate_uid()
    made.SeriesInstanceUID, made.StudyInstanceUID, made.FrameOfReferenceUID = SERIES, "1.2.3", "1.2.3.5"
    made.PatientName, made.PatientID, made.Modality = MARK, MARK, "MR"
    made.Rows, made.Columns = pixels.shape[-2:]
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated = 8 * pixels.dtype.itemsize
    made.BitsStored = elements.get("BitsStored", made.BitsAllocated)
    made.HighBit, made.PixelRepresentation = made.BitsStored - 1, int(pixels.dtype.kind == "i")
    made.PixelSpacing = list(SPACING)
    made.ImagePositionPatient, made.ImageOrientationPatient = [0, 0, 0], list(AXIAL)
    if pixels.ndim == 3:
        made.NumberOfFrames = len(pixels)
    frames = pixels[np.newaxis] if pixels.ndim == 2 else pixels
    if syntax in ENCODERS:
        made.PixelData = encapsulate([bytes(ENCODERS[syntax](frame)) for frame in frames])
    else:
        big = syntax == uid.ExplicitVRBigEndian
        made.PixelData = pixels.astype(pixels.dtype.newbyteorder(">" if big else "<")).tobytes()
    made["PixelData"].VR = "OB" if syntax in ENCODERS else "OW"
    for keyword, value in elements.items():
        if value is None:
            delattr(made, keyword)
        else:
            setattr(made, keyword, value)
    return made


def saved(made: Dataset) -> bytes:
    """The data set as a file."""
    file = io.BytesIO()
    made.save_as(file, enforce_file_format=True)
    return file.getvalue()


def dicom(pixels: Pixels | None = None, syntax: uid.UID = uid.ExplicitVRLittleEndian, **elements: Any) -> bytes:
    """A DICOM file; see `dataset`."""
    return saved(dataset(pattern() if pixels is None else pixels, syntax, **elements))


def rle(frame: Pixels) -> bytes:
    """PS3.5, annex G: a header of 64 bytes, then the planes of bytes, the highest first."""
    bytes_ = frame.astype(frame.dtype.newbyteorder(">")).view(np.uint8).reshape(*frame.shape, -1)
    planes = [imagecodecs.packbits_encode(np.ascontiguousarray(bytes_[..., n])) for n in range(bytes_.shape[-1])]
    planes = [plane + b"\0" * (len(plane) % 2) for plane in planes]
    starts = [64 + sum(map(len, planes[:n])) for n in range(len(planes))]
    return struct.pack("<16I", len(planes), *starts, *[0] * (15 - len(planes))) + b"".join(planes)


ENCODERS: dict[uid.UID, Callable[[Pixels], bytes | bytearray]] = {
    BASELINE: lambda frame: imagecodecs.jpeg8_encode(frame, level=100),
    uid.JPEGExtended12Bit: lambda frame: imagecodecs.jpeg8_encode(frame, level=100, bitspersample=12),
    uid.JPEGLossless: lambda frame: imagecodecs.jpeg8_encode(frame, lossless=True, bitspersample=12, predictor=4),
    uid.JPEGLosslessSV1: lambda frame: imagecodecs.jpeg8_encode(frame, lossless=True, bitspersample=12),
    uid.JPEGLSLossless: imagecodecs.jpegls_encode,
    uid.JPEGLSNearLossless: lambda frame: imagecodecs.jpegls_encode(frame, level=1),
    uid.JPEG2000Lossless: lambda frame: imagecodecs.jpeg2k_encode(frame, codecformat="j2k", reversible=True),
    uid.JPEG2000: lambda frame: imagecodecs.jpeg2k_encode(frame, codecformat="j2k", level=70),
    uid.RLELossless: rle,
}
PLAIN = (
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.DeflatedExplicitVRLittleEndian,
)


def series(count: int = 5, step: float = 3.0, **elements: Any) -> list[bytes]:
    """So many axial slices, from the feet upwards."""
    return [
        dicom(pattern(number=number), ImagePositionPatient=[-10, -20, step * number], **elements)
        for number in range(count)
    ]


def enhanced(count: int = 5, step: float = 3.0, **elements: Any) -> bytes:
    """An enhanced MR image of so many frames, stored from the head downwards."""

    def group(**elements: Any) -> Dataset:
        made = Dataset()
        for keyword, value in elements.items():
            setattr(made, keyword, value)
        return made

    def within(keyword: str, **elements: Any) -> Dataset:
        return group(**{keyword: Sequence([group(**elements)])})

    made = dataset(
        np.stack([pattern(number=number) for number in reversed(range(count))]),
        ImagePositionPatient=None,
        ImageOrientationPatient=None,
        PixelSpacing=None,
        **{"SOPClassUID": uid.EnhancedMRImageStorage} | elements,
    )
    shared = within("PlaneOrientationSequence", ImageOrientationPatient=list(AXIAL))
    shared.PixelMeasuresSequence = Sequence([group(PixelSpacing=list(SPACING), SliceThickness=step)])
    made.SharedFunctionalGroupsSequence = Sequence([shared])
    made.PerFrameFunctionalGroupsSequence = Sequence(
        [
            within("PlanePositionSequence", ImagePositionPatient=[-10, -20, step * number])
            for number in reversed(range(count))
        ]
    )
    return saved(made)


def valid_dicoms() -> dict[str, bytes]:
    """A file of one frame of every kind that is accepted."""
    twelve = {syntax.name: dicom(syntax=syntax, BitsStored=12) for syntax in (*PLAIN, *ENCODERS) if syntax != BASELINE}
    return twelve | {BASELINE.name: dicom((pattern() // 16).astype(np.uint8), BASELINE)}
