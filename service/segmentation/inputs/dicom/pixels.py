"""The stored values of a DICOM instance: size checked before anything is decoded, then frame by frame."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.encaps import generate_frames

from service.segmentation.errors import DamagedImage, ImageError, ImageTooLarge, UnsupportedFormat, UnusableScan
from service.segmentation.inputs.dicom.codestream import inspect
from service.segmentation.inputs.dicom.file import damaged, element, text_of, whole_of

Stored = NDArray[Any]
"""[rows, columns] of 8, 16 or 32 bits, signed or not."""

MOST_FRAMES = 4096

RLE = "1.2.840.10008.1.2.5"
NATIVE = {"1.2.840.10008.1.2": "<", "1.2.840.10008.1.2.1": "<", "1.2.840.10008.1.2.2": ">"}
"""Transfer syntaxes without compression (a deflated file has become one), and their byte orders."""


def _jpeg_ls(data: bytes) -> Stored:
    """With an end marker behind it: where data are missing, the decoder would look for one forever."""
    decoded: Stored = imagecodecs.jpegls_decode(data + b"\xff\xd9")
    return decoded


COMPRESSED: dict[str, tuple[str, Callable[[bytes], Stored]]] = {
    "1.2.840.10008.1.2.4.50": ("DCT", imagecodecs.jpeg8_decode),
    "1.2.840.10008.1.2.4.51": ("DCT", imagecodecs.jpeg8_decode),
    "1.2.840.10008.1.2.4.57": ("lossless", imagecodecs.jpeg8_decode),
    "1.2.840.10008.1.2.4.70": ("lossless", imagecodecs.jpeg8_decode),
    "1.2.840.10008.1.2.4.80": ("JPEG-LS", _jpeg_ls),
    "1.2.840.10008.1.2.4.81": ("JPEG-LS", _jpeg_ls),
    "1.2.840.10008.1.2.4.90": ("JPEG 2000", imagecodecs.jpeg2k_decode),
    "1.2.840.10008.1.2.4.91": ("JPEG 2000", imagecodecs.jpeg2k_decode),
}
"""Transfer syntaxes (PS3.5, annex A.4): the kind of their codestreams, and what decodes these."""


@dataclass(frozen=True)
class Layout:
    """How the pixels of an instance are stored, from its header."""

    rows: int
    columns: int
    frames: int
    allocated: int
    stored: int
    signed: bool
    inverted: bool
    syntax: str

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of a stored value, in the file's byte order."""
        return np.dtype(f"{NATIVE.get(self.syntax, '<')}{'i' if self.signed else 'u'}{self.allocated // 8}")

    @property
    def frame_bytes(self) -> int:
        return self.rows * self.columns * self.allocated // 8


def layout_of(dataset: Dataset) -> Layout:
    """Raises UnusableScan unless it is a grey image, UnsupportedFormat for other compressions, DamagedImage."""
    if "PixelData" not in dataset:
        raise UnusableScan("The DICOM file has no image in it; send the instances that have pixels.")
    rows, columns = whole_of(dataset, "Rows", 0), whole_of(dataset, "Columns", 0)
    allocated = whole_of(dataset, "BitsAllocated", 0)
    stored = whole_of(dataset, "BitsStored", allocated)
    photometric = text_of(dataset, "PhotometricInterpretation") or "MONOCHROME2"
    if whole_of(dataset, "SamplesPerPixel", 1) != 1 or photometric not in {"MONOCHROME1", "MONOCHROME2"}:
        raise UnusableScan("The DICOM image is in colour, as of a screen; send the grey image of the scanner.")
    frames = whole_of(dataset, "NumberOfFrames", 1)
    if min(rows, columns, frames) < 1 or allocated not in {8, 16, 32} or not 1 <= stored <= allocated:
        raise DamagedImage(
            "The DICOM file is damaged: its header does not describe an image; export it again and resend."
        )
    syntax = str(getattr(dataset.file_meta, "TransferSyntaxUID", ""))
    if syntax not in NATIVE and syntax not in COMPRESSED and syntax != RLE:
        raise UnsupportedFormat(
            "The DICOM file has a compression that is not supported, such as video; "
            "export it uncompressed, as in: gdcmconv --raw in.dcm out.dcm"
        )
    signed = whole_of(dataset, "PixelRepresentation", 0) == 1
    return Layout(rows, columns, frames, allocated, stored, signed, photometric == "MONOCHROME1", syntax)


def check_size(layout: Layout, max_pixels: int) -> None:
    """Raises ImageTooLarge where an instance has more pixels, in all its frames, than are allowed."""
    pixels = layout.rows * layout.columns * layout.frames
    if pixels > max_pixels or layout.frames > MOST_FRAMES:
        raise ImageTooLarge(
            f"The DICOM image is {layout.columns} x {layout.rows} x {layout.frames} = {pixels / 1e6:.1f} megapixels, "
            f"but at most {max_pixels / 1e6:g} in {MOST_FRAMES} frames are allowed; send a smaller one."
        )


def frames_of(dataset: Dataset, layout: Layout) -> Iterator[Stored]:
    """The stored values [rows, columns] of each frame, MONOCHROME1 inverted. Raises DamagedImage; and MemoryError."""
    try:
        for frame in _native(dataset, layout) if layout.syntax in NATIVE else _compressed(dataset, layout):
            yield ~frame & _mask(frame, layout) if layout.inverted else frame
    except (ImageError, MemoryError):
        raise
    except Exception:  # damaged pixels raise anything, and the message may quote the file
        raise damaged() from None


def _mask(frame: Stored, layout: Layout) -> int:
    return -1 if np.issubdtype(frame.dtype, np.signedinteger) else 2**layout.stored - 1


def _native(dataset: Dataset, layout: Layout) -> Iterator[Stored]:
    data = element(dataset, "PixelData")
    if not isinstance(data, bytes) or len(data) < layout.frame_bytes * layout.frames:
        raise DamagedImage("The DICOM file is cut off: pixels are missing; export it again and resend.")
    shift = whole_of(dataset, "HighBit", layout.stored - 1) + 1 - layout.stored
    unsigned = np.dtype(layout.dtype.str.replace("i", "u"))
    for number in range(layout.frames):
        frame = np.frombuffer(data, unsigned, layout.rows * layout.columns, number * layout.frame_bytes)
        frame = frame.reshape(layout.rows, layout.columns).astype(unsigned.newbyteorder("="))
        yield _settled(frame >> shift if 0 < shift <= layout.allocated - layout.stored else frame, layout)


def _settled(frame: Stored, layout: Layout) -> Stored:
    """Without bits above those of the value, which may hold an overlay; negative where the sign bit is set."""
    spare = 8 * frame.dtype.itemsize - layout.stored
    if spare < 0 or np.issubdtype(frame.dtype, np.signedinteger):
        return frame
    high: Stored = frame << spare
    return (high.view(frame.dtype.str.replace("u", "i")) if layout.signed else high) >> spare


def _compressed(dataset: Dataset, layout: Layout) -> Iterator[Stored]:
    data = element(dataset, "PixelData")
    if not isinstance(data, bytes):
        raise damaged()
    count = 0
    for frame in generate_frames(data, number_of_frames=layout.frames):
        if count == layout.frames:
            break
        yield _settled(_rle(frame, layout) if layout.syntax == RLE else _decoded(frame, layout), layout)
        count += 1
    if count < layout.frames:
        raise DamagedImage("The DICOM file is cut off: frames are missing; export it again and resend.")


def _rle(frame: bytes, layout: Layout) -> Stored:
    """PS3.5, annex G."""
    if len(frame) > 64 + 2 * layout.frame_bytes:
        raise damaged()
    unsigned = np.dtype(f"u{layout.allocated // 8}")
    decoded: Stored = np.frombuffer(imagecodecs.dicomrle_decode(frame, unsigned.newbyteorder("<")), unsigned)
    return decoded.reshape(layout.rows, layout.columns)


def _decoded(frame: bytes, layout: Layout) -> Stored:
    """Raises DamagedImage where the frame has another size or kind than the header says, before it is decoded."""
    kind, decode = COMPRESSED[layout.syntax]
    found = inspect(frame)
    if found is None or (found.kind, found.rows, found.columns, found.components) != (
        kind,
        layout.rows,
        layout.columns,
        1,
    ):
        raise DamagedImage(
            "The DICOM file is damaged: its compressed pixels are of another kind or size; export it again."
        )
    if found.bits > 16:
        raise UnusableScan("The DICOM image has more than 16 bits a pixel; export it uncompressed.")
    decoded = decode(found.data)
    if decoded.shape != (layout.rows, layout.columns):
        raise damaged()
    return decoded
