"""Segments with a running service. Needs the extra `client`."""

from collections.abc import Iterator
from contextlib import contextmanager

from service.answers import ModelSummary, RefusedModel
from service.cli.documents import Segmented
from service.cli.errors import Failure, Refusal
from service.cli.recipe import Recipe
from service.client import Client, ClientError, Refused, Retries
from service.client.questions import ImageOptions

AT_ONCE = 8
"""Requests under way: enough for a service of eight cores; a busy one refuses some, and they are sent again."""
HOPELESS = {401, 403, 404}
"""What every other image would be answered too."""
PATIENCE_S = 300
RETRIES = Retries(attempts=20, seconds=1200)


class Remote:
    """A service, and one of its models."""

    at_once = AT_ONCE

    def __init__(self, url: str, key: str | None, model: str | None) -> None:
        """Ask which models it has. Raises Failure."""
        self._client = client(url, key)
        served = {row.name: row for row in models_of(self._client) if isinstance(row, ModelSummary)}
        self._model = model or next(row.name for row in served.values() if row.default)
        if self._model not in served:
            raise Failure(f"{url} has no model {self._model!r}; it serves {', '.join(served)}.")
        self.digest = served[self._model].digest

    def run(self, data: bytes, recipe: Recipe) -> Segmented:
        """Raises Failure, and Refusal if the service refuses this image."""
        options: ImageOptions = {
            "model": self._model,
            "pixel_spacing_mm": recipe.spacing,
            "window": recipe.window,
            "min_region": recipe.min_region,
            "tolerance": recipe.tolerance,
            "threshold": recipe.threshold,
        }
        include = ("mask", *(["confidence"] if recipe.confidence else []), *recipe.include)
        with asked():
            answer = self._client.segment(data, include=include, **options)
            overlay = self._client.overlay(data, **options) if recipe.overlay else None
        assert answer.mask is not None
        confidence_map, entropy = (
            None if picture is None else picture.data for picture in (answer.confidence_map, answer.entropy)
        )
        return Segmented(answer, answer.mask.data, overlay, confidence_map, entropy)


def models(url: str, key: str | None) -> list[ModelSummary | RefusedModel]:
    """What a service serves, then what it does not. Raises Failure."""
    return models_of(client(url, key))


def client(url: str, key: str | None) -> Client:
    """Raises Failure if the URL is invalid."""
    try:
        return Client(url, key=key, timeout_s=PATIENCE_S, retries=RETRIES)
    except ValueError as error:
        raise Failure(str(error)) from error


def models_of(client: Client) -> list[ModelSummary | RefusedModel]:
    try:
        return client.models()
    except ClientError as error:
        raise Failure(str(error)) from error


@contextmanager
def asked() -> Iterator[None]:
    """Raises Refusal for an error of one image, and Failure for any other."""
    try:
        yield
    except Refused as error:
        raise (Failure if error.status in HOPELESS else Refusal)(str(error)) from error
    except ClientError as error:
        raise Failure(str(error)) from error
