"""The errors of the core. `str(error)` is one sentence for the client: what is wrong, and what to do.

A face maps the classes to its own status codes.

SegmentationError
 ├── ImageError                 the upload cannot be segmented
 │    ├── UnsupportedFormat     the file is not of an accepted format
 │    ├── FormatNotInstalled    an accepted format, but its reader is not installed
 │    ├── DamagedImage          an accepted format, but it cannot be decoded
 │    ├── UnusableScan          a readable medical file, but not one scan of grey values at known places
 │    ├── WindowNeeded          16-bit grey values that are too few to see without a window
 │    ├── TooManyParts          more segments or chunks than any image needs
 │    └── ImageTooLarge         more pixels than allowed, according to its header
 ├── PictureTooLarge            the requested output format cannot hold an image of this size
 ├── ModelError                 a model file that must not be served
 │    ├── ModelUnreadable       missing, truncated, or not an ONNX model
 │    ├── ModelTampered         its bytes differ from those that were exported
 │    ├── ContractBroken        its graph or metadata do not follow the contract
 │    └── SelfTestFailed        its output differs from the one recorded at export
 ├── ProviderMissing            the requested execution provider is not available
 ├── UnknownModel               no model of this name is served
 ├── UnknownClass               the model has no class of this name
 ├── NotForScans                the model is for pictures, and the upload is a scan
 ├── NoScores                   the model outputs labels without scores: no confidence, no heat map
 ├── InferenceFailed            the runtime failed on an image
 ├── OutOfMemory                there is not enough memory for this image at present
 ├── TooLate                    the deadline has passed
 └── Abandoned                  the client has disconnected
"""

import re


class SegmentationError(Exception):
    """The root."""


class ImageError(SegmentationError):
    """The upload cannot be segmented."""


class UnsupportedFormat(ImageError):
    """The file is not of an accepted format."""


class FormatNotInstalled(ImageError):
    """An accepted format, but its reader is not installed."""


class DamagedImage(ImageError):
    """An accepted format, but it cannot be decoded."""


class UnusableScan(ImageError):
    """A readable medical file, but not one scan of grey values at known places."""


class WindowNeeded(ImageError):
    """16-bit grey values that are too few to see without a window."""


class TooManyParts(ImageError):
    """More segments or chunks than any image needs."""


class ImageTooLarge(ImageError):
    """More pixels than allowed, according to its header."""


class PictureTooLarge(SegmentationError):
    """The requested output format cannot hold an image of this size."""


class ModelError(SegmentationError):
    """A model file that must not be served."""


class ModelUnreadable(ModelError):
    """Missing, truncated, or not an ONNX model."""


class ModelTampered(ModelError):
    """Its bytes differ from those that were exported."""


class ContractBroken(ModelError):
    """Its graph or metadata do not follow the contract."""


class SelfTestFailed(ModelError):
    """Its output differs from the one recorded at export."""


class ProviderMissing(SegmentationError):
    """The requested execution provider is not available."""


class UnknownModel(SegmentationError):
    """No model of this name is served."""


class UnknownClass(SegmentationError):
    """The model has no class of this name."""


class NotForScans(SegmentationError):
    """The model is for pictures, and the upload is a scan."""


class NoScores(SegmentationError):
    """The model outputs labels without scores: no confidence, no heat map."""


class InferenceFailed(SegmentationError):
    """The runtime failed on an image."""


class OutOfMemory(SegmentationError):
    """There is not enough memory for this image at present."""

    def __init__(self) -> None:
        super().__init__("There is not enough memory for this image at present; try again, or send a smaller one.")


class TooLate(SegmentationError):
    """The deadline has passed."""

    def __init__(self) -> None:
        super().__init__("The deadline passed before the answer was ready; allow more time, or try again later.")


class Abandoned(SegmentationError):
    """The client has disconnected."""

    def __init__(self) -> None:
        super().__init__("The client disconnected before its answer was ready.")


def code_of(error: BaseException) -> str:
    """The error's stable name: `inference_failed` of InferenceFailed."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__).lower()
