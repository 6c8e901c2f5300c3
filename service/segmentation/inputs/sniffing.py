"""The kind of a file, from its first bytes: an accepted format, or another one, with advice."""

import re
import zlib
from dataclasses import dataclass
from typing import Literal

from service.segmentation.errors import UnsupportedFormat

Format = Literal["JPEG", "PNG", "WEBP", "DICOM"]

_HEAD = 4096
"""Bytes that are examined; only zeros are looked for in the whole file."""

_SIGNATURE = re.compile(rb"\xff\xd8\xff[\xc0-\xfe]|\x89PNG\r\n\x1a\n")


def sniff(data: bytes) -> Format:
    """The format of an image file. Raises UnsupportedFormat, which names what the file is and what to do."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[128:132] == b"DICM":
        return "DICOM"
    raise UnsupportedFormat(_sentence(data))


def _sentence(data: bytes) -> str:
    head = data[:_HEAD]
    if not data:
        return "The file is empty; send a JPEG, PNG or WebP image."
    if head.startswith(b"\x1f\x8b"):
        unpacked = _unpacked(head)
        if any(nifti.starts(unpacked) for nifti in _NIFTI):
            return f"The file is a gzipped NIfTI volume, not a JPEG, PNG or WebP image; {_SCAN}."
    for kind in KINDS:
        if kind.starts(head):
            return f"The file is {kind.name}, not a JPEG, PNG or WebP image; {kind.advice}."
    if inside := _SIGNATURE.search(head):
        return f"The file has {inside.start()} bytes before it begins as a JPEG or PNG image; send the image alone."
    if not data.strip(b"\0"):
        return "The file contains only zeros, as after a broken download; send a JPEG, PNG or WebP image."
    return (
        "The file is not a JPEG, PNG or WebP image, nor of another known kind; "
        "save it as one of these, raw pixels as a PNG."
    )


def _unpacked(head: bytes) -> bytes:
    """The first bytes of what a gzip file holds; empty where it is damaged."""
    try:
        return zlib.decompressobj(wbits=31).decompress(head, 1024)
    except zlib.error:
        return b""


@dataclass(frozen=True)
class Kind:
    """A kind of file that is not accepted: what its first bytes match, its name with an article, what to do."""

    pattern: bytes
    name: str
    advice: str

    def starts(self, head: bytes) -> bool:
        """Whether a file with this head is of the kind."""
        return re.match(self.pattern, head, re.DOTALL) is not None


_SAVE = "save it as one of these"
_SLICE = "send a slice of it as a PNG"
_SCAN = "post it to /volumes, or send a slice of it as a PNG"
_FRAME = "send single frames, as in: ffmpeg -i video -frames:v 1 frame.png"
_UNPACK = "unpack it, and send one image a request"
_DICOM = "save it as a PNG, as in: dcm2img image.dcm image.png"
_TEXT = "send the image's own bytes, as in: curl -F image=@photo.jpg"
_AS_TEXT = "read and send the file as bytes, not as text"

_NIFTI = (
    Kind(rb"(\x5c\x01\0\0|\0\0\x01\x5c).{340}n[i+][12]\0", "a NIfTI volume", _SCAN),
    Kind(rb"(\x1c\x02\0\0|\0\0\x02\x1c)n[i+]2\0", "a NIfTI volume", _SCAN),
)

KINDS = (
    # Photos and pictures
    Kind(rb".{4}ftyp(avi[fs]|(mif1|msf1|miaf).{4}(.{4}){0,8}?avi[fs])", "an AVIF image", _SAVE),
    Kind(
        rb".{4}ftyp(hei[cxms]|hev[cxms]|mif1|msf1|miaf)",
        "a HEIC photo",
        "convert it, as in: heif-convert photo.heic photo.jpg; an iPhone sends JPEG "
        "with Settings > Camera > Formats > Most Compatible",
    ),
    Kind(rb"\0\0\0\x0cJXL \r\n|\xff\x0a", "a JPEG XL image", "convert it, as in: djxl image.jxl image.png"),
    Kind(rb"\0\0\0\x0cjP[ \x1a]{2}\r\n|\xffO\xffQ", "a JPEG 2000 image", _SAVE),
    Kind(rb"II\xbc", "a JPEG XR image", _SAVE),
    Kind(rb"FUJIFILMCCD-RAW|II\x2a\0.{4}CR|.{4}ftypcrx |IIR[OS]|IIU\0|MMOR", "a camera's raw photo", _SAVE),
    Kind(rb"II[\x2a\x2b]\0|MM\0[\x2a\x2b]", "a TIFF image", "save it as a PNG, as in: magick image.tiff image.png"),
    Kind(
        rb"BM(.{4}\0{4}|.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0{3})|BA.{12}BM|\x28\0{3}.{8}\x01\0[\x01\x04\x08\x10\x18\x20]\0",
        "a BMP image",
        _SAVE,
    ),
    Kind(rb"GIF8[79]a", "a GIF image", _SAVE),
    Kind(rb"\0\0[\x01\x02]\0[^\0]\0?", "an icon (ICO)", _SAVE),
    Kind(rb"icns\0", "an icon (ICNS)", _SAVE),
    Kind(rb"8BPS", "a Photoshop file (PSD)", _SAVE),
    Kind(rb"gimp xcf", "a GIMP file (XCF)", _SAVE),
    Kind(rb"P[1-7]\s|P[Ff]\n", "a PNM image (PPM, PGM)", _SAVE),
    Kind(rb"v/1\x01|#\?RADIANCE", "a high-dynamic-range image (EXR, HDR)", _SAVE),
    Kind(rb"DDS |qoif", "an image for games (DDS, QOI)", _SAVE),
    Kind(
        rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?(?><!--.*?-->\s*)*(<!DOCTYPE svg.*?>\s*)?<svg", "an SVG drawing", _SAVE
    ),
    Kind(rb"[^<]{0,1000}?%PDF-\d", "a PDF document", "save its page as a PNG, as in: pdftoppm -png document.pdf page"),
    Kind(rb"%!PS|\xc5\xd0\xd3\xc6", "a PostScript document (EPS)", _SAVE),
    # Medicine and science
    Kind(
        rb"([\x02\x08]\0[\0-\x20]\0|\0[\x02\x08]\0[\0-\x20])(UL|CS|UI|DA|TM|SH|LO)",
        "a DICOM image without its preamble",
        _DICOM,
    ),
    Kind(rb"[\x02\x08]\0[\0\x01\x05\x08\x16]\0.{2}\0\0", "a DICOM image without its preamble", _DICOM),
    *_NIFTI,
    Kind(rb"(\x5c\x01\0\0|\0\0\x01\x5c)(.{34}r|.{36}(\0[\x01-\x07]|[\x01-\x07]\0))", "an Analyze volume", _SLICE),
    Kind(rb"NRRD000|ObjectType = Image|NDims =", "a volume (NRRD, MetaImage)", _SLICE),
    Kind(rb"\x93NUMPY", "a NumPy array", "save it as a PNG, as in: Image.fromarray(array).save('image.png')"),
    Kind(rb"\x80[\x02-\x05][\x95c(\]}]", "a Python pickle", _SAVE),
    Kind(
        rb"\x89HDF\r\n|SIMPLE  =|CDF[\x01\x02\x05]|MATLAB \d",
        "a scientific data file (HDF5, FITS, NetCDF, MATLAB)",
        _SAVE,
    ),
    # Films
    Kind(rb".{4}ftyp|.{4}(moov|mdat|wide|pnot)", "a video (MP4, MOV)", _FRAME),
    Kind(rb"\x1a\x45\xdf\xa3|RIFF.{4}AVI |FLV\x01|OggS|\0\0\x01[\xb3\xba]|G.{187}G.{187}G", "a video", _FRAME),
    Kind(rb"\0{2,3}\x01[\x09\x27\x40\x42\x46\x67]", "a video stream (H.264, H.265)", _FRAME),
    # Archives
    Kind(rb"\x1f\x8b", "a gzip file", _UNPACK),
    Kind(rb"PK[\x03\x05]", "a zip archive", _UNPACK),
    Kind(rb"7z\xbc\xaf|Rar!|BZh\d|\xfd7zXZ|\x28\xb5\x2f\xfd|.{257}ustar", "an archive", _UNPACK),
    # Images on which a program has done something
    Kind(rb"\x89PNG|\xc2\x89PNG|\xef\xbf\xbdPNG", "a PNG image that was read as text", _AS_TEXT),
    Kind(
        rb"(\xef\xbf\xbd){3}|\xc3\xbf\xc3\x98\xc3\xbf|RIFF.{4,12}?WEBPVP8", "an image that was read as text", _AS_TEXT
    ),
    Kind(
        rb"(\xef\xbb\xbf)?\s*[\"']?(?i:data:)",
        "a data: URL",
        "decode what follows its comma from base64, and send the bytes",
    ),
    Kind(
        rb"\s*b?[\"']?(?i:(0x|\\x)?ff(\\x)?d8|(0x|\\x)?89(\\x)?504e47|(0x|\\x)?52494646)",
        "hexadecimal text",
        "send the bytes",
    ),
    Kind(
        rb"(\xef\xbb\xbf)?\s*b?[\"']?(/9j/|iVBORw0KGgo|UklGR|AAAA.GZ0eX|R0lGOD|SUkq|TU0AK|[A-Za-z0-9+/_-]{60})",
        "base64 text",
        "decode it from base64, and send the bytes",
    ),
    Kind(
        rb"(\r\n)?--[^\r\n]{1,250}\r\n(?i:content-)",
        "a multipart form under the Content-Type of an image",
        "leave the header Content-Type to the program that makes the form",
    ),
    Kind(rb"\xff\xfe|\xfe\xff", "text in UTF-16, which PowerShell writes with >", _AS_TEXT),
    # Text
    Kind(rb"version https://git-lfs", "a Git LFS pointer", "fetch the image itself: git lfs pull"),
    Kind(rb"\s*https?://\S+\s*$", "a link", "fetch the image, and send its bytes"),
    Kind(
        rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?(?><!--.*?-->\s*)*"
        rb"<(?i:!doctype html|html|head|body|script|title|meta|link|style|center|h[1-6]|p|div|span|pre)\b",
        "an HTML page",
        "it may be an error page or a log-in form of the site that the image should have come from",
    ),
    Kind(rb"(\xef\xbb\xbf)?\s*<\?xml|\s*<Error>", "an XML document", _TEXT),
    Kind(rb"(\xef\xbb\xbf)?\s*[{\[]\s*([\"\[{}\]\d-]|true|false|null)", "JSON", _TEXT),
    Kind(rb"([\t\n\r\x20-\x7e]|[\xc2-\xf4][\x80-\xbf]{1,3})+.{0,3}$", "text", _TEXT),
)
"""Tried in this order: the first that matches names the file."""
