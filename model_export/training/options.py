"""The options of a training run, each with its default and its meaning. The command line is generated from them."""

import logging
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from model_export.data.outside import OUTSIDE

Side = Annotated[int, Meta(ge=1)]
CropSide = Annotated[int, Meta(ge=32, multiple_of=32)]
Factor = Annotated[float, Meta(ge=0.1)]

log = logging.getLogger("fcn_serve.training")


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A data set to train on: its folder, its share of the crops, the size (width, height) that its photos were
    squashed from, if they were, and the prefixes, separated by commas, of the training images to validate on."""

    data: str
    share: Annotated[float, Meta(gt=0, lt=1)]
    stretch: tuple[Side, Side] | None = None
    hold_out: str | None = None


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides what a run computes. It is kept with the run, in its checkpoints and in the model file.

    Sizes are (width, height), in pixels.
    """

    data: Annotated[str, Meta(description="Folder with classes.json, train/, val/, each with images/ and labels/.")]
    also: Annotated[
        tuple[Source, ...],
        Meta(
            description="Another data set to train on, and its share of the crops, between 0 and 1; may be repeated. "
            "If its classes are others, its mapping.json says which of DATA's each one may be."
        ),
    ] = ()
    architecture: Annotated[
        Literal["fcn", "deconvnet"],
        Meta(description="fcn, or deconvnet: a decoder that mirrors the backbone, which must be a VGG."),
    ] = "fcn"
    backbone: Annotated[str, Meta(description="Backbone of the network; timm:NAME for one of timm.")] = "mobilenetv2"
    stride: Annotated[
        Literal[4, 8, 16, 32],
        Meta(description="4, 8, 16 or 32: FCN-4s, FCN-8s, FCN-16s or FCN-32s. A DeconvNet has none."),
    ] = 8
    weights: Annotated[str | None, Meta(description="File of ImageNet weights to start the backbone from.")] = None
    init: Annotated[
        str | None,
        Meta(description="Weights to start from: `street`, `street-small`, a file of `publish`, a run's best.pt."),
    ] = None
    epochs: Annotated[int, Meta(ge=1, description="Passes over the training images.")] = 40
    validations: Annotated[int, Meta(ge=1, description="How often a run validates.")] = 6
    batch_size: Annotated[int, Meta(ge=2, description="Images in each step.")] = 8
    crop: Annotated[
        tuple[CropSide, CropSide], Meta(description="Size of the part of a photo that is trained on; multiples of 32.")
    ] = (448, 352)
    scale_range: Annotated[
        tuple[Factor, Factor],
        Meta(description="Smallest and largest factor that photos are scaled by, at random, before they are cropped."),
    ] = (0.75, 2.0)
    aspect: Annotated[
        float, Meta(ge=0, le=1, description="Most that crops are stretched in one direction, as a logarithm.")
    ] = 0.0
    light: Annotated[
        float, Meta(ge=0, le=1, description="Most that brightness and contrast of crops change, as a share.")
    ] = 0.3
    saturation: Annotated[
        float, Meta(ge=0, le=1, description="Most that the saturation of crops changes, as a share.")
    ] = 0.3
    gamma: Annotated[
        float, Meta(ge=0, le=1, description="Most that the exponent of the tone curve changes, as a logarithm.")
    ] = 0.0
    white_balance: Annotated[
        float, Meta(ge=0, le=1, description="Most that the gain of each colour changes, as a logarithm.")
    ] = 0.0
    blur: Annotated[float, Meta(ge=0, le=1, description="Share of the crops that are blurred.")] = 0.0
    compression: Annotated[float, Meta(ge=0, le=1, description="Share of the crops that are compressed as JPEG.")] = 0.0
    outside: Annotated[
        str, Meta(pattern=r"^#[0-9a-f]{6}\Z", description="Colour outside of photos; for scans black, #000000.")
    ] = OUTSIDE
    native: Annotated[
        tuple[Side, Side] | None,
        Meta(description="Size that images are scaled to fit, in validation and in service; default: the median."),
    ] = None
    enlarge: Annotated[
        float, Meta(ge=0.25, le=4, description="Factor between the data's median size and the default of `native`.")
    ] = 1.0
    learning_rate: Annotated[float, Meta(gt=0, description="Peak learning rate of layers that start anew.")] = 1e-3
    pretrained_learning_rate: Annotated[
        float, Meta(gt=0, description="Peak learning rate of layers whose weights were loaded.")
    ] = 2e-4
    weight_decay: Annotated[
        float, Meta(ge=0, description="AdamW's weight decay; norms, biases and deconvolutions have none.")
    ] = 0.03
    max_gradient_norm: Annotated[float, Meta(gt=0, description="Gradients are clipped to this norm.")] = 5.0
    ema_decay: Annotated[
        float, Meta(ge=0, lt=1, description="Decay per step of the averaged weights, which are the ones kept.")
    ] = 0.99
    freeze: Annotated[
        bool, Meta(description="Keep the first layers and the norms' statistics of a loaded backbone as they are.")
    ] = True
    fixed_deconvolutions: Annotated[bool, Meta(description="Leave the deconvolutions bilinear interpolations.")] = False
    aux_loss_weight: Annotated[float, Meta(ge=0, description="Weight of the losses at coarser strides.")] = 0.3
    lovasz_weight: Annotated[float, Meta(ge=0, description="Weight of the Lovasz-softmax loss.")] = 0.0
    teacher: Annotated[str | None, Meta(description="best.pt of a network to learn from as well.")] = None
    distillation_weight: Annotated[float, Meta(ge=0, description="Weight of the loss against the teacher.")] = 1.0
    hold_out: Annotated[
        str | None,
        Meta(
            description="Validate on the training images whose names start with this, or with one of several (A,B), "
            "instead of on val."
        ),
    ] = None
    seed: Annotated[int, Meta(description="Seed of everything random.")] = 0


FILES = ("data", "weights", "init", "teacher")
"""Options that name files, as the data sets of `also` do. A resumed run compares their content, not their names."""


def without_files(options: Options) -> Options:
    """The options that do not name files."""
    also = tuple(msgspec.structs.replace(source, data="") for source in options.also)
    return msgspec.structs.replace(options, data="", weights=None, init=None, teacher=None, also=also)


SIZES = ("crop", "native")
"""Options that are sizes."""

FORMER = {
    "batch": "batch_size",
    "scale": "enlarge",
    "rate": "learning_rate",
    "backbone_rate": "pretrained_learning_rate",
    "decay": "weight_decay",
    "average": "ema_decay",
    "fixed": "fixed_deconvolutions",
    "deep": "aux_loss_weight",
    "lovasz": "lovasz_weight",
    "distil": "distillation_weight",
}
"""Earlier names, as older checkpoints and model files have them."""

PAIRS = {"crop": ("crop_width", "crop_height"), "scale_range": ("smallest", "largest")}
"""Options that were two."""


def read(document: Mapping[str, Any]) -> Options:
    """Options as this version or an earlier one wrote them; unknown ones are ignored with a warning.

    Raises msgspec.ValidationError where a value is invalid.
    """
    known = {FORMER.get(name, name): value for name, value in document.items()}
    for name, (first, second) in PAIRS.items():
        if first in known and second in known:
            known[name] = (known.pop(first), known.pop(second))
    unknown = sorted(known.keys() - set(Options.__struct_fields__))
    if unknown:
        log.warning("options of another version are ignored: %s", ", ".join(unknown))
    return msgspec.convert(known, Options)
