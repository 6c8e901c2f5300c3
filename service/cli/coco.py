"""The masks as COCO annotations (https://cocodataset.org/#format-data), for CVAT, Label Studio and pycocotools."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.cli.documents import Answer
from service.cli.outputs import replacing
from service.segmentation.modelfile.contract import Labels

FIRST = 1
"""COCO's ids start with it; some readers take 0 for no category, and our classes start with 0."""


class Rle(msgspec.Struct):
    """A mask's run lengths, column by column: outside first, then inside, in turn. `size` is height, width."""

    size: tuple[int, int]
    counts: list[int]


class Annotation(msgspec.Struct):
    """The pixels of one class in one image: a crowd, as they need not be one object. `bbox` is x, y, width, height."""

    id: int
    image_id: int
    category_id: int
    segmentation: Rle
    area: int
    bbox: tuple[int, int, int, int]
    iscrowd: int = 1


def write(path: Path, output: Path, answers: Iterable[Answer]) -> None:
    """Write the annotations of images, image by image, so that memory does not grow with them. Raises Failure."""
    images, categories, number = [], dict[int, dict[str, object]](), FIRST
    with replacing(path) as file:
        file.write(b'{"annotations":[')
        for image_id, answer in enumerate(answers, FIRST):
            for annotation in annotated(labels_of(output / f"{answer.file}.png"), image_id):
                annotation.id = number
                file.write((b"" if number == FIRST else b",") + msgspec.json.encode(annotation))
                number += 1
            for area in answer.classes:
                categories[area.id] = {"id": area.id + FIRST, "name": area.name, "color": area.color}
            size = {"width": answer.image.width, "height": answer.image.height}
            images.append({"id": image_id, "file_name": answer.file} | size)
        listed = [categories[class_id] for class_id in sorted(categories)]
        file.write(
            b'],"images":' + msgspec.json.encode(images) + b',"categories":' + msgspec.json.encode(listed) + b"}"
        )


def labels_of(mask: Path) -> Labels:
    """The class ids of an indexed PNG."""
    with Image.open(mask) as image:
        return np.asarray(image)


def annotated(labels: Labels, image_id: int) -> Iterator[Annotation]:
    """An annotation for each class that has pixels; they have no number yet."""
    height, width = labels.shape
    column_by_column = labels.ravel(order="F")
    starts = np.concatenate(([0], np.flatnonzero(column_by_column[1:] != column_by_column[:-1]) + 1))
    ends = np.append(starts[1:], labels.size)
    for class_id in np.unique(column_by_column[starts]):
        mine = column_by_column[starts] == class_id
        rows, columns = (np.flatnonzero((labels == class_id).any(axis=axis)) for axis in (1, 0))
        box = columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1
        left, top, across, down = map(int, box)
        counts = run_lengths(starts[mine], ends[mine], labels.size)
        area = int((ends[mine] - starts[mine]).sum())
        rle = Rle((height, width), counts)
        yield Annotation(0, image_id, int(class_id) + FIRST, rle, area, (left, top, across, down))


def run_lengths(starts: NDArray[np.int64], ends: NDArray[np.int64], total: int) -> list[int]:
    """Lengths outside and inside, in turn, of runs that start and end at these places, of `total`; a last 0 is left
    out."""
    edges = np.empty(2 * len(starts) + 1, np.int64)
    edges[:-1:2], edges[1::2], edges[-1] = starts, ends, total
    lengths: list[int] = np.diff(edges, prepend=0).tolist()
    return lengths if lengths[-1] else lengths[:-1]
