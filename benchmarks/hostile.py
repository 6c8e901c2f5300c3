"""Hostile and broken requests, each made at random from an honest image."""

import struct
import zlib
from collections.abc import Callable
from random import Random

from benchmarks.wire import form, head, post
from service.segmentation.outputs.png import SIGNATURE, chunk

SIGNATURES = (b"", b"\xff\xd8\xff", SIGNATURE, b"RIFF\0\0\0\0WEBP")
KIND = "image/jpeg"


def truncated(draw: Random, image: bytes) -> bytes:
    return post("/segment", image[: draw.randrange(1, len(image))], KIND)


def flipped(draw: Random, image: bytes) -> bytes:
    """A few flipped bits."""
    damaged = bytearray(image)
    for _ in range(draw.randint(1, 20)):
        damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
    return post("/segment", bytes(damaged), KIND)


def garbage(draw: Random, image: bytes) -> bytes:
    return post("/segment", draw.choice(SIGNATURES) + draw.randbytes(len(image)), KIND)


def empty(_: Random, __: bytes) -> bytes:
    return post("/segment", b"", KIND)


def vast(_: Random, __: bytes) -> bytes:
    """A header that claims 3,600 megapixels."""
    return post("/segment", png(60_000, 60_000, b""), KIND)


def flat(_: Random, __: bytes) -> bytes:
    """Six kilobytes with 49 megapixels, just under the limit."""
    return post("/segment", png(7_000, 7_000, zlib.compress(bytes(7_000 * (1 + 7_000 // 8)))), KIND)


def wordy(_: Random, __: bytes) -> bytes:
    """A compressed comment: 20 kB that become 20 MB."""
    comment = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(20_000_000)))
    return post("/segment", png(64, 64, zlib.compress(bytes(64 * 9)), comment), KIND)


def many_headers(_: Random, image: bytes) -> bytes:
    return head("POST /segment", *(f"X-{number}: {number}" for number in range(10_000))) + image


def no_http(draw: Random, _: bytes) -> bytes:
    return draw.randbytes(200) + b"\r\n\r\n"


def announced(draw: Random, image: bytes) -> bytes:
    """A declared body of which only the first bytes arrive."""
    return (
        head("POST /segment", f"Content-Type: {KIND}", f"Content-Length: {len(image)}") + image[: draw.randrange(100)]
    )


def form_without_boundary(_: Random, image: bytes) -> bytes:
    return post("/segment", form(image, "here")[0], "multipart/form-data")


def form_of_another_boundary(_: Random, image: bytes) -> bytes:
    return post("/segment", form(image, "here")[0], "multipart/form-data; boundary=there")


def form_cut_short(draw: Random, image: bytes) -> bytes:
    body, kind = form(image, "here")
    return post("/segment", body[: draw.randrange(len(body))], kind)


def form_of_another_field(_: Random, image: bytes) -> bytes:
    return post("/segment", *form(image, "here", "x" * 2000))


def form_of_two(_: Random, image: bytes) -> bytes:
    body, kind = form(image, "here")
    return post("/segment", body.removesuffix(b"--\r\n") + b"\r\n" + body, kind)


def misspelt(_: Random, image: bytes) -> bytes:
    return post("/segment?heetmap=road", image, KIND)


def unacceptable(_: Random, image: bytes) -> bytes:
    return post("/segment", image, KIND, "text/html")


def png(width: int, height: int, data: bytes, *chunks: bytes) -> bytes:
    """A grey PNG of one bit per pixel."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"".join((SIGNATURE, header, *chunks, chunk(b"IDAT", data), chunk(b"IEND", b"")))


WAYS: tuple[Callable[[Random, bytes], bytes], ...] = (
    truncated,
    flipped,
    garbage,
    empty,
    vast,
    flat,
    wordy,
    many_headers,
    no_http,
    announced,
    form_without_boundary,
    form_of_another_boundary,
    form_cut_short,
    form_of_another_field,
    form_of_two,
    misspelt,
    unacceptable,
)
