"""Segments with a running service."""

import base64

import msgspec

from service.answers import Answer, ModelSummary
from service.cli.documents import Segmented
from service.cli.errors import Failure
from service.cli.manifest import Recipe
from service.cli.service import Refusal, Service

AT_ONCE = 8
"""Requests under way: enough for a service of eight cores; a busy one refuses some, and they are sent again."""
HOPELESS = {401, 403, 404}
"""What every other image would be answered too."""


class Mask(msgspec.Struct):
    data: str


class Whole(msgspec.Struct):
    """What an answer has besides."""

    mask: Mask


class Remote:
    """A service, and one of its models."""

    at_once = AT_ONCE

    def __init__(self, url: str, key: str | None, model: str | None) -> None:
        """Ask which models it has. Raises Failure."""
        self._service = Service(url, key)
        served = {row.name: row for row in self._service.models() if isinstance(row, ModelSummary)}
        name = model or next(row.name for row in served.values() if row.default)
        if name not in served:
            raise Failure(f"{url} has no model {name!r}; it serves {', '.join(served)}.")
        self.digest, self._options = served[name].digest, {"model": name}

    def run(self, data: bytes, recipe: Recipe) -> Segmented:
        """Raises Failure, and Refusal if the service refuses this image."""
        options = self._options | {"include": "mask,confidence" if recipe.confidence else "mask"}
        given = {"pixel_spacing_mm": recipe.spacing, "window": recipe.window}
        options |= {name: value for name, value in given.items() if value is not None}
        try:
            document = self._service.post(data, "application/json", options)
            overlay = self._service.post(data, "image/webp", options) if recipe.overlay else None
        except Refusal as error:
            if error.status in HOPELESS:
                raise Failure(str(error)) from error
            raise
        mask = base64.b64decode(msgspec.json.decode(document, type=Whole).mask.data)
        return Segmented(msgspec.json.decode(document, type=Answer), mask, overlay)
