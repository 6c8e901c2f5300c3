"""A place to judge a model at: which images of which data set."""

from dataclasses import dataclass
from pathlib import Path

from model_export.data.folder import SegmentationFolder, starting_with
from model_export.errors import DataError
from service.segmentation.inputs.raster import Size
from service.segmentation.modelfile.classes import ClassList


@dataclass(frozen=True)
class Place:
    """The images of a data set's split, or those whose names start with `only`, or with one of several: A,B.

    `name` is what reports call it. Images are stretched to `stretch` (width, height) first, where that is given.
    """

    name: str
    folder: Path
    split: str = "val"
    stretch: Size | None = None
    only: str | None = None

    def judged(self, classes: ClassList) -> SegmentationFolder:
        """The images, to judge a model with these classes on: see `SegmentationFolder.judging`. Raises DataError."""
        images = SegmentationFolder(self.folder, self.split, stretch=self.stretch).judging(classes)
        return images if self.only is None else images.keep(starting_with(self.only))

    def training(self, classes: ClassList) -> SegmentationFolder:
        """The data set's training images, without those that are judged. Raises DataError where none is left."""
        images = SegmentationFolder(self.folder, "train", stretch=self.stretch).judging(classes)
        if self.split != "train":
            return images
        if self.only is None:
            raise DataError(f"All training images of {self.folder} are judged; judge a part of them with only=NAME.")
        is_judged = starting_with(self.only)
        return images.keep(lambda name: not is_judged(name))
