"""What a run learns from: its images, and the hashes by which `resume` notices that something changed."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from model_export.data import mapping
from model_export.data.augment import Augmentation
from model_export.data.camera import Camera
from model_export.data.folder import VOID, SegmentationFolder, starting_with
from model_export.data.mapping import Choice, read_mapping
from model_export.data.mixture import Mixture
from model_export.data.native import median_size, sizes, spread
from model_export.errors import DataError, OptionError
from model_export.training import published
from model_export.training.options import Options, Source
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
    for source in options.also:
        if source.hold_out is None and not (Path(source.data) / "val").exists():
            yield f"{source.data} has no val/, so no figures come from it; hold some of its images out with hold-out="


def augmentation(options: Options, native: Size) -> Augmentation:
    """The augmentation of a run. Scales vary around the native size before it is enlarged."""
    width, height = (round(side / options.enlarge) for side in native)
    camera = Camera(
        light=options.light,
        saturation=options.saturation,
        gamma=options.gamma,
        white_balance=options.white_balance,
        blur=options.blur,
        compression=options.compression,
    )
    return Augmentation(
        *options.crop,
        options.scale_range,
        options.seed,
        reference=(width, height),
        aspect=options.aspect,
        camera=camera,
        outside=options.outside,
    )


@dataclass(frozen=True)
class Material:
    """What to train on and what to validate on.

    `target` are the training images of the first data set, whose classes the network has, and `train` those of all.
    Labels of `train` are ids of these classes; those beyond stand for one of several classes, of `several`, in order.
    `val` has, by the data set's name, what to validate on, the target's first.
    """

    target: SegmentationFolder
    train: Mixture
    several: list[Choice]
    val: dict[str, SegmentationFolder]


def gather(options: Options, transform: Augmentation) -> Material:
    """Open the data sets. Raises DataError, and OptionError where the shares leave nothing for the target."""
    left = 1 - sum(source.share for source in options.also)
    if left <= 0:
        raise OptionError(f"The shares of --also add up to {1 - left:g}: they must leave some for {options.data}.")
    sources = [Source(data=options.data, share=left, hold_out=options.hold_out), *options.also]
    if len({Path(source.data).resolve() for source in sources}) < len(sources):
        raise OptionError("A data set is given twice; give it once, with the sum of its shares.")
    parts = [splits(source, transform) for source in sources]
    folders = [train for train, _ in parts]
    target = folders[0]
    if parts[0][1] is None:
        raise DataError(f"{options.data} has no val/ to validate on: add it, or hold images out with --hold-out.")
    mappings = [read_mapping(folder.root, folder.classes, target.classes) for folder in folders]
    several = list(dict.fromkeys(choice for one in mappings for choice in one.several()))
    classes = len(target.classes.classes)
    if classes + len(several) > VOID:
        raise DataError(f"{classes} classes and {len(several)} choices between them are more than {VOID} labels.")
    val = {
        name(source.data, options): held.judging(target.classes)
        for source, (_, held) in zip(sources, parts, strict=True)
        if held is not None
    }
    for folder, one in zip(folders, mappings, strict=True):
        folder.relabel(one.ids(several, classes))
    return Material(target, Mixture(folders, [source.share for source in sources], options.seed), several, val)


def splits(source: Source, transform: Augmentation) -> tuple[SegmentationFolder, SegmentationFolder | None]:
    """What to train on and what to validate on: train and val, if there is one, or the two parts of train where some is
    held out.

    Raises DataError.
    """
    root = Path(source.data)
    train = SegmentationFolder(root, "train", transform, source.stretch)
    if source.hold_out is None:
        return train, SegmentationFolder(root, "val", stretch=source.stretch) if (root / "val").exists() else None
    is_held = starting_with(source.hold_out)
    held = SegmentationFolder(root, "train", stretch=source.stretch).keep(is_held)
    return train.keep(lambda name: not is_held(name)), held


def name(folder: str, options: Options) -> str:
    """What a data set is called in the run's figures: its folder's name, or the whole path where two have the same."""
    names = [Path(one).resolve().name for one in (options.data, *(source.data for source in options.also))]
    own = Path(folder).resolve().name
    return own if names.count(own) == 1 else folder


def content(options: Options, material: Material) -> dict[str, str | None]:
    """sha256 of what each option in FILES, and `also`, refers to; None where it is not set."""
    held = list(material.val.values())
    others = [folder.digest() for folder in (*material.train.folders[1:], *held[1:])]
    mappings = [digest(path) for source in options.also if (path := Path(source.data) / mapping.FILE).exists()]
    return {
        "data": f"{material.target.digest()} {held[0].digest()}",
        "also": " ".join((*others, *mappings)) or None,
        "weights": options.weights and digest(Path(options.weights)),
        "init": options.init and digest(published.locate(options.init)),
        "teacher": options.teacher and digest(Path(options.teacher)),
    }


def digest(path: Path) -> str:
    """sha256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
