"""What is said of models and of results, whichever face says it; docs/openapi.json describes the fields."""

import msgspec

from service.segmentation.catalog import Catalog
from service.segmentation.inputs.clinical import installed
from service.segmentation.inputs.warning import ImageWarning
from service.segmentation.pipeline import Result
from service.segmentation.segmenter import Labeller


class ModelName(msgspec.Struct, frozen=True):
    """Which model it is."""

    name: str
    version: str
    digest: str


class ModelSummary(ModelName, frozen=True):
    """A model that is served. `scans`: whether it labels whole scans here, which needs the extra `clinical` too."""

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


def model_name(model: Labeller) -> ModelName:
    """A model, by its name, version and digest."""
    return ModelName(model.contract.name, model.contract.version, f"sha256:{model.digest}")


def summaries(catalog: Catalog) -> list[ModelSummary | RefusedModel]:
    """The models that are served, then the files that are not, by name."""
    refused = [RefusedModel(name, reason) for name, reason in catalog.reasons().items()]
    return [*(summary(catalog, name) for name in catalog.segmenters), *refused]


def summary(catalog: Catalog, name: str) -> ModelSummary:
    model = catalog.segmenters[name].model
    contract = model.contract
    return ModelSummary(
        name=name,
        version=contract.version,
        digest=model_name(model).digest,
        description=contract.description,
        default=name == catalog.default,
        scans=contract.for_scans and installed(),
        classes=tuple(contract.labels.names),
        licence=contract.training.licence,
        mean_iu=None if contract.evaluation is None else contract.evaluation.metrics.mean_iu,
    )


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


class Answer(msgspec.Struct, frozen=True):
    """What is known of a segmented image."""

    model: ModelName
    image: ImageFacts
    classes: tuple[ClassArea, ...]
    warnings: tuple[ImageWarning, ...]


def answer_of(result: Result) -> Answer:
    """What is known of a result."""
    photo, classes = result.photo, result.model.contract.labels.classes
    areas = zip(classes, result.areas, result.segmentation.confidence, strict=True)
    return Answer(
        model_name(result.model),
        ImageFacts(*photo.size, photo.format, photo.orientation, result.sha256),
        tuple(
            ClassArea(class_.id, class_.name, class_.color, area.pixels, area.fraction, area.mm2, confidence)
            for class_, area, confidence in areas
        ),
        result.warnings,
    )
