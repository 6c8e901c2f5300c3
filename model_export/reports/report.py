"""Figures as text."""

from service.segmentation.modelfile.classes import ClassList
from service.segmentation.modelfile.contract import Contract, Evaluation, Metrics


def figures(metrics: Metrics, classes: ClassList) -> dict[str, str]:
    """The four figures and IU per class by name, in percent."""
    values = {
        "pixel accuracy": metrics.pixel_accuracy,
        "mean accuracy": metrics.mean_accuracy,
        "mean IU": metrics.mean_iu,
        "frequency-weighted IU": metrics.frequency_weighted_iu,
    } | {f"IU {name}": value for name, value in zip(classes.names, metrics.iu, strict=True)}
    return {name: "-" if value is None else f"{100 * value:.2f}" for name, value in values.items()}


def table(evaluation: Evaluation, classes: ClassList) -> str:
    """The figures, a line each."""
    rows = figures(evaluation.metrics, classes)
    width = max(map(len, rows))
    lines = [f"{name:<{width}}  {value:>6}" for name, value in rows.items()]
    return "\n".join([f"{evaluation.images} images of {evaluation.split}, percent", *lines])


def parity(contract: Contract) -> str:
    """How far a model file is from its source, torch or the float file."""
    measured = contract.parity
    assert measured is not None
    origin = "the float file" if contract.precision == "int8" else "torch"
    return (
        f"over {measured.images} images it differs from {origin} by at most {measured.max_score_difference:.2g} "
        f"in score, and in {measured.disagreeing_ppm:.1f} ppm of labels"
    )
