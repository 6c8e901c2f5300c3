"""Segments in this process, on all cores."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition

from service.cli.documents import Segmented
from service.cli.recipe import Recipe
from service.segmentation.catalog import Catalog, Engine
from service.segmentation.inputs.spacing import read_spacing
from service.segmentation.inputs.window import read_window
from service.segmentation.request import Request
from service.segmentation.runtime import cores, memory
from service.segmentation.runtime.session import share_arena
from service.segmentation.segmenter import Segmenter
from service.segmentation.slice_pipeline import pipeline_for
from service.serving.allocator import give_back_large_blocks
from service.serving.documents import answer_of


class Local:
    """The pipeline of one model. Each network has one core, which is fastest for many images; a thread more than cores
    keeps them busy while one waits for the disk.
    """

    def __init__(self, models: Path, model: str | None, max_pixels: int, processes: int = 1) -> None:
        """Load the model. So many `processes` share the machine's memory. Raises ModelError and UnknownModel."""
        give_back_large_blocks()
        share_arena()
        file = models / f"{model}.onnx"  # usually; the others need not be loaded then
        catalog = Catalog(file if file.is_file() else models, model, Engine(threads=1))
        self._pipeline = pipeline_for(Segmenter(catalog.get(model).model), max_pixels)
        self._room = Room(memory.for_images() // processes)
        self.digest, self.at_once = f"sha256:{self._pipeline.model.digest}", cores.available() + 1

    def run(self, data: bytes, recipe: Recipe) -> Segmented:
        """Raises ImageError and the pipeline's other errors."""
        request = Request(
            confidence=recipe.confidence,
            spacing=None if recipe.spacing is None else read_spacing(recipe.spacing),
            window=None if recipe.window is None else read_window(recipe.window),
            draws_photo=recipe.overlay,
            include=frozenset(recipe.include),
            min_region=recipe.min_region,
            tolerance=recipe.tolerance,
            threshold=recipe.threshold,
        )
        with self._room.of(self._pipeline.footprint(data, request)):
            result = self._pipeline.run(data, request)
            overlay = result.overlay("WEBP") if recipe.overlay else None
            return Segmented(answer_of(result), result.mask(), overlay, result.confidence_map(), result.entropy())


class Room:
    """Bytes of memory that threads share."""

    def __init__(self, size: int) -> None:
        self._size = self._free = size
        self._changed = Condition()

    @contextmanager
    def of(self, needed: int) -> Iterator[None]:
        """Wait for so many bytes, and hold them; who needs more than there are has all of them."""
        taken = min(needed, self._size)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= taken)
            self._free -= taken
        try:
            yield
        finally:
            with self._changed:
                self._free += taken
                self._changed.notify_all()
