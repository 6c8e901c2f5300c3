"""The JSON of the service, as the command line reads and writes it; docs/openapi.json describes it in full."""

import msgspec

from service.segmentation.catalog import Catalog
from service.segmentation.pipeline import Result


class ModelSummary(msgspec.Struct, frozen=True):
    """A model that is served."""

    name: str
    version: str
    digest: str
    description: str
    default: bool
    scans: bool
    classes: tuple[str, ...]
    licence: str
    mean_iu: float | None


class RefusedModel(msgspec.Struct, frozen=True):
    """A model file that is not served, and why."""

    name: str
    refused: str


def summaries(catalog: Catalog) -> list[ModelSummary]:
    """The models of a catalog, in name order."""
    return [
        ModelSummary(
            name=name,
            version=segmenter.model.contract.version,
            digest=f"sha256:{segmenter.model.digest}",
            description=segmenter.model.contract.description,
            default=name == catalog.default,
            scans=segmenter.model.contract.input.scan is not None,
            classes=tuple(segmenter.model.contract.labels.names),
            licence=segmenter.model.contract.training.licence,
            mean_iu=None if (judged := segmenter.model.contract.evaluation) is None else judged.metrics.mean_iu,
        )
        for name, segmenter in catalog.segmenters.items()
    ]


class ModelName(msgspec.Struct, frozen=True):
    """The model that segmented an image."""

    name: str
    version: str
    digest: str


class ImageFacts(msgspec.Struct, frozen=True):
    """The upload; its size is that after its EXIF orientation was applied."""

    width: int
    height: int
    format: str
    orientation: int
    sha256: str


class ClassArea(msgspec.Struct, frozen=True):
    """The area of one class."""

    id: int
    name: str
    color: str
    pixels: int
    fraction: float
    area_mm2: float | None
    confidence: float | None


class Peculiarity(msgspec.Struct, frozen=True):
    """What is odd about the image."""

    code: str
    detail: str


class Answer(msgspec.Struct, frozen=True):
    """What is known of a segmented image; `file` is its name, which the service is not told."""

    model: ModelName
    image: ImageFacts
    classes: tuple[ClassArea, ...]
    warnings: tuple[Peculiarity, ...]
    file: str = ""


class Segmented(msgspec.Struct, frozen=True):
    """An image's answer and its pictures: the mask as an indexed PNG, the overlay as WebP."""

    answer: Answer
    mask: bytes
    overlay: bytes | None


def answer_of(result: Result) -> Answer:
    """What the service would answer."""
    contract, photo = result.model.contract, result.photo
    areas = zip(contract.labels.classes, result.areas, result.segmentation.confidence, strict=True)
    return Answer(
        ModelName(contract.name, contract.version, f"sha256:{result.model.digest}"),
        ImageFacts(*photo.size, photo.format, photo.orientation, result.sha256),
        tuple(
            ClassArea(
                class_.id,
                class_.name,
                class_.color,
                area.pixels,
                area.fraction,
                area.mm2,
                confidence if area.pixels else None,
            )
            for class_, area, confidence in areas
        ),
        tuple(Peculiarity(warning.code, warning.detail) for warning in result.warnings),
    )
