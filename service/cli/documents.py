"""The JSON of the service, as the command line reads and writes it; docs/openapi.json describes it in full."""

import msgspec

from service.segmentation.catalog import Catalog


class ModelSummary(msgspec.Struct, frozen=True):
    """A model that is served."""

    name: str
    version: str
    digest: str
    description: str
    default: bool
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
            classes=tuple(segmenter.model.contract.labels.names),
            licence=segmenter.model.contract.training.licence,
            mean_iu=None if (judged := segmenter.model.contract.evaluation) is None else judged.metrics.mean_iu,
        )
        for name, segmenter in catalog.segmenters.items()
    ]
