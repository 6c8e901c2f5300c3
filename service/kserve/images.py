"""The images of a request: files as BYTES, or pixels as UINT8 of shape [N, height, width, 3]."""

import math
import struct
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray
from zlib_ng import zlib_ng

from service.kserve.documents import Inference, Input
from service.kserve.errors import BadInference
from service.segmentation.outputs.png import SIGNATURE, chunk

T = TypeVar("T")

IMAGE = "image"
MOST = 16
"""Images of one request. They are segmented one after the other, in one slot."""
MOST_TEXTS = 1000
"""Keys, names and images in the JSON of a request. Each costs time on the event loop, and 20 MiB hold millions."""
LENGTH = struct.Struct("<I")
"""Before each element of a binary tensor of BYTES."""
RGB = 2
LONGEST = 2**31
"""PNG's own limit."""
LISTED = 8
"""Bytes of a number in a list; the numbers themselves are shared."""
SIZE = "binary_data_size"


class Images(Protocol):
    """The images of a request, before they are read."""

    @property
    def heads(self) -> Sequence[bytes]:
        """Of each image's file, at least its header."""

    @property
    def memory(self) -> int:
        """Bytes that `files` takes."""

    def files(self) -> Sequence[bytes]:
        """The image files. Raises BadInference."""


@dataclass(frozen=True)
class Files:
    """Images that came as files."""

    heads: Sequence[bytes]
    memory: int = 0

    def files(self) -> Sequence[bytes]:
        return self.heads


@dataclass(frozen=True)
class Pixels:
    """Images that came as pixels, [N, height, width, 3], binary or listed as JSON. Each becomes a PNG: so what holds
    for files holds for them."""

    shape: tuple[int, ...]
    data: bytes | msgspec.Raw

    @property
    def heads(self) -> Sequence[bytes]:
        number, height, width, _ = self.shape
        return [head(width, height)] * number

    @property
    def memory(self) -> int:
        written, listed = (0, 0) if isinstance(self.data, bytes) else (memoryview(self.data).nbytes, 1 + LISTED)
        return (3 + listed) * math.prod(self.shape) + 2 * written

    def files(self) -> Sequence[bytes]:
        data = self.data if isinstance(self.data, bytes) else numbers(self.data, math.prod(self.shape))
        return [stored(image) for image in np.frombuffer(data, np.uint8).reshape(self.shape)]


def head(width: int, height: int) -> bytes:
    """The beginning of a PNG of RGB pixels (W3C, Portable Network Graphics, third edition)."""
    return SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, RGB, 0, 0, 0))


def stored(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG of RGB pixels [height, width, 3] that is not compressed: it is read once, here."""
    height, width, _ = pixels.shape
    lines = np.zeros((height, 1 + 3 * width), np.uint8)
    lines[:, 1:] = pixels.reshape(height, -1)
    return b"".join((head(width, height), chunk(b"IDAT", zlib_ng.compress(lines.data, 0)), chunk(b"IEND", b"")))


def read(body: bytes, json_size: int | None) -> tuple[Inference, Images]:
    """A request without its inputs, and its images, which alone keep of the body what they need. The first `json_size`
    bytes of the body are JSON; None: all of it is; 0: it is an image file. Raises BadInference."""
    if json_size == 0:
        return Inference(()), Files([body])
    document, binary = (body, b"") if json_size is None else (body[:json_size], body[json_size:])
    if json_size is not None and len(document) < json_size:
        raise BadInference(f"Inference-Header-Content-Length is {json_size}, and the body has {len(body)} bytes.")
    if document.count(b'"') > 2 * MOST_TEXTS:
        raise BadInference(f"The JSON has more than {MOST_TEXTS} texts, which no request of 1 to {MOST} images needs.")
    try:
        inference = msgspec.json.decode(document, type=Inference)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInference(f"The body is not an inference request: {error}.") from error
    except RecursionError as error:
        raise BadInference("The JSON of the body is nested too deeply.") from error
    if len(inference.inputs) != 1 or inference.inputs[0].name != IMAGE:
        raise BadInference(f"A request has one input, called {IMAGE!r}.")
    return msgspec.structs.replace(inference, inputs=()), images_of(inference.inputs[0], binary)


def images_of(tensor: Input, binary: bytes) -> Images:
    """The images in a tensor, whose data are in it or in `binary`."""
    size = tensor.parameters.get(SIZE)
    if (size is None) == (tensor.data is msgspec.UNSET):
        raise BadInference(f"The input {IMAGE!r} has either `data` or the parameter {SIZE!r}.")
    if (size or 0) != len(binary):
        raise BadInference(f"The parameter {SIZE!r} is {size or 0}, and {len(binary)} bytes follow the JSON.")
    data = binary if tensor.data is msgspec.UNSET else tensor.data
    match tensor.datatype, tensor.shape:
        case "BYTES", (number,) | (number, 1):
            check_number(number)
            return Files(elements(data, number) if isinstance(data, bytes) else texts(data, number))
        case "UINT8", (number, height, width, 3) if 0 < height < LONGEST and 0 < width < LONGEST:
            check_number(number)
            if isinstance(data, bytes) and len(data) != math.prod(tensor.shape):
                raise BadInference(f"The shape of {IMAGE!r} needs {math.prod(tensor.shape)} bytes, not {len(data)}.")
            return Pixels(tensor.shape, data)
    raise BadInference(
        f"The input {IMAGE!r} is BYTES of shape [N], JPEG, PNG or WebP files, or UINT8 of shape [N, height, width, 3]."
    )


def check_number(number: int) -> None:
    if not 1 <= number <= MOST:
        raise BadInference(f"A request has 1 to {MOST} images; send more in further requests.")


def elements(data: bytes, number: int) -> list[bytes]:
    """So many elements of a binary tensor of BYTES: each after its length, four bytes, the lowest first. Raises
    BadInference."""
    found: list[bytes] = []
    at = 0
    while at < len(data) and len(found) < number:
        start = at + LENGTH.size
        at = start + (LENGTH.unpack_from(data, at)[0] if start <= len(data) else len(data))
        found.append(data[start:at])
    if at != len(data) or len(found) < number:
        raise BadInference(
            f"The binary data of {IMAGE!r} must be {number} elements, each after its length, and nothing else."
        )
    return found


def texts(data: msgspec.Raw, number: int) -> list[bytes]:
    """So many elements of BYTES in JSON, which knows text only: base64 (RFC 4648). Raises BadInference."""
    try:
        return [b64decode(text, validate=True) for text in listed(data, number, str)]
    except (msgspec.DecodeError, ValueError) as error:
        raise BadInference(
            f"The data of {IMAGE!r} must be a list of files in base64; the binary extension is faster."
        ) from error


def numbers(data: msgspec.Raw, number: int) -> bytes:
    """So many elements of UINT8 in JSON. Raises BadInference."""
    try:
        return bytes(listed(data, number, int))
    except (msgspec.DecodeError, ValueError) as error:
        raise BadInference(f"The data of {IMAGE!r} must be whole numbers from 0 to 255.") from error


def listed(data: msgspec.Raw, number: int, kind: type[T]) -> list[T]:
    """The elements of a list, or of lists in lists. They have one comma less than there are elements, which is counted
    before they are read: as objects they take thirty times the memory of `[],[],`. Raises BadInference."""
    flat = bytes(data).translate(None, b"[] \t\r\n")
    found = flat.count(b",") + bool(flat)
    if found != number:
        raise BadInference(f"The shape of {IMAGE!r} says {number} elements, and its data have {found}.")
    return msgspec.json.decode(b"[%b]" % flat, type=list[kind])  # type: ignore[valid-type]
