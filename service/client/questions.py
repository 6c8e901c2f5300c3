"""Requests to the service, and what becomes of their answers; both clients send them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, TypedDict, TypeVar

import httpx2
import msgspec

from service.answers import ModelSummary, RefusedModel
from service.client.answers import Segmentation
from service.client.errors import Refused, Unreadable, kind_of
from service.client.volumes import Volumes

T = TypeVar("T")
File = bytes | Path
"""The bytes of a file, or where it is."""
OCTETS = "application/octet-stream"

# Made at import: msgspec 0.22 crashes where two threads use a type for the first time.
SEGMENTATION, VOLUMES = msgspec.json.Decoder(Segmentation), msgspec.json.Decoder(Volumes)
ROWS = msgspec.json.Decoder(list[msgspec.Raw])
SUMMARY, REFUSED = msgspec.json.Decoder(ModelSummary), msgspec.json.Decoder(RefusedModel)


class Options(TypedDict, total=False):
    """model: its name; by default the service's.
    deadline_ms: after the last byte of the upload; later, the answer is TooLate.
    """

    model: str | None
    deadline_ms: int | None


class ImageOptions(Options, total=False):
    """heatmap: the name of a class, whose probability is drawn.
    pixel_spacing_mm: the size of a pixel, for areas in mm²: one number, or row and column.
    window: the values of 16-bit grey that become black and white.
    min_region: pixels of the smallest region that is listed. tolerance: pixels, of polygons.
    threshold: the probability below which a pixel is one of low confidence.
    Text is passed on as it is.
    """

    heatmap: str | None
    pixel_spacing_mm: float | tuple[float, float] | str | None
    window: tuple[float, float] | str | None
    min_region: int | None
    tolerance: float | None
    threshold: float | None


@dataclass(frozen=True)
class Question(Generic[T]):
    """A request; `read` makes the result of the body of its answer."""

    method: str
    path: str
    read: Callable[[bytes], T]
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Sequence[bytes] = ()

    def sent_by(self, http: httpx2.Client | httpx2.AsyncClient) -> httpx2.Request:
        """The request of an HTTP client: one file is the body, several are parts of a form."""
        parts: dict[str, Any] = {}
        if len(self.body) == 1:
            parts["content"] = self.body[0]
        elif self.body:
            parts["files"] = [("volume", (str(number), data)) for number, data in enumerate(self.body)]
        kind = {"Content-Type": OCTETS} if len(self.body) == 1 else {}
        return http.build_request(self.method, self.path, params=self.params, headers={**self.headers, **kind}, **parts)

    def result(self, response: httpx2.Response) -> T:
        """Raises Refused and Unreadable."""
        if not response.is_success:
            raise refusal_of(response)
        try:
            return self.read(response.content)
        except msgspec.MsgspecError as error:
            raise Unreadable(f"{response.url} does not answer as this service does: {error}.") from error


def refusal_of(response: httpx2.Response) -> Refused:
    """The error of an answer: the service's own, or a proxy's, of which only the status is known."""
    kind = kind_of(response.status_code)
    try:
        problem = msgspec.json.decode(response.content)
        return kind(response.status_code, str(problem["code"]), str(problem["detail"]), str(problem["request_id"]))
    except (msgspec.DecodeError, KeyError, TypeError):
        return kind(response.status_code, "", f"{response.status_code} {response.reason_phrase}", "")


def segment(image: File, include: Collection[str], options: ImageOptions) -> Question[Segmentation]:
    """The JSON of an image."""
    params = {"include": ",".join(include)}
    return posted("/segment", [image], "application/json", options, params, SEGMENTATION.decode)


def overlay(image: File, kind: Literal["webp", "jpeg"], options: ImageOptions) -> Question[bytes]:
    """The classes, or the heat map, over the photo."""
    return posted("/segment", [image], f"image/{kind}", options, {}, bytes)


def volumes(files: Sequence[File], include: Collection[str], options: Options) -> Question[Volumes]:
    """The JSON of a scan: one NIfTI file, one zip, or the files of a series."""
    return posted("/volumes", files, "application/json", options, {"include": ",".join(include)}, VOLUMES.decode)


def models() -> Question[list[ModelSummary | RefusedModel]]:
    """The models that are served, then the files that are not."""
    return Question("GET", "/models", read_models)


def posted(
    path: str,
    files: Sequence[File],
    accept: str,
    options: Mapping[str, object],
    params: dict[str, str],
    read: Callable[[bytes], T],
) -> Question[T]:
    given = {name: text_of(value) for name, value in options.items() if value is not None}
    deadline = given.pop("deadline_ms", None)
    headers = {"Accept": accept} | ({} if deadline is None else {"X-Deadline-Ms": deadline})
    data = [file if isinstance(file, bytes) else file.read_bytes() for file in files]
    return Question("POST", path, read, params | given, headers, data)


def text_of(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def read_models(body: bytes) -> list[ModelSummary | RefusedModel]:
    return [listed(row) for row in ROWS.decode(body)]


def listed(row: msgspec.Raw) -> ModelSummary | RefusedModel:
    try:
        return SUMMARY.decode(row)
    except msgspec.ValidationError:
        return REFUSED.decode(row)
