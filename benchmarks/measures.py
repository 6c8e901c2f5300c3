"""What each measure of POST /segment costs: from a JPEG to the JSON, without the network, turn by turn."""

from collections.abc import Callable
from statistics import median

from benchmarks.outlines import MAX_PIXELS, timed
from benchmarks.photos import SIZES, photo
from benchmarks.rounds import difference
from service.http.options import Options
from service.http.replies import JSON, make_reply
from service.segmentation.catalog import EMBEDDED
from service.segmentation.modelfile.contract import Labels, Pixels
from service.segmentation.pipeline import Pipeline
from service.segmentation.runtime.call import Call
from service.segmentation.runtime.cells import Cells
from service.segmentation.runtime.model import Model
from service.segmentation.segmenter import Segmenter

MEASURED = ("480x360", "12 megapixels")
QUERIES = {
    "nothing": {"include": ""},
    "mask": {"include": "mask"},
    "confidence": {"include": "confidence"},
    "regions": {"include": "regions"},
    "polygons": {"include": "polygons"},
    "polygons, tolerance 0": {"include": "polygons", "tolerance": "0"},
    "rle": {"include": "rle"},
    "confidence_map": {"include": "confidence_map"},
    "entropy": {"include": "entropy"},
    "low_confidence": {"include": "low_confidence"},
}


class Recorded:
    """A network that ran once. Other calls get the same output."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._output: tuple[Labels, Cells | None] | None = None

    def run(self, image: Pixels, scores: bool, call: Call | None) -> tuple[Labels, Cells | None]:
        """See `Model.run`."""
        if self._output is None:
            self._output = self._model.run(image, True, call)
        labels, cells = self._output
        return labels, cells if scores else None


def table(rounds: int) -> str:
    """In Markdown: a processor's milliseconds more than for nothing but areas, and the size of the JSON."""
    rows = ["| include | " + " | ".join(f"{size}: ms | kB" for size in MEASURED) + " |", "|---" * 5 + "|"]
    model = Model.load(EMBEDDED / "street.onnx", threads=1)
    columns = [of_size(model, photo(*SIZES[size]), rounds) for size in MEASURED]
    for number, name in enumerate(QUERIES):
        rows.append(f"| {name} | " + " | ".join(column[number] for column in columns) + " |")
    return "\n".join(rows)


def of_size(model: Model, data: bytes, rounds: int) -> list[str]:
    """The cells of each query for one photo."""
    pipeline = Pipeline(Segmenter(model, Recorded(model).run), MAX_PIXELS)
    ways = [asking(pipeline, data, query) for query in QUERIES.values()]
    spent = timed(ways, rounds)
    cells = [f"{median(spent[0]):.1f} | {len(ways[0]()) / 1000:.0f}"]
    for way, each in zip(ways[1:], spent[1:], strict=True):
        more, low, high = difference(each, spent[0])
        cells.append(f"+{more:.1f} ({low:.1f} to {high:.1f}) | {len(way()) / 1000:.0f}")
    return cells


def asking(pipeline: Pipeline, data: bytes, query: dict[str, str]) -> Callable[[], bytes]:
    """Answers with the JSON."""
    options = Options.model_validate(query)
    return lambda: make_reply(data, JSON, options, pipeline, Call()).body
