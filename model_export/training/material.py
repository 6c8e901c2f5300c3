"""What a run learns from: its images, as the options want them, and the hashes by which a resumed run knows them."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from model_export.data.augment import Augmentation
from model_export.data.folder import SegmentationFolder
from model_export.data.native import median_size, sizes, spread
from model_export.training import published
from model_export.training.options import Options
from service.segmentation.inputs.raster import Size


def native_size(options: Options) -> Size:
    """The size (width, height) that photos are brought to: the chosen one, else what follows from the data's median.

    Raises DataError.
    """
    if options.native is not None:
        return options.native
    width, height = median_size(sizes(Path(options.data)))
    return round(width * options.enlarge), round(height * options.enlarge)


def notes(options: Options, native: Size) -> Iterator[str]:
    """What somebody who starts a run may not expect of it, a sentence each. Raises DataError."""
    if options.weights is None and options.init is None:
        yield (
            f"the network starts from nothing, all of it at a learning rate of {options.learning_rate:g}; "
            f"photos want --init street, or --weights"
        )
    if (uneven := spread(sizes(Path(options.data)), native)) is not None:
        yield uneven


def augmentation(options: Options, native: Size) -> Augmentation:
    """What training images go through. They vary around the size that the data has them at: `native` less `enlarge`."""
    width, height = (round(side / options.enlarge) for side in native)
    return Augmentation(*options.crop, options.scale_range, options.seed, reference=(width, height))


def splits(options: Options, transform: Augmentation) -> tuple[SegmentationFolder, SegmentationFolder]:
    """What to train on and what to validate on: train and val, or the two parts of train where some is held out.

    Raises DataError.
    """
    root, prefix = Path(options.data), options.hold_out
    train = SegmentationFolder(root, "train", transform)
    if prefix is None:
        return train, SegmentationFolder(root, "val")
    held = SegmentationFolder(root, "train").keep(lambda name: name.startswith(prefix))
    return train.keep(lambda name: not name.startswith(prefix)), held


def content(options: Options, train: SegmentationFolder, val: SegmentationFolder) -> dict[str, str | None]:
    """sha256 of what each option that names files stands for; None where it names nothing."""
    return {
        "data": f"{train.digest()} {val.digest()}",
        "weights": options.weights and digest(Path(options.weights)),
        "init": options.init and digest(published.locate(options.init)),
        "teacher": options.teacher and digest(Path(options.teacher)),
    }


def digest(path: Path) -> str:
    """sha256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
