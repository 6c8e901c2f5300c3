"""The files in a multipart form (RFC 7578). They stay in memory: the limit of the body bounds them."""

from collections.abc import AsyncIterable
from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from service.http.errors import BadForm, MisplacedOption, NoImage
from service.http.options import Options, VolumeOptions


@dataclass(frozen=True)
class Wanted:
    """What a route wants of a form: parts called `names`, of which there may be `files`, among at most `parts`.

    Each part takes time, even an empty one. `noun` and `example` are for sentences; `options` belong in the query.
    """

    route: str
    noun: str
    names: tuple[bytes, ...]
    options: frozenset[bytes]
    example: str
    files: int = 1
    parts: int = 16


IMAGE = Wanted(
    "/segment", "image", (b"image", b"file"), frozenset(name.encode() for name in Options.model_fields), "photo.jpg"
)
VOLUME = Wanted(
    "/volumes",
    "volume",
    (b"volume", b"file"),
    frozenset(name.encode() for name in VolumeOptions.model_fields),
    "scan.nii.gz",
    files=4096,
    parts=4112,
)

NO_BOUNDARY = (
    "The body does not begin with the boundary that its Content-Type names; let the HTTP client make both the form and "
    "its Content-Type. An image that is the body itself needs Content-Type: image/jpeg."
)


async def read_form(content_type: str, chunks: AsyncIterable[bytes], wanted: Wanted) -> list[bytes]:
    """The data of the wanted parts, with a file name or without one; other parts are dropped.

    Raises BadForm, NoImage where there is no such part, and MisplacedOption.
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise BadForm(
            "The Content-Type of the form names no boundary; do not set it by hand: the HTTP client sets it when it "
            "makes the form."
        )
    form = Form(boundary, wanted)
    async for chunk in chunks:
        form.feed(chunk)
    return form.files()


class Form:
    """A form that is read piece by piece."""

    def __init__(self, boundary: bytes, wanted: Wanted) -> None:
        """Raises BadForm where the boundary is too long for one."""
        self._boundary, self._wanted = boundary, wanted
        self._read = self._parts = 0
        self._ended = False
        self._files: list[bytearray] = []
        self._in_file = False
        self._header, self._value, self._disposition = bytearray(), bytearray(), b""
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._on_part,
                    "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
                    "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                    "on_header_end": self._on_header,
                    "on_headers_finished": self._on_headers,
                    "on_part_data": self._on_data,
                    "on_end": self._on_end,
                },
            )
        except FormParserError as error:
            raise BadForm("The boundary in the Content-Type of the form is too long.") from error

    def feed(self, chunk: bytes) -> None:
        """Read a piece of the body. Raises BadForm and MisplacedOption."""
        self._read += len(chunk)
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            if self._parts:
                raise BadForm(f"Part {self._parts} of the form cannot be read: its headers are damaged.") from error
            if chunk.lstrip().startswith(b"--" + self._boundary):
                raise BadForm("The form cannot be read: its lines must end with CRLF (RFC 7578).") from error
            raise BadForm(NO_BOUNDARY) from error

    def files(self) -> list[bytes]:
        """The files, once all of the form is read. Raises BadForm and NoImage."""
        if self._read and not self._parts and not self._ended:
            raise BadForm(NO_BOUNDARY)
        if self._read and not self._ended:
            last = b"--" + self._boundary + b"--"
            if self._files and self._files[-1].rstrip(b"\r\n").endswith(last):
                raise BadForm("The last boundary of the form does not begin a line; write CRLF before it.")
            raise BadForm(
                "The form was cut off before its last boundary, which ends with `--`; check its Content-Length and how "
                "it is made."
            )
        if not self._files:
            noun = self._wanted.noun
            raise NoImage(
                f"The form has no part called `{noun}`; send one, as in: curl -F {noun}=@{self._wanted.example}."
            )
        return [bytes(file) for file in self._files]

    def _on_part(self) -> None:
        self._parts += 1
        if self._parts > self._wanted.parts:
            raise BadForm(f"The form has more than {self._wanted.parts} parts; send the {self._wanted.noun} alone.")
        self._disposition = b""

    def _on_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _on_headers(self) -> None:
        name = parse_options_header(self._disposition)[1].get(b"name")
        if name is None:
            raise BadForm(f"Part {self._parts} of the form needs a Content-Disposition header with a name.")
        if name in self._wanted.options:  # dropped in silence, it would be a wrong answer
            option = name.decode()
            raise MisplacedOption(
                f"The form has `{option}`, which belongs in the query: {self._wanted.route}?{option}=…"
            )
        self._in_file = name in self._wanted.names
        if self._in_file:
            if len(self._files) == self._wanted.files:
                if self._wanted.files == 1:
                    raise BadForm(f"The form has more than one {self._wanted.noun}; send each in a request of its own.")
                raise BadForm(f"The form has more than {self._wanted.files} files; send them as one zip.")
            self._files.append(bytearray())

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._files[-1] += data[start:end]

    def _on_end(self) -> None:
        self._ended = True
