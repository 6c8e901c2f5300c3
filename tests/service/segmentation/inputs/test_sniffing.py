"""What a file that is not accepted is called, by its first bytes."""

import base64
import gzip
import io
import json
import struct

import numpy as np
import pytest
from PIL import Image

from service.segmentation.errors import UnsupportedFormat
from service.segmentation.inputs.sniffing import sniff
from tests.support.pictures import encoded, quarters

JPEG, PNG = encoded(quarters(), "JPEG"), encoded(quarters())


def box(brand: bytes, *compatible: bytes) -> bytes:
    """The first box of an ISO base media file (ISO 14496-12)."""
    body = b"ftyp" + brand + bytes(4) + b"".join(compatible)
    return struct.pack(">I", 4 + len(body)) + body + bytes(100)


def nifti(order: str, magic: bytes, regular: bytes = b"\0") -> bytes:
    return struct.pack(f"{order}i", 348) + bytes(34) + regular + bytes(305) + magic + bytes(100)


def array() -> bytes:
    file = io.BytesIO()
    np.save(file, np.zeros((4, 4)))
    return file.getvalue()


KINDS = {
    "HEIC": [box(b"heic", b"mif1", b"heic"), box(b"mif1", b"heic"), box(b"hevc")],
    "AVIF": [encoded(quarters(), "AVIF"), box(b"avif"), box(b"mif1", b"miaf", b"avif")],
    "JPEG XL": [b"\xff\x0a" + bytes(20), b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(20)],
    "JPEG 2000": [encoded(quarters(), "JPEG2000"), encoded(quarters(), "JPEG2000", no_jp2=True)],
    "raw photo": [box(b"crx "), b"II*\0\x10\0\0\0CR\2\0", b"FUJIFILMCCD-RAW 0201"],
    "TIFF": [encoded(quarters(), "TIFF"), b"MM\0*" + bytes(20), b"II+\0" + bytes(20)],
    "BMP": [
        encoded(quarters(), "BMP"),
        encoded(quarters().convert("1"), "BMP"),
        encoded(quarters(), "DIB"),
        b"BM" + bytes(4) + b"made" + bytes((26, 0, 0, 0, 12, 0, 0, 0)),
    ],
    "GIF": [encoded(quarters(), "GIF"), b"GIF87a" + bytes(20)],
    "ICO": [encoded(quarters(), "ICO"), b"\0\0\2\0\1\0" + bytes(20)],
    "ICNS": [encoded(quarters(), "ICNS"), b"icns" + bytes(20)],
    "XCF": [b"gimp xcf v011\0", b"gimp xcf file\0"],
    "PSD": [b"8BPS\0\1" + bytes(20), b"8BPS\0\2" + bytes(20)],
    "PNM": [encoded(quarters(), "PPM"), b"P2\n2 2\n255\n0 1 2 3\n"],
    "SVG": [
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b'<?xml version="1.0"?>\n<!-- drawn -->\n<!-- twice -->\n<svg/>',
    ],
    "PDF": [b"%PDF-1.7\n%\xe2\xe3", encoded(quarters(), "PDF"), b"\xef\xbb\xbf\r\n%PDF-1.4"],
    "DICOM": [
        b"\x08\0\5\0CS\x0a\0ISO_IR 100",
        b"\x08\0\0\0\4\0\0\0" + bytes(20),
        b"\0\x08\0\5CS\0\x0aISO_IR 100",
    ],
    "NIfTI volume": [nifti("<", b"n+1\0"), nifti(">", b"ni1\0"), b"\x1c\2\0\0n+2\0\r\n\x1a\n" + bytes(600)],
    "gzipped NIfTI": [gzip.compress(nifti("<", b"n+1\0")), gzip.compress(nifti(">", b"n+1\0"))],
    "Analyze volume": [nifti("<", b"\0\0\0\0", b"r"), nifti(">", b"\0\0\0\0", b"r")],
    "MATLAB": [b"MATLAB 5.0 MAT-file", b"MATLAB 7.3 MAT-file"],
    "NumPy": [array(), b"\x93NUMPY\2\0"],
    "video": [box(b"isom"), box(b"qt  "), b"\x1a\x45\xdf\xa3" + bytes(20), b"RIFF\0\1\0\0AVI LIST"],
    "H.264": [b"\0\0\0\1\x67\x42\0\x1e", b"\0\0\1\x67\x64\0\x28"],
    "gzip": [gzip.compress(JPEG), gzip.compress(b"")],
    "zip": [b"PK\3\4" + bytes(20), b"PK\5\6" + bytes(18)],
    "archive": [b"7z\xbc\xaf\x27\x1c", bytes([110] * 257) + b"ustar"],
    "PNG image that was read as text": [PNG.replace(b"\r\n", b"\n"), PNG.decode("latin-1").encode()],
    "an image that was read as text": [
        JPEG.decode("utf-8", "replace").encode(),
        JPEG.decode("latin-1").encode(),
        encoded(quarters(), "WEBP").decode("utf-8", "replace").encode(),
    ],
    "data: URL": [
        b"DATA:image/png;base64,iVBO",
        b"\xef\xbb\xbfdata:image/png;base64,iVBO",
        b"data:image/jpeg;base64," + base64.b64encode(JPEG),
        b"data:image/png;base64,iVBO",
    ],
    "base64": [
        repr(base64.b64encode(JPEG)).encode(),
        b"\xef\xbb\xbf" + base64.b64encode(JPEG),
        base64.b64encode(JPEG),
        base64.encodebytes(PNG),
        base64.b64encode(bytes(range(256))),
    ],
    "hexadecimal": [
        encoded(quarters(), "WEBP").hex().encode(),
        JPEG.hex().encode(),
        PNG.hex().upper().encode(),
        b"b'\\xff\\xd8\\xff'",
    ],
    "multipart form": [
        b'--x\r\nContent-Disposition: form-data; name="image"\r\n\r\n' + JPEG,
        b"--y\r\ncontent-type: a",
    ],
    "UTF-16": ["{}".encode("utf-16"), b"\xfe\xff\0{"],
    "Git LFS": [b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", b"version https://git-lfs"],
    "a link": [b"https://example.org/photo.jpg", b"http://example.org/photo.jpg\n"],
    "HTML": [
        b"<center><h1>502 Bad Gateway</h1></center>",
        b"<?xml version='1.0'?>\n<!DOCTYPE html>",
        b"<!DOCTYPE html><html>",
        b"\n<html lang=en>",
        b"\xef\xbb\xbf<HTML>",
    ],
    "XML": [b"<?xml version='1.0'?><Error/>", b"<Error><Code>AccessDenied</Code></Error>"],
    "JSON": [json.dumps({"image": "a"}).encode(), b'[{"image": "a"}]', b"[1, 2]"],
    "text": [b"photo.jpg", "[object File] größer".encode(), b"@photo.jpg\n"],
    "bytes before it begins": [b"\0\0\0\x80" + JPEG, b"\xef\xbb\xbf" + PNG, b"\r\n" + JPEG],
    "zeros": [bytes(100), bytes(10_000)],
    "raw pixels": [quarters().tobytes(), Image.effect_noise((64, 64), 90).tobytes()],
}


@pytest.mark.parametrize(("name", "data"), [(name, data) for name, files in KINDS.items() for data in files])
def test_a_file_of_another_kind_is_named(name: str, data: bytes) -> None:
    with pytest.raises(UnsupportedFormat, match=r"JPEG, PNG or WebP|JPEG or PNG") as refused:
        sniff(data)
    assert name in str(refused.value)


def test_a_gzip_bomb_is_unpacked_no_further_than_its_name_takes() -> None:
    with pytest.raises(UnsupportedFormat, match="gzip"):
        sniff(gzip.compress(bytes(10**7)))


def test_comments_are_passed_over_once() -> None:
    """Where each may also be a part of the one before, there are 2^300 ways to pass over 300 of them."""
    with pytest.raises(UnsupportedFormat, match="text"):
        sniff(b"<!---->" * 300)


def test_an_empty_file_is_called_so() -> None:
    with pytest.raises(UnsupportedFormat, match="empty"):
        sniff(b"")


@pytest.mark.parametrize("data", [b"", b"\xff", b"\x89PN", b"RIFF"])
def test_a_stub_is_refused_too(data: bytes) -> None:
    with pytest.raises(UnsupportedFormat, match="JPEG, PNG or WebP"):
        sniff(data)
