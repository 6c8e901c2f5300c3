"""The image in a request's body: a multipart part, or the body itself. All of it stays in memory."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from service.http.errors import BadForm, BodyTooLarge, MisplacedOption, NoImage
from service.http.schemas import Options
from service.serving.admission import Take

FIELDS = ("image", "file")
MAX_OTHER_FIELDS = 8
MAX_OTHER_FIELD_BYTES = 1024


async def read_image(request: Request, limit: int, take: Take) -> bytes:
    """The bytes of the image, at most `limit` bytes of body in all, for which room is taken. Raises RequestError."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    async with aclosing(body(request, limit, take)) as chunks:
        if content_type == "multipart/form-data":
            data = await from_form(request, chunks, limit)
        elif content_type.startswith("image/") or content_type == "application/octet-stream":
            data = b"".join([chunk async for chunk in chunks])
        else:
            raise NoImage("Send the image as multipart field `image`, or as the body with Content-Type: image/*.")
    if not data:
        raise NoImage("The image is empty; send a JPEG, PNG or WebP file.")
    return data


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


class InMemoryParser(MultiPartParser):
    """Starlette's parser, but a file part never leaves memory: the body limit bounds it already."""

    def __init__(self, request: Request, chunks: AsyncGenerator[bytes, None], limit: int) -> None:
        super().__init__(
            request.headers,
            chunks,
            max_files=1,
            max_fields=MAX_OTHER_FIELDS,
            max_part_size=MAX_OTHER_FIELD_BYTES,
        )
        self.spool_max_size = limit + 1


async def from_form(request: Request, chunks: AsyncGenerator[bytes, None], limit: int) -> bytes:
    """The one file part, called `image` or `file`."""
    try:
        form = await InMemoryParser(request, chunks, limit).parse()
    except MultiPartException as error:
        raise BadForm(f"The form cannot be read: {error.message.rstrip('.')}.") from error
    try:
        return await file_of(form)
    finally:
        await form.close()


async def file_of(form: FormData) -> bytes:
    for option in Options.model_fields:
        if option in form:  # left out in silence, it would be a wrong answer
            raise MisplacedOption(f"The form has `{option}`, which belongs in the query: /segment?{option}=…")
    for name in FIELDS:
        part = form.get(name)
        if isinstance(part, UploadFile):
            return await part.read()
    raise NoImage("The form has no file called `image`; send one, as in curl -F image=@photo.jpg.")
