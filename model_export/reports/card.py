"""The model card, written from the contract of a model file and from its figures on a split.

After Mitchell et al.: Model Cards for Model Reporting, 2019.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from model_export.data.folder import SegmentationFolder
from model_export.reports import plots
from model_export.reports.mosaic import coloured, errors, mosaic
from model_export.reports.predictions import predictions
from model_export.reports.reliability import Reliability
from model_export.reports.report import figures, parity
from model_export.training.metrics import Meter
from service.segmentation.modelfile.classes import ClassList
from service.segmentation.modelfile.contract import Contract, Evaluation
from service.segmentation.pipeline import Request
from service.segmentation.runtime.model import Model

FAILURES = 3
"""How many of the worst images are shown."""


@dataclass(frozen=True)
class Failure:
    """An image and its mean IU."""

    name: str
    mean_iu: float


def write(model: Model, size: int, data: SegmentationFolder, split: str, indices: Iterable[int], path: Path) -> None:
    """Write the card of a model file of `size` bytes to `path`, and its pictures beside it.

    An image that is void throughout has no mean IU, so it is not among the worst. Raises DataError.
    """
    classes = data.classes
    meter, reliability = Meter(len(classes.classes)), Reliability()
    judged: list[tuple[Failure, Image.Image, Image.Image]] = []
    for prediction in predictions(model, data, indices, Request(confidence=True)):
        reliability.add(prediction)
        labels, truth = prediction.labels, prediction.truth
        alone = Meter(len(classes.classes))
        for each in (meter, alone):
            each.add(labels, truth)
        if not alone.confusion.any():
            continue
        failure = Failure(prediction.name, alone.metrics().mean_iu)
        judged.append((failure, coloured(labels, classes), errors(labels, truth)))
        judged = sorted(judged, key=lambda case: case[0].mean_iu)[:FAILURES]
    evaluation = Evaluation(split, len(data), meter.metrics())
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = {kind: path.with_name(f"{path.stem}-{kind}.png") for kind in ("confusion", "failures")}
    plots.confusion(meter.confusion, classes, evaluation.metrics, pictures["confusion"])
    mosaic(["its labels", "wrong in red"], [case[1:] for case in judged]).quantize(64).save(pictures["failures"])
    worst = [case[0] for case in judged]
    text = compose(model, size, evaluation, reliability.sentence(), classes, worst, pictures)
    path.write_text(text, encoding="utf-8")


def compose(
    model: Model,
    size: int,
    evaluation: Evaluation,
    reliability: str,
    classes: ClassList,
    failures: list[Failure],
    pictures: dict[str, Path],
) -> str:
    contract = model.contract
    worst = ", ".join(f"{failure.name} ({100 * failure.mean_iu:.1f})" for failure in failures)
    sections = [
        f"# {contract.name}",
        contract.description,
        table(facts(model, size)),
        "## What it is for",
        contract.use,
        "## Limits",
        contract.limits,
        "## Training data and options",
        f"{contract.training.data}\n\nLicence: {contract.training.licence}",
        table(contract.training.options | {"best epoch": contract.training.epoch}),
        "## Accuracy",
        f"On the {evaluation.images} images of {evaluation.split}, through the code that serves it, in percent:",
        table(figures(evaluation.metrics, classes)),
        reliability,
        precision(contract),
        "## Which classes it confuses",
        f"![Confusion matrix]({pictures['confusion'].name})",
        "## Where it fails",
        f"The images it does worst on, with their mean IU: {worst}.",
        f"![Labels and errors of the worst images]({pictures['failures'].name})",
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def facts(model: Model, size: int) -> dict[str, object]:
    contract = model.contract
    known: dict[str, object] = {"version": contract.version}
    if contract.network is not None:
        network = contract.network
        known["network"] = f"FCN-{network.stride}s on {network.backbone}"
        known["size"] = f"{network.parameters / 1e6:.1f} million parameters, {network.macs / 1e9:.1f} GMACs an image"
    known["input"] = f"{contract.input.width}x{contract.input.height}, {contract.input.color}; photos are scaled to it"
    known["file"] = f"{size / 1e6:.1f} MB, {contract.precision}, sha256 {model.digest}"
    return known


def precision(contract: Contract) -> str:
    """What quantisation cost, and how far the file is from its source."""
    lines = []
    if contract.quantization is not None:
        made = contract.quantization
        lines.append(
            f"In float its mean IU is {100 * made.float_mean_iu:.2f}; int8 was calibrated ({made.method}) on "
            f"{made.images} training images."
        )
    if contract.parity is not None:
        lines.append(f"The file was checked when it was made: {parity(contract)}.")
    return " ".join(lines)


def table(rows: Mapping[str, object]) -> str:
    lines = [f"| {key} | {value} |" for key, value in rows.items() if value is not None]
    return "\n".join(["| | |", "|---|---|", *lines])
