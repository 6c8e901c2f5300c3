"""What a run learns from: its images, and the hashes by which `resume` notices that something changed."""

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
    """The size (width, height) that images are scaled to fit: the chosen one, else the data's median times `enlarge`.

    Raises DataError.
    """
    if options.native is not None:
        return options.native
    width, height = median_size(sizes(Path(options.data)))
    return round(width * options.enlarge), round(height * options.enlarge)


def notes(options: Options, native: Size) -> Iterator[str]:
    """What a user may not expect of a run with these options, a sentence each. Raises DataError."""
    if options.weights is None and options.init is None:
        yield (
            f"the network starts from nothing, all of it at a learning rate of {options.learning_rate:g}; "
            f"for photos, start from --init street or from --weights"
        )
    if (uneven := spread(sizes(Path(options.data)), native)) is not None:
        yield uneven


def augmentation(options: Options, native: Size) -> Augmentation:
    """The augmentation of a run. Scales vary around the native size before it is enlarged."""
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
    """sha256 of what each option in FILES refers to; None where it is not set."""
    return {
        "data": f"{train.digest()} {val.digest()}",
        "weights": options.weights and digest(Path(options.weights)),
        "init": options.init and digest(published.locate(options.init)),
        "teacher": options.teacher and digest(Path(options.teacher)),
    }


def digest(path: Path) -> str:
    """sha256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
