"""Mixed traffic: photos of all sizes, damaged and hostile requests, and callers who disconnect."""

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from urllib.parse import urlencode

from benchmarks import hostile
from benchmarks.photos import grain
from benchmarks.resident import LARGEST, SMALLEST
from benchmarks.wire import PATIENCE_S, form, post

HOSTILE, LEAVING = 0.1, 0.05
"""Shares of hostile requests, and of requests whose callers disconnect."""
LEAVES_S = 0.5
"""A caller who disconnects does so within this time."""

FORMATS = {"JPEG": {"quality": 80}, "PNG": {"compress_level": 1}, "WEBP": {"quality": 80, "method": 0}}
"""Each with options for fast encoding."""
LARGEST_PNG = 9_000_000
"""Pixels; a larger PNG of this grain exceeds the body limit."""
ACCEPTED = ("application/json", "image/png", "image/webp", "multipart/mixed")


class Intent(StrEnum):
    HONEST = "honest"
    HOSTILE = "hostile"
    LEAVES = "leaves"


@dataclass(frozen=True)
class Parcel:
    """The bytes of a request, and after how many seconds its caller disconnects."""

    intent: Intent
    what: str
    request: bytes = field(repr=False)
    patience_s: float = PATIENCE_S


class Traffic:
    """Requests by number: the same for the same seed, in any order.

    `models` maps the served models to their classes; `largest` is the largest photo's width and height.
    """

    def __init__(self, seed: int, models: Mapping[str, Sequence[str]], largest: tuple[int, int] = LARGEST) -> None:
        self._seed, self._models, self._largest = seed, models, largest
        self._scene = grain(*largest)

    def parcel(self, number: int) -> Parcel:
        draw = Random(f"{self._seed}/{number}")  # noqa: S311  # no secret
        image = self._image(draw)
        chance = draw.random()
        if chance < HOSTILE:
            way = draw.choice(hostile.WAYS)
            return Parcel(Intent.HOSTILE, way.__name__, way(draw, image))
        request = self._request(draw, image)
        if chance > HOSTILE + LEAVING:
            return Parcel(Intent.HONEST, "photo", request)
        patience_s = draw.uniform(0, LEAVES_S)
        if draw.random() < 0.5:
            return Parcel(Intent.LEAVES, "waiting", request, patience_s)
        return Parcel(Intent.LEAVES, "sending", request[: draw.randrange(len(request))], patience_s)

    def _image(self, draw: Random) -> bytes:
        """The logarithms of the sides are uniform, so most images are small."""
        bounds = zip(SMALLEST, self._largest, strict=True)
        width, height = (round(math.exp(draw.uniform(*map(math.log, ends)))) for ends in bounds)
        left, top = (draw.randint(0, all_ - side) for all_, side in zip(self._largest, (width, height), strict=True))
        file, format_ = io.BytesIO(), draw.choice(list(FORMATS)) if width * height < LARGEST_PNG else "JPEG"
        self._scene.crop((left, top, left + width, top + height)).save(file, format_, **FORMATS[format_])
        return file.getvalue()

    def _request(self, draw: Random, image: bytes) -> bytes:
        model = draw.choice(list(self._models))
        query = {"model": model}
        if draw.random() < 0.3:
            query["include"] = draw.choice(["", "mask,confidence", "polygons,rle,entropy"])
        if draw.random() < 0.2:
            query["heatmap"] = draw.choice(self._models[model])
        body, kind = (
            form(image, draw.randbytes(8).hex()) if draw.random() < 0.5 else (image, "application/octet-stream")
        )
        return post(f"/segment?{urlencode(query)}", body, kind, draw.choice(ACCEPTED))
