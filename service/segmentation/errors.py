"""Everything the core refuses, each with one sentence for the caller. Status codes are the face's business.

SegmentationError
 ├── ImageError                 the upload
 │    ├── UnsupportedFormat     not an image of an accepted format
 │    ├── DamagedImage          the right format, but it cannot be decoded
 │    ├── TooManyParts          more segments or chunks than any picture needs
 │    └── ImageTooLarge         more pixels than allowed, told from the header alone
 ├── PictureTooLarge            the answer's format cannot hold a picture of this size
 ├── ModelError                 a model file that must not be served
 │    ├── ModelUnreadable       missing, truncated, or not an ONNX model
 │    ├── ModelTampered         its bytes are not those that were exported
 │    ├── ContractBroken        its graph or metadata are not what this service serves
 │    └── SelfTestFailed        it does not give the answer that was recorded when it was exported
 ├── ProviderMissing            the processor or accelerator asked for is not there
 ├── UnknownModel               no model of this name is served
 ├── UnknownClass               the model tells no class of this name apart
 ├── NoScores                   the model gives labels alone, so nothing can be said of how sure it is
 ├── InferenceFailed            the runtime gave up on an image
 ├── OutOfMemory                there is not enough for this image now
 ├── TooLate                    the time that the caller gave is over
 └── Abandoned                  nobody waits for the answer any more
"""


class SegmentationError(Exception):
    """The root: `str(error)` is a sentence fit for the caller."""


class ImageError(SegmentationError):
    """The upload cannot be segmented."""


class UnsupportedFormat(ImageError):
    """Not an image of an accepted format."""


class DamagedImage(ImageError):
    """The right format, but it cannot be decoded."""


class TooManyParts(ImageError):
    """More segments or chunks than any picture needs."""


class ImageTooLarge(ImageError):
    """More pixels than allowed, told from the header alone."""


class PictureTooLarge(SegmentationError):
    """The answer's format cannot hold a picture of this size."""


class ModelError(SegmentationError):
    """A model file that must not be served."""


class ModelUnreadable(ModelError):
    """Missing, truncated, or not an ONNX model."""


class ModelTampered(ModelError):
    """Its bytes are not those that were exported."""


class ContractBroken(ModelError):
    """Its graph or metadata are not what this service serves."""


class SelfTestFailed(ModelError):
    """It does not give the answer that was recorded when it was exported."""


class ProviderMissing(SegmentationError):
    """The processor or accelerator asked for is not there."""


class UnknownModel(SegmentationError):
    """No model of this name is served."""


class UnknownClass(SegmentationError):
    """The model tells no class of this name apart."""


class NoScores(SegmentationError):
    """The model gives labels alone, so nothing can be said of how sure it is."""


class InferenceFailed(SegmentationError):
    """The runtime gave up on an image."""


class OutOfMemory(SegmentationError):
    """There is not enough for this image now."""

    def __init__(self) -> None:
        super().__init__("There is not enough memory for this image now; try again in a moment, or send a smaller one.")


class TooLate(SegmentationError):
    """The time that the caller gave is over."""

    def __init__(self) -> None:
        super().__init__("The answer could not be given in time; ask again, for more time or when less is going on.")


class Abandoned(SegmentationError):
    """Nobody waits for the answer any more."""

    def __init__(self) -> None:
        super().__init__("Nobody waits for this answer.")
