"""Hostile images, and harmless ones that look hostile, each with its allowed statuses."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from PIL import Image, PngImagePlugin

from tests.support import anatomy, colours
from tests.support.anatomy import END, GREY, GREY_ALPHA, RGBA, SIGNATURE, header, interlaced, pixels, png, segment
from tests.support.mutations import valid
from tests.support.pictures import encoded, in_mode, oriented, quarters

MAX_MEGAPIXELS = 10
"""What the service that these are sent to should take."""
SIDE = 3_160
"""Of the largest square of so many."""

OK, TOO_LARGE, UNKNOWN, DAMAGED = frozenset({200}), frozenset({413}), frozenset({415}), frozenset({422})
ANY = OK | TOO_LARGE | UNKNOWN | DAMAGED
MIB = 2**20


@dataclass(frozen=True)
class Hostile:
    name: str
    data: bytes
    statuses: frozenset[int]
    content_type: str = "image/png"


def png_bombs() -> Iterator[Hostile]:
    """Files of few bytes that claim or unpack to much."""
    for width, height in ((65_535, 65_535), (2**31 - 1, 2**31 - 1), (50_000, 201)):
        claim = png(header(width, height), (b"IDAT", b""), END)
        yield Hostile(f"PNG that claims {width} x {height}", claim, TOO_LARGE)
    nothing = png(header(0, 0), (b"IDAT", b""), END)
    yield Hostile("PNG of no pixels", nothing, DAMAGED)
    yield Hostile("PNG of a row too long", png(header(9_000_000, 1), pixels(9_000_000, 1), END), TOO_LARGE)
    yield Hostile("PNG of rows too many", png(header(1, 100_000), pixels(1, 100_000), END), TOO_LARGE)
    yield Hostile("PNG of the most pixels", png(header(SIDE, SIDE), pixels(SIDE, SIDE), END), OK)
    slow = png(header(SIDE, SIDE, 16, RGBA, interlaced=True), interlaced(SIDE, SIDE, 8), END)
    yield Hostile("PNG of the most bytes a pixel, interlaced", slow, OK)
    small = encoded(quarters())
    text, noise = zlib.compress(bytes(MIB - 1), 9), zlib.compress(b"\xff" * (MIB - 1), 9)
    for kind, payload in (
        (b"zTXt", b"\0\0" + text),
        (b"iTXt", b"key\0\1\0\0\0" + noise),
        (b"iCCP", b"name\0\0" + text),
        (b"zTXt", b"key\0\0" + zlib.compress(bytes(8 * MIB), 9)),
    ):
        many = anatomy.with_chunks(small, *[(kind, payload)] * 500)
        yield Hostile(f"PNG with 500 times {kind.decode()}, {len(payload)} bytes", many, OK)
    for kind in (b"IDAT", b"abCd"):
        pieces = png(header(1, 1), *[(kind, b"")] * 30_000, pixels(1, 1), END)
        yield Hostile(f"PNG in 30,000 pieces of {kind.decode()}", pieces, DAMAGED)


def jpeg_bombs() -> Iterator[Hostile]:
    def jpeg(name: str, data: bytes, statuses: frozenset[int]) -> Hostile:
        return Hostile(f"JPEG {name}", data, statuses, "image/jpeg")

    small = encoded(quarters(), "JPEG")
    size = struct.pack(">HH", 64, 96)
    yield jpeg("that claims 65535 x 65535", small.replace(size, b"\xff" * 4), TOO_LARGE)
    yield jpeg("that claims no pixels", small.replace(size, bytes(4)), DAMAGED)
    yield jpeg("whose pixels are not there", small.replace(size, struct.pack(">HH", SIDE, SIDE)), OK | DAMAGED)
    large = encoded(Image.new("RGB", (SIDE, SIDE)), "JPEG", progressive=True)
    start, scans = anatomy.scans(large)
    yield jpeg("of the most pixels", large, OK)
    yield jpeg("of a thousand scans", start + b"".join(scans) + scans[-1] * 1000 + b"\xff\xd9", TOO_LARGE)
    empty = segment(0xDA, bytes((1, 1, 0, 1, 63, 0x10)))  # the last bit of all but the first coefficients
    yield jpeg("of a thousand empty scans", start + b"".join(scans) + empty * 1000 + b"\xff\xd9", TOO_LARGE)
    start, scans = anatomy.scans(encoded(quarters(), "JPEG", progressive=True))
    yield jpeg("small, of a hundred scans", start + b"".join(scans) + scans[-1] * 90 + b"\xff\xd9", OK)
    block = anatomy.exif(*((1000 + tag, 7, 10**6 + tag, 8) for tag in range(5000)))
    yield jpeg("with EXIF of 5,000 entries, all damaged", anatomy.with_segments(small, segment(0xE1, block)), OK)
    piece = segment(0xE1, b"Exif\0\0" + bytes(300))
    yield jpeg("with EXIF in 15,000 pieces", anatomy.with_segments(small, *[piece] * 15_000), OK)
    comments = anatomy.with_segments(small, *[segment(0xFE, b"")] * 30_000)
    yield jpeg("with 30,000 comments", comments, DAMAGED)
    for name, filling in (("filled up", b"\xff"), ("with junk", b"\xff\0"), ("with restarts", b"\xff\xd0")):
        yield jpeg(f"{name}, 2 MiB", small[:20] + filling * (2 * MIB // len(filling)) + small[20:], OK)


def webp_bombs() -> Iterator[Hostile]:
    def webp(name: str, data: bytes, statuses: frozenset[int]) -> Hostile:
        return Hostile(f"WebP {name}", data, statuses, "image/webp")

    bits = encoded(Image.new("RGB", (8, 8)), "WEBP", lossless=True)[12:]
    seven = (7).to_bytes(3, "little")
    frame = (b"ANMF", bytes(6) + seven + seven + bytes(4) + bits)
    for width, height in ((16_383, 16_383), (65_535, 65_535), (2**24, 255)):
        claim = anatomy.webp(anatomy.canvas(width, height, 2), (b"ANIM", bytes(6)), frame)
        yield webp(f"that claims {width} x {height}", claim, TOO_LARGE | DAMAGED)
    large = anatomy.webp(anatomy.canvas(SIDE, SIDE, 2), (b"ANIM", bytes(6)), frame)
    yield webp("of the most pixels around a small frame", large, OK)
    claim = bits[:9] + b"\xff" * 4 + bits[13:]
    yield webp("that is larger than it says", anatomy.webp((b"VP8L", claim[8:])), TOO_LARGE | DAMAGED)
    frames = anatomy.webp(anatomy.canvas(8, 8, 2), (b"ANIM", bytes(6)), *[frame] * 20_000)
    yield webp("of 20,000 frames", frames, OK)


def truncations() -> Iterator[Hostile]:
    for name, data in valid().items():
        for kept in (1, 2, 3, 4, 8, 11, 12, 13, 16, 20, 21, 30, 33, 41, 100):
            yield Hostile(f"{name} cut to {kept} bytes", data[:kept], UNKNOWN | DAMAGED)
        for share in (0.5, 0.9):
            yield Hostile(f"{name} cut to {share:.0%}", data[: int(share * len(data))], OK | DAMAGED)
        for lost in (1, 2, 12, 13):
            yield Hostile(f"{name} without its last {lost} bytes", data[:-lost], OK | DAMAGED)


def flips(seed: int = 0) -> Iterator[Hostile]:
    chance = Random(seed)
    for name, data in valid().items():
        for _ in range(5):
            at, bit = chance.randrange(len(data)), chance.randrange(8)
            flipped = data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
            yield Hostile(f"{name}, bit {bit} of byte {at} flipped", flipped, ANY)


def disguises(seed: int = 0) -> Iterator[Hostile]:
    """Other files that are called images, or glued to one."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("../../evil.txt", bytes(1000))
    others = {
        kind: encoded(quarters(), kind) for kind in ("GIF", "BMP", "TIFF", "AVIF", "ICO", "PPM", "JPEG2000", "TGA")
    }
    others |= {
        "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        "HTML": b"<html><script>alert(1)</script></html>",
        "PDF": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n",
        "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file\n",
        "ZIP": archive.getvalue(),
        "noise": Random(seed).randbytes(5000),
        "zeros": bytes(5000),
    }
    jpeg, picture = encoded(quarters(), "JPEG"), encoded(quarters())
    for name, other in others.items():
        yield Hostile(f"{name} called PNG", other, UNKNOWN)
        yield Hostile(f"{name} called JPEG", other, UNKNOWN, "image/jpeg")
        yield Hostile(f"{name} behind the signature of a PNG", SIGNATURE + other, DAMAGED)
        yield Hostile(f"{name} behind the first bytes of a PNG", picture[:33] + other, DAMAGED)
        yield Hostile(f"{name} behind the first bytes of a JPEG", jpeg[:20] + other, DAMAGED, "image/jpeg")
        yield Hostile(f"{name} behind the first bytes of a WebP", b"RIFF\xff\0\0\0WEBP" + other, DAMAGED)
        yield Hostile(f"{name} behind a PNG", picture + other, OK)
        yield Hostile(f"{name} behind a JPEG", jpeg + other, OK, "image/jpeg")
        yield Hostile(f"PNG behind {name}", other + picture, UNKNOWN)
    yield Hostile("JPEG called PNG", jpeg, OK)
    yield Hostile("PNG called JPEG", picture, OK, "image/jpeg")
    yield Hostile("JPEG with a script for a comment", anatomy.with_segments(jpeg, segment(0xFE, b"<?php ?>")), OK)


def oddities() -> Iterator[Hostile]:
    """Valid, however rare."""
    for orientation in (None, *range(10), 60_000):
        yield Hostile(f"JPEG of orientation {orientation}", oriented(orientation), OK, "image/jpeg")
    picture = quarters()
    for mode in ("1", "L", "CMYK", "YCbCr"):
        yield Hostile(f"JPEG of {mode}", encoded(picture.convert(mode), "JPEG"), OK, "image/jpeg")
    plain = encoded(picture, "JPEG")
    # Adobe's marker says YCCK where its last byte is 2.
    ycck = encoded(picture.convert("CMYK"), "JPEG").replace(b"Adobe\0d\0\0\0\0\0", b"Adobe\0d\0\0\0\0\2")
    longest = Image.new("RGB", (65_500, 1))
    for name, data in {
        "YCCK": ycck,
        "progressive": encoded(picture, "JPEG", progressive=True),
        "with restart markers": encoded(picture, "JPEG", restart_marker_blocks=1),
        "longest": encoded(longest, "JPEG"),
        "tallest": encoded(longest.transpose(Image.Transpose.ROTATE_90), "JPEG"),
        "with bytes behind it": plain + b"bytes" * 100,
        "with broken EXIF": anatomy.with_segments(plain, segment(0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff")),
        "with a broken colour profile": anatomy.with_segments(plain, segment(0xE2, b"ICC_PROFILE\0\1\1junk")),
        "with a broken index of pictures": anatomy.with_segments(plain, segment(0xE2, b"MPF\0II*\0\x08\0\0\0\xff\xff")),
    }.items():
        yield Hostile(f"JPEG {name}", data, OK, "image/jpeg")
    for name, data in {"lossy": valid()["lossy.webp"], "animated": valid()["animated.webp"]}.items():
        yield Hostile(f"WebP {name}", data, OK, "image/webp")


def odd_pngs() -> Iterator[Hostile]:
    picture, width, height = quarters(), colours.WIDTH, colours.HEIGHT
    info = PngImagePlugin.PngInfo()
    info.add_text("comment", "words", zip=True)
    frames = [picture.rotate(turn) for turn in (90, 180)]
    plain = encoded(picture)
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        yield Hostile(f"PNG of {mode}", encoded(in_mode(mode)), OK)
    for name, data in {
        "of one pixel": encoded(Image.new("RGB", (1, 1))),
        "very wide": encoded(Image.new("RGB", (65_535, 1))),
        "very tall": encoded(Image.new("RGB", (1, 65_535))),
        "with a transparent colour": encoded(picture.quantize(8), transparency=0),
        "grey with alpha, 16 bits, interlaced": png(
            header(width, height, 16, GREY_ALPHA, interlaced=True), interlaced(width, height, 4), END
        ),
        "colour, 16 bits": png(header(width, height, 16), pixels(width, height, 6), END),
        "that moves": encoded(picture, save_all=True, append_images=frames),
        "that moves, after a picture of its own": encoded(
            picture, save_all=True, append_images=frames, default_image=True
        ),
        "with text": encoded(picture, pnginfo=info),
        "with a broken colour profile": anatomy.with_chunks(plain, (b"iCCP", b"x\0\0junk")),
        "with broken EXIF": anatomy.with_chunks(plain, (b"eXIf", b"MM\0*\xff\xff\xff\xff")),
        "in pieces of a byte": plain[:33] + pieces(plain) + png(END)[8:],
        "without its end": plain[:-12],
    }.items():
        yield Hostile(f"PNG {name}", data, OK)
    black = png(header(width, height, 16, GREY), pixels(width, height, 2), END)
    yield Hostile("PNG of 16-bit grey that is black", black, DAMAGED)


def pieces(file: bytes) -> bytes:
    """The pixels of a PNG that Pillow wrote, a byte a chunk."""
    length = int.from_bytes(file[33:37])
    return png(*((b"IDAT", file[at : at + 1]) for at in range(41, 41 + length)))[8:]


KINDS = (png_bombs, jpeg_bombs, webp_bombs, truncations, flips, disguises, oddities, odd_pngs)
