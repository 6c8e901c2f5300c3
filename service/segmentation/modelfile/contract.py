"""What a model file says of itself: one JSON document in the ONNX metadata, under `METADATA_KEY`.

The graph takes `image`, uint8 [N, H, W, 3], RGB, H and W multiples of the stride, and gives `labels`, uint8
[N, H, W]. It may also give `scores`, [N, classes * f * f, H / f, W / f]: the logits whose greatest is the label, the
f * f places of a class in a row, as depth-to-space (pixel shuffle) takes them; f may be 1. They are float32, or uint8
where the document has their `scale`. They are there anyway, so they cost nothing where nobody asks for them; what
follows from them is computed outside the graph, since onnxruntime (1.32) computes every output of a graph at every run.
"""

import base64
import binascii
import zlib
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
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class Input(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an image is made to fit: `width` and `height` are those of the photos it was trained on; sides are multiples
    of `stride`; `padding` is the colour that lay outside of a photo in training; `color` is whether it sees colours."""

    width: Side
    height: Side
    stride: Annotated[int, msgspec.Meta(ge=1, le=256)]
    padding: Color
    color: Literal["rgb", "grey"] = "rgb"


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
    """Metrics, and what they were measured on."""

    split: str
    images: int
    metrics: Metrics


class Parity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far this file was from the trained network when it was made, on real images; an int8 file, from the float
    one."""

    images: int
    max_score_difference: float
    disagreeing_ppm: float


class Quantization(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How float became int8: the calibration `method`, the training images it saw, and what the float file scored on
    the images of `evaluation`."""

    method: str
    images: int
    float_mean_iu: Share


class Network(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An FCN-`stride`s on `backbone`; `macs` are the multiply-accumulates of one image of the native size, padded."""

    backbone: str
    stride: int
    parameters: int
    macs: int


class Training(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the weights come from. `options` are the training run's; `weights_sha256` is of the trained weights."""

    data: str
    licence: str
    options: dict[str, Any]
    epoch: int
    weights_sha256: Sha256


class Golden(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The labels expected of `pattern(width, height)`: base64 of zlib of their bytes, row by row."""

    width: Side
    height: Side
    labels: str

    def expected(self) -> Labels:
        """uint8 [height, width]. Raises ValueError where the text is not what `record` wrote."""
        try:
            flat = np.frombuffer(zlib.decompress(base64.b64decode(self.labels)), np.uint8)
        except (binascii.Error, zlib.error) as error:
            raise ValueError(f"the golden labels cannot be read: {error}") from error
        return flat.reshape(self.height, self.width)

    @classmethod
    def record(cls, labels: Labels) -> "Golden":
        text = base64.b64encode(zlib.compress(labels.tobytes())).decode()
        return cls(width=labels.shape[1], height=labels.shape[0], labels=text)


class Scale(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A logit is `step * (integer - zero)`."""

    step: Annotated[float, msgspec.Meta(gt=0)]
    zero: Annotated[int, msgspec.Meta(ge=0, le=255)]


class Contract(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document. `format` is its version; `seal` is the sha256 that `seal.py` explains; `use` and `limits` are what
    the model is for and what it must not be trusted with, in sentences for people; `scale` is there where the graph
    gives its scores in integers."""

    format: Literal[1]
    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}\Z")]
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
    network: Network | None = None
    use: str = ""
    limits: str = ""
    seal: Sha256 = UNSEALED


def pattern(width: int, height: int) -> Pixels:
    """The golden input: blocks of colour by integer arithmetic alone, the same on every machine."""
    y, x, channel = np.indices((height, width, 3))
    blocks: Pixels = ((x // 8 * 37 + y // 8 * 91 + channel * 61) % 256).astype(np.uint8)
    return blocks
