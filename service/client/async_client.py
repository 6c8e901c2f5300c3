"""The client for asyncio. A call that is cancelled disconnects, and the service stops its work."""

import asyncio
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


class AsyncClient:
    """As Client, with `await`."""

    def __init__(self, url: str, *, key: str | None = None, timeout_s: float = 60, retries: Retries = DEFAULT) -> None:
        """As Client."""
        self._http = httpx2.AsyncClient(**settings(url, key, timeout_s))
        self._retries = retries

    async def segment(
        self, image: File, *, include: Collection[str] = ("mask",), **options: Unpack[ImageOptions]
    ) -> Segmentation:
        """As Client.segment."""
        return await self._ask(questions.segment(image, include, options))

    async def overlay(
        self, image: File, *, kind: Literal["webp", "jpeg"] = "webp", **options: Unpack[ImageOptions]
    ) -> bytes:
        """As Client.overlay."""
        return await self._ask(questions.overlay(image, kind, options))

    async def volumes(
        self, files: Sequence[File], *, include: Collection[str] = ("confidence", "slices"), **options: Unpack[Options]
    ) -> Volumes:
        """As Client.volumes."""
        return await self._ask(questions.volumes(files, include, options))

    async def models(self) -> list[ModelSummary | RefusedModel]:
        """As Client.models."""
        return await self._ask(questions.models())

    async def _ask(self, question: Question[T]) -> T:
        patience, request = Patience(self._retries), question.sent_by(self._http)
        while True:
            with reaching(self._http.base_url):
                response = await self._http.send(request)
            wait = patience.wait_s(response.status_code, response.headers)
            if wait is None:
                return question.result(response)
            await asyncio.sleep(wait)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()
