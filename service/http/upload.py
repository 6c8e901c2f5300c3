"""The image or scan in a request's body: multipart parts, or the body itself. All of it stays in memory."""

import re
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing

from starlette.requests import Request

from service.http.errors import BodyTooLarge, CodedBody, NoImage, UnsupportedContentType
from service.http.form import IMAGE, VOLUME, Wanted, read_form
from service.serving.admission import Take

FORM = "multipart/form-data"
RAW = {"", "application/dicom", "application/octet-stream", "binary/octet-stream"}
"""Content types beside `image/*` of a body that is the image itself; a missing one means octets (RFC 9110)."""

SCANS = RAW | {
    "application/gzip",
    "application/x-gzip",
    "application/x-nifti",
    "application/zip",
    "application/x-zip-compressed",
}
"""Content types of a body that is a scan itself."""

CODINGS = {"gzip", "x-gzip", "deflate", "br", "zstd", "compress"}

HINTS = {
    "application/x-www-form-urlencoded": " (curl --data-binary needs -H 'Content-Type: image/jpeg')",
    "application/json": " (JSON is not accepted)",
}

MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}")
"""RFC 6838, section 4.2: what may be repeated to the client."""


async def read_image(request: Request, limit: int, take: Take) -> bytes:
    """The bytes of the image, from a body of at most `limit` bytes, for which `take` reserves memory.

    Raises CodedBody, UnsupportedContentType, BodyTooLarge, BadForm, MisplacedOption, NoImage; and what `take` raises.
    """
    kind = kind_of(request)
    if not (kind in {FORM, *RAW} or kind.startswith("image/")) and has_body(request):
        raise UnsupportedContentType(
            f"The {named(kind)} is neither an image's nor multipart/form-data; send the image as multipart field "
            f"`image`, or as the body with Content-Type: image/jpeg{HINTS.get(kind, '')}."
        )
    (data,) = await read_files(request, limit, take, IMAGE)
    if not data:
        raise NoImage("The image is empty; send a JPEG, PNG or WebP file.")
    return data


async def read_volume(request: Request, limit: int, take: Take) -> list[bytes]:
    """As `read_image`, of a scan: the bytes of a file, or of several of a series."""
    kind = kind_of(request)
    if kind not in {FORM, *SCANS} and has_body(request):
        raise UnsupportedContentType(
            f"The {named(kind)} is neither a scan's nor multipart/form-data; send the scan as multipart field "
            "`volume`, or as the body with Content-Type: application/octet-stream."
        )
    files = await read_files(request, limit, take, VOLUME)
    if not all(files):
        raise NoImage("The scan is empty; send a NIfTI or DICOM file, or a zip of a series.")
    return files


def kind_of(request: Request) -> str:
    """The body's media type, without its parameters. Raises CodedBody."""
    coding = request.headers.get("content-encoding", "").strip().lower()
    if coding not in {"identity", ""}:
        name = coding if coding in CODINGS else "another coding than identity"
        raise CodedBody(f"The Content-Encoding is {name}; send the file as it is: its format compresses it already.")
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def named(kind: str) -> str:
    """A media type as a sentence has it."""
    return f"Content-Type {kind}" if MEDIA_TYPE.fullmatch(kind) else "Content-Type"


async def read_files(request: Request, limit: int, take: Take, wanted: Wanted) -> list[bytes]:
    """The files in the body: the wanted parts of a form, or the body itself."""
    async with aclosing(body(request, limit, take)) as chunks:
        if kind_of(request) == FORM:
            return await read_form(request.headers["content-type"], chunks, wanted)
        return [await joined(chunks)]


def has_body(request: Request) -> bool:
    """Whether the request's head announces a body (RFC 9112, section 6)."""
    return "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"


async def joined(chunks: AsyncIterable[bytes]) -> bytes:
    """All of the chunks in one piece."""
    return b"".join([chunk async for chunk in chunks])


async def body(request: Request, limit: int, take: Take) -> AsyncGenerator[bytes, None]:
    """The body's chunks. Raises BodyTooLarge once the body is, or is declared, larger than `limit` bytes, and what
    `take` raises. The rest of a refused body is not read here: the protocol drops it."""
    declared = request.headers.get("content-length", "")
    size = int(declared) if declared.isdecimal() else 0
    check(size, limit)
    take(0)
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        check(size, limit)
        take(len(chunk))
        yield chunk


def check(size: int, limit: int) -> None:
    if size > limit:
        raise BodyTooLarge(f"The body is larger than {limit / 2**20:g} MiB; send a smaller file.")
