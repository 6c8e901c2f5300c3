"""The masks as COCO annotations (https://cocodataset.org/#format-data), for CVAT, Label Studio and pycocotools."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image

from service.cli.documents import Answer
from service.cli.outputs import replacing
from service.segmentation.measures.rle import Columns
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
    columns = Columns.of(labels, most=labels.size)
    for class_id in np.unique(columns.classes):
        across, down = (np.flatnonzero((labels == class_id).any(axis=axis)) for axis in (0, 1))
        left, top, right, bottom = map(int, (across[0], down[0], across[-1] + 1, down[-1] + 1))
        counts = columns.counts(class_id)
        rle, area = Rle(columns.shape, counts.tolist()), int(counts[1::2].sum())
        yield Annotation(0, image_id, int(class_id) + FIRST, rle, area, (left, top, right - left, bottom - top))
