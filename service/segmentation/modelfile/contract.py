"""What a model file says of itself: one JSON document in the ONNX metadata, under `METADATA_KEY`.

The graph takes `image`, uint8 [N, H, W, 3], RGB, H and W multiples of the stride, and gives `labels`, uint8
[N, H, W]. It may also give `scores`, [N, classes * f * f, H / f, W / f]: the logits whose greatest is the label, the
f * f places of a class in a row, as depth-to-space (pixel shuffle) takes them; f may be 1. They are float32, or uint8
where the document has their `scale`. They are there anyway, so they cost nothing where nobody asks for them; what
follows from them is computed outside the graph, since onnxruntime (1.32) computes every output of a graph at every run.
"""

from itertools import pairwise
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from service.segmentation.modelfile.classes import ClassList, Color

METADATA_KEY = "fcn_serve"
UNSEALED = "0" * 64

Labels = np.ndarray[tuple[int, int], np.dtype[np.uint8]]
"""uint8 [H, W]: a class id per pixel."""

Pixels = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]
"""uint8 [H, W, 3]: RGB."""

Scores = np.ndarray[tuple[int, int, int], np.dtype[np.float32]]
"""float32 [classes, H, W]: logits."""

Side = Annotated[int, msgspec.Meta(ge=1, le=16384)]
Millimetres = Annotated[float, msgspec.Meta(gt=0, le=1000)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Temperature = Annotated[float, msgspec.Meta(ge=0.01, le=100)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}\Z")]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class Scan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The axial slices that a model for scans was trained on: `spacing` mm from pixel to pixel.

    `slices`: 3 if the channels are the slice to be labelled between its neighbours below and above, `slice_spacing` mm
    apart; 1 if they are that slice three times.
    """

    spacing: Millimetres
    slices: Literal[1, 3] = 3
    slice_spacing: Millimetres = 1.0


class Input(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an image is made to fit: `width` and `height` are those of the images it was trained on; sides are multiples
    of `stride`; `padding` is the colour that lay outside of an image in training; `color` is whether it sees colours;
    `scan` is there if the model is for scans; `fixed` if the network takes no other size, so that every image is padded
    to it."""

    width: Side
    height: Side
    stride: Annotated[int, msgspec.Meta(ge=1, le=256)]
    padding: Color
    color: Literal["rgb", "grey"] = "rgb"
    scan: Scan | None = None
    fixed: bool = False


class Metrics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The four figures of Long, Shelhamer and Darrell 2015, section 5, and IU per class in id order.

    Void is in none of the sums. A class that is neither in truth nor predicted has no IU, None.
    """

    pixel_accuracy: Share
    mean_accuracy: Share
    mean_iu: Share
    frequency_weighted_iu: Share
    iu: tuple[Share | None, ...]


class Evaluation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Metrics, and what they were measured on: a data set's `split`, or the images of it whose names start with `only`,
    or with one of several, A,B.

    `place` is the data set's name; older files have none. `classes` are those that the metrics are of, where they are
    not the model's.
    """

    split: str
    images: int
    metrics: Metrics
    place: str = ""
    only: str | None = None
    classes: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.classes is not None and len(self.classes) != len(self.metrics.iu):
            raise ValueError("an evaluation has an IU for each of its classes")


class Parity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far this file was from the trained network when it was made, on real images; an int8 file, from the float
    one."""

    images: int
    max_score_difference: float
    disagreeing_ppm: float


class Quantization(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How float became int8: the calibration `method`, the images it saw, and what the float file scored on the images
    of `evaluation`, and on those of each evaluation `elsewhere`. Where there were no labels to score by, `agreement` is
    the share of pixels of other photos to which int8 gives the float file's label."""

    method: str
    images: int
    float_mean_iu: Share | None
    elsewhere: tuple[Share, ...] = ()
    agreement: Share | None = None


class Network(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An `architecture` on `backbone` with scores at `stride`: an fcn of stride 8 is an FCN-8s. Files of before there
    were others have no architecture. One from elsewhere has no backbone. `macs` are the multiply-accumulates of one
    image of the native size, padded, where they were counted."""

    backbone: str
    stride: int
    parameters: int
    macs: int | None
    architecture: str = "fcn"


class Training(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the weights come from. `options` are the training run's; `weights_sha256` is of the trained weights."""

    data: str
    licence: str
    options: dict[str, Any]
    epoch: int
    weights_sha256: Sha256


class Distribution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How shares, 0..1, are distributed: `bins` of them lie below, between and above the ascending `edges`, and sum to
    1. A share that equals an edge lies below it."""

    mean: Share
    edges: tuple[Share, ...]
    bins: tuple[Share, ...]

    def __post_init__(self) -> None:
        if len(self.bins) != len(self.edges) + 1 or abs(sum(self.bins) - 1) > 0.01:
            raise ValueError("a distribution has a bin more than edges, and its bins sum to 1")
        if any(low >= high for low, high in pairwise(self.edges)):
            raise ValueError("the edges of a distribution ascend")


class Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the `images` at a place of validation consist of, for comparison with those that are served.

    `shares`: of each class, by its name, in an image. Of a model for scans it is in a slice, of what is not background,
    which has none here. `confidence`: the mean probability of an image's labels; None without scores.
    """

    place: str
    images: Annotated[int, msgspec.Meta(ge=1)]
    shares: dict[str, Distribution]
    confidence: Distribution | None = None


class Scale(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A logit is `step * (integer - zero)`."""

    step: Annotated[float, msgspec.Meta(gt=0)]
    zero: Annotated[int, msgspec.Meta(ge=0, le=255)]


class Golden(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A picture like those the model is for, and what must come out for it; `golden.py` says how it is judged.

    `picture`: a lossless WebP or PNG in base64, sides multiples of the stride. `labels`: torch's label of every pixel;
    `agreement`: the share of them that this file's network gave when it was exported. `scores`: what the file's network
    gave then, a byte for every third pixel of every third row, class by class; `scale` says what the bytes mean. Labels
    and scores are base64 of zlib of their bytes. A network without scores has none here.
    """

    picture: str
    labels: str
    agreement: Share
    scores: str | None = None
    scale: Scale | None = None

    def __post_init__(self) -> None:
        if (self.scores is None) != (self.scale is None):
            raise ValueError("golden scores and their scale come together")


class Contract(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document. `format` is its version; `seal` is the sha256 that `seal.py` explains; `use` and `limits` are what
    the model is for and what it must not be trusted with, in sentences for people; `scale` is there where the graph
    gives its scores in integers; `elsewhere` has evaluations on further data sets; `references` are there where the
    drift of what is served is to be measured.

    Logits are divided by `temperature` before the softmax, so that a probability says how often a class is right (Guo,
    Pleiss, Sun and Weinberger 2017: On Calibration of Modern Neural Networks). Labels do not depend on it. It is 1
    where none was fitted.
    """

    format: Literal[2]
    name: Name
    version: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    description: str
    precision: Literal["float32", "int8"]
    labels: ClassList
    input: Input
    training: Training
    evaluation: Evaluation | None
    parity: Parity | None
    golden: Golden
    quantization: Quantization | None = None
    scale: Scale | None = None
    temperature: Temperature = 1.0
    network: Network | None = None
    elsewhere: tuple[Evaluation, ...] = ()
    references: tuple[Reference, ...] = ()
    use: str = ""
    limits: str = ""
    seal: Sha256 = UNSEALED

    def __post_init__(self) -> None:
        if any(not reference.shares.keys() <= set(self.labels.names) for reference in self.references):
            raise ValueError("a reference is of the model's own classes")

    @property
    def architecture(self) -> str:
        """The tag of the network's architecture; older files have none, and are FCNs."""
        return "fcn" if self.network is None else self.network.architecture

    @property
    def for_scans(self) -> bool:
        """Whether the model is for scans, and not for pictures."""
        return self.input.scan is not None
