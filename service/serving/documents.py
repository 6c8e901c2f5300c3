"""Answers about the models of a catalog and about results, whichever face gives them."""

from service.answers import Answer, ClassArea, ImageFacts, ModelName, ModelSummary, RefusedModel
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
