"""Answers about the models of a catalog and about results, whichever face gives them."""

from collections.abc import Iterator
from itertools import chain, repeat

from service.answers import (
    Answer,
    ClassArea,
    ImageFacts,
    LowConfidence,
    ModelName,
    ModelSummary,
    RefusedModel,
    Region,
    RunLengths,
)
from service.segmentation.catalog import Catalog
from service.segmentation.inputs.clinical import installed
from service.segmentation.pipeline import Result
from service.segmentation.segmenter import Labeller


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


def answer_of(result: Result) -> Answer:
    """What is known of a result."""
    photo, low = result.photo, result.segmentation.certainty.low_confidence
    return Answer(
        model_name(result.model),
        ImageFacts(*photo.size, photo.format, photo.orientation, result.sha256),
        tuple(class_areas(result)),
        result.warnings,
        None if low is None else LowConfidence(low.threshold, low.fraction),
    )


def class_areas(result: Result) -> Iterator[ClassArea]:
    """What is known of each class, in id order."""
    segmentation, rle, regions = result.segmentation, result.geometry.rle, regions_in(result)
    low = segmentation.certainty.low_confidence
    for class_, area in zip(result.model.contract.labels.classes, result.areas, strict=True):
        yield ClassArea(
            id=class_.id,
            name=class_.name,
            color=class_.color,
            pixels=area.pixels,
            fraction=area.fraction,
            area_mm2=area.mm2,
            confidence=segmentation.confidence[class_.id],
            regions=None if regions is None else regions.get(class_.id, []),
            rle=None if rle is None else RunLengths(result.labels.shape, rle[class_.id]),
            low_confidence=None if low is None else low.classes[class_.id],
        )


def regions_in(result: Result) -> dict[int, list[Region]] | None:
    """The regions of each class that has some, the largest first; None where there are none to tell of."""
    found, polygons = result.geometry.regions, result.geometry.polygons or []
    if found is None:
        return None
    pixel = None if result.spacing is None else result.spacing.row * result.spacing.column
    outlines = chain(([ring.tolist() for ring in polygon] for polygon in polygons), repeat(None))
    of_class: dict[int, list[Region]] = {}
    for class_id, pixels, box, (x, y), polygon in zip(
        found.classes.tolist(),
        found.pixels.tolist(),
        found.boxes.tolist(),
        found.centroids.round(2).tolist(),
        outlines,
        strict=False,
    ):
        region = Region(pixels, None if pixel is None else pixels * pixel, tuple(box), (x, y), polygon)
        of_class.setdefault(class_id, []).append(region)
    return of_class
