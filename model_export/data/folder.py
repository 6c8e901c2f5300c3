"""A data set in a folder: `classes.json`, and `train/`, `val/`, `test/`, each with `images/` and `labels/`.

Images have any format that the service accepts. `labels/NAME.png` holds one class id per pixel of `images/NAME.*`.
"""

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Self

import msgspec
import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from model_export.data import photos
from model_export.data.mapping import Merged, merged, read_mapping
from model_export.errors import DataError
from service.segmentation.inputs.raster import Size
from service.segmentation.modelfile.classes import ClassList
from service.segmentation.modelfile.contract import Labels

VOID = 255
"""The label of void pixels in tensors, whatever id the files use for them."""

Sample = tuple[Tensor, Tensor]
Transform = Callable[[Image.Image, Image.Image, int], tuple[Image.Image, Image.Image]]


def starting_with(prefixes: str) -> Callable[[str], bool]:
    """Whether a name starts with one of the prefixes, which commas separate: the towns or drives of a data set."""
    return lambda name: name.startswith(tuple(prefixes.split(",")))


def read_classes(root: Path) -> ClassList:
    """The data set's classes.json. Raises DataError where it is missing or invalid."""
    path = root / "classes.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=ClassList)
    except FileNotFoundError:
        raise DataError(f"{path} is missing: it lists the classes, each with id, name and color.") from None
    except msgspec.DecodeError as error:
        raise DataError(f"{path}: {error}") from error


class SegmentationFolder(Dataset[Sample]):
    """The pairs of one split, in name order.

    `transform(image, label, index)` may change both pictures, to augment them for example. Images and labels are
    stretched to the size `stretch` where it is given: the photos of some data sets were squashed.
    """

    def __init__(self, root: Path, split: str, transform: Transform | None = None, stretch: Size | None = None) -> None:
        self.root, self.classes = root, read_classes(root)
        self.transform, self.stretch = transform, stretch
        self.merged: Merged | None = None
        """How the labels of a network with other classes are judged here."""
        images = sorted(path for path in (root / split / "images").glob("*") if not path.name.startswith("."))
        if not images:
            raise DataError(f"{root / split / 'images'} holds no images.")
        self.pairs = [(image, root / split / "labels" / f"{image.stem}.png") for image in images]
        for image, label in self.pairs:
            if not label.exists():
                raise DataError(f"{image} has no label: {label} is missing.")
        self._to_ids = np.full(256, -1, np.int16)
        self.relabel(range(len(self.classes.classes)))
        if self.classes.ignored is not None:
            self._to_ids[self.classes.ignored] = VOID

    def keep(self, wanted: Callable[[str], bool]) -> Self:
        """Keep only the pairs whose image name is `wanted`. Raises DataError where that leaves none."""
        self.pairs = [(image, label) for image, label in self.pairs if wanted(image.name)]
        if not self.pairs:
            raise DataError("No image is left; check the prefix of the names.")
        return self

    def relabel(self, ids: Sequence[int | None]) -> Self:
        """Give the classes, in order, these ids in labels; None makes a class void."""
        self._to_ids[: len(ids)] = [VOID if id_ is None else id_ for id_ in ids]
        return self

    def judging(self, target: ClassList) -> Self:
        """Take, for a network with the classes `target`, the classes that it can be judged by here: see `Merged`.

        Nothing changes where the classes are equal. Raises DataError where they differ and no mapping says how.
        """
        if self.classes.names != target.names:
            self.merged = merged(read_mapping(self.root, self.classes, target), self.classes, target)
            self.relabel(self.merged.ids)
            self.classes = self.merged.classes
        return self

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Sample:
        """RGB uint8 [3, H, W] and labels uint8 [H, W], void as VOID."""
        return self.sample(index, index)

    def sample(self, index: int, number: int) -> Sample:
        """As `[index]`; `number` is what the transform gets as its index."""
        image, label = self.read(index)
        if self.transform is not None:
            image, label = self.transform(image, label, number)
        return torch.from_numpy(np.array(image)).permute(2, 0, 1), torch.from_numpy(np.array(label))

    def read(self, index: int) -> tuple[Image.Image, Image.Image]:
        """The pair as pictures, RGB and L, void as VOID. Raises DataError where one is invalid or sizes differ."""
        image = photos.read(self.pairs[index][0])
        label = Image.fromarray(self.truth(index, image.size))
        return image if self.stretch is None else image.resize(self.stretch, Image.Resampling.BICUBIC), label

    def sizes(self) -> list[Size]:
        """(width, height) of every upright image: its label's, of which only the header is read."""
        found = []
        for index in range(len(self)):
            with self._label(index) as file:
                found.append(self.stretch or file.size)
        return found

    def digest(self) -> str:
        """sha256 over the classes, and the names and bytes of all files, in hexadecimal."""
        digest = hashlib.sha256(msgspec.json.encode(self.classes))
        for path in (path for pair in self.pairs for path in pair):
            content = path.read_bytes()
            digest.update(f"\n{path.name} {len(content)}\n".encode())
            digest.update(content)
        return digest.hexdigest()

    def file(self, index: int) -> bytes:
        """The image's file, as a client would upload it: a PNG of the stretched image where images are stretched."""
        if self.stretch is None:
            return self.pairs[index][0].read_bytes()
        stretched = io.BytesIO()
        self.read(index)[0].save(stretched, "PNG", compress_level=1)
        return stretched.getvalue()

    def naming(self, index: int) -> AbstractContextManager[None]:
        """Turn an error about the image into a DataError that names its file."""
        return photos.naming(self.pairs[index][0])

    @contextmanager
    def _label(self, index: int) -> Iterator[Image.Image]:
        """The label's file, opened. Raises DataError where it cannot be read."""
        path = self.pairs[index][1]
        try:
            with Image.open(path) as file:
                yield file
        except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises for damaged PNGs
            raise DataError(f"{path} cannot be read: {error}") from error

    def truth(self, index: int, size: Size | None = None) -> Labels:
        """The label, uint8 [H, W], void as VOID. The image is not read.

        Raises DataError where the label is invalid, or not of the image's `size` (width, height), where that is given:
        before or after it was stretched.
        """
        image_path, label_path = self.pairs[index]
        with self._label(index) as file:
            if file.mode not in ("L", "P", "1"):
                raise DataError(f"{label_path} must be an 8-bit PNG of class ids, not {file.mode}.")
            if size is not None and size not in (file.size, self.stretch):
                raise DataError(f"{label_path} is not of the size of {image_path}.")
            label = file if self.stretch is None else file.resize(self.stretch, Image.Resampling.NEAREST)
            ids = self._to_ids[np.asarray(label).astype(np.uint8)]
        if (ids < 0).any():
            raise DataError(f"{label_path} holds an id that classes.json does not list.")
        return ids.astype(np.uint8)
