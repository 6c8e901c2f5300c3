"""A client that waits for its answers."""

import time
from collections.abc import Collection, Sequence
from types import TracebackType
from typing import Literal, Self, TypeVar, Unpack

import httpx2

from service.answers import ModelSummary, RefusedModel
from service.client import questions
from service.client.answers import Segmentation
from service.client.connection import reaching, settings
from service.client.questions import File, ImageOptions, Options, Question
from service.client.retries import DEFAULT, Patience, Retries
from service.client.volumes import Volumes

T = TypeVar("T")


class Client:
    """Asks a service over connections that are kept; threads may share it. Every call raises ClientError."""

    def __init__(self, url: str, *, key: str | None = None, timeout_s: float = 60, retries: Retries = DEFAULT) -> None:
        """`timeout_s`: how long each read and write may take. Raises ValueError if the URL is invalid."""
        self._http = httpx2.Client(**settings(url, key, timeout_s))
        self._retries = retries

    def segment(
        self, image: File, *, include: Collection[str] = ("mask",), **options: Unpack[ImageOptions]
    ) -> Segmentation:
        """The areas of an image's classes, its mask, and what else `include` names."""
        return self._ask(questions.segment(image, include, options))

    def overlay(self, image: File, *, kind: Literal["webp", "jpeg"] = "webp", **options: Unpack[ImageOptions]) -> bytes:
        """A WebP or JPEG file: the colours of the classes over the photo, or a heat map."""
        return self._ask(questions.overlay(image, kind, options))

    def volumes(
        self, files: Sequence[File], *, include: Collection[str] = ("confidence", "slices"), **options: Unpack[Options]
    ) -> Volumes:
        """The volumes of the tissues of a scan: of a NIfTI file, a zip, or the files of a series."""
        return self._ask(questions.volumes(files, include, options))

    def models(self) -> list[ModelSummary | RefusedModel]:
        """The models that are served, then the files that are not."""
        return self._ask(questions.models())

    def _ask(self, question: Question[T]) -> T:
        patience, request = Patience(self._retries), question.sent_by(self._http)
        while True:
            with reaching(self._http.base_url):
                response = self._http.send(request)
            wait = patience.wait_s(response.status_code, response.headers)
            if wait is None:
                return question.result(response)
            time.sleep(wait)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
