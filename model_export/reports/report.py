"""Figures as text."""

from collections.abc import Iterable, Sequence

from service.segmentation.modelfile.classes import ClassList
from service.segmentation.modelfile.contract import Contract, Evaluation, Metrics, Network


def figures(metrics: Metrics, names: Sequence[str]) -> dict[str, str]:
    """The four figures, and IU per class for these names of classes, in percent."""
    values = {
        "pixel accuracy": metrics.pixel_accuracy,
        "mean accuracy": metrics.mean_accuracy,
        "mean IU": metrics.mean_iu,
        "frequency-weighted IU": metrics.frequency_weighted_iu,
    } | {f"IU {name}": value for name, value in zip(names, metrics.iu, strict=True)}
    return {name: "-" if value is None else f"{100 * value:.2f}" for name, value in values.items()}


def judged_by(evaluation: Evaluation, classes: ClassList) -> Sequence[str]:
    """The names of the classes that a model with these classes was judged by."""
    return evaluation.classes or classes.names


def images_of(evaluation: Evaluation) -> str:
    """What was judged: 101 images of camvid, val."""
    only = "" if evaluation.only is None else f", those of {evaluation.only.replace(',', ', ')}"
    split = f"{evaluation.place}, {evaluation.split}" if evaluation.place else evaluation.split
    return f"{evaluation.images} images of {split}{only}"


def table(evaluation: Evaluation, classes: ClassList) -> str:
    """The figures of a model with these classes, a line each."""
    rows = figures(evaluation.metrics, judged_by(evaluation, classes))
    width = max(map(len, rows))
    lines = [f"{name:<{width}}  {value:>6}" for name, value in rows.items()]
    return "\n".join([f"{images_of(evaluation)}, percent", *lines])


def architecture(network: Network) -> str:
    """FCN-8s or DeconvNet, as the papers write them; others by their tag."""
    return {"fcn": f"FCN-{network.stride}s", "deconvnet": "DeconvNet"}.get(network.architecture, network.architecture)


def parity(contract: Contract) -> str:
    """How far a model file is from its source, torch or the float file."""
    measured = contract.parity
    assert measured is not None
    origin = (
        "the float file" if contract.precision == "int8" else "torch" if contract.training.epoch else "the original"
    )
    return (
        f"over {measured.images} images it differs from {origin} by at most {measured.max_score_difference:.2g} "
        f"in score, and in {measured.disagreeing_ppm:.1f} ppm of labels"
    )


def against_float(contract: Contract) -> list[str]:
    """The mean IU of an int8 file at each place beside the float file's, a line each."""
    made, first = contract.quantization, contract.evaluation
    assert made is not None
    assert made.float_mean_iu is not None
    assert first is not None
    return [
        f"mean IU on the {images_of(after)} {100 * after.metrics.mean_iu:.2f}, in float {100 * before:.2f}"
        for after, before in zip((first, *contract.elsewhere), (made.float_mean_iu, *made.elsewhere), strict=True)
    ]


def markdown(captions: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (captions, ["---"] * len(captions), *rows))
