"""The model card, written from the contract of a model file and from its figures on a split.

After Mitchell et al.: Model Cards for Model Reporting, 2019.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from model_export.data.place import Place
from model_export.reports import plots
from model_export.reports.calibration import Calibration, calibrations
from model_export.reports.evaluate import Track, evaluate
from model_export.reports.mosaic import coloured, errors, mosaic
from model_export.reports.predictions import Prediction
from model_export.reports.reliability import Reliability
from model_export.reports.report import architecture, figures, images_of, markdown, parity
from model_export.reports.sizes import Objects, explained
from model_export.training.metrics import Meter
from service.segmentation.modelfile.classes import ClassList
from service.segmentation.modelfile.contract import Contract, Evaluation
from service.segmentation.request import Request
from service.segmentation.runtime.model import Model

FAILURES = 3
"""How many of the worst images are shown."""

NEARLY_ALL = 0.99
"""An image that is of one class to this share shows little of what goes wrong."""


@dataclass(frozen=True)
class Failure:
    """An image and its mean IU, its labels in colours, and where they are wrong."""

    name: str
    mean_iu: float
    pictures: tuple[Image.Image, Image.Image]


class Visit:
    """What the predictions at one place show, beside its figures. `calibration` is of a model with scores."""

    def __init__(self, classes: ClassList, calibration: Calibration | None) -> None:
        self.calibration = calibration
        self.meter, self.reliability, self.objects = Meter(len(classes.classes)), Reliability(), Objects(classes)
        self.classes = classes
        self.worst: list[Failure] = []

    def add(self, prediction: Prediction) -> None:
        """An image that is void throughout, or nearly all of one class, is not among the worst."""
        self.reliability.add(prediction)
        self.objects.add(prediction)
        labels, truth = prediction.labels, prediction.truth
        alone = Meter(len(self.classes.classes))
        for each in (self.meter, alone):
            each.add(labels, truth)
        truths = alone.confusion.sum(axis=1)
        if truths.max() < NEARLY_ALL * truths.sum():
            pictures = coloured(labels, self.classes), errors(labels, truth)
            self.worst.append(Failure(prediction.name, alone.metrics().mean_iu, pictures))
            self.worst = sorted(self.worst, key=lambda failure: failure.mean_iu)[:FAILURES]


def write(model: Model, size: int, places: Sequence[Place], path: Path, track: Track = range) -> None:
    """Write the card of a model file of `size` bytes to `path`, and its pictures beside it. Raises DataError."""
    visits: list[tuple[Evaluation, Visit]] = []
    for place in places:
        calibration = calibrations(model, place, [model.contract.temperature], track)[0] if model.has_scores else None
        visit = Visit(place.judged(model.contract.labels).classes, calibration)
        visits.append((evaluate(model, place, track, visit.add, Request(confidence=True)), visit))
    path.parent.mkdir(parents=True, exist_ok=True)
    first, seen = visits[0]
    confusion = path.with_name(f"{path.stem}-confusion.png")
    plots.confusion(seen.meter.confusion, seen.classes, first.metrics, confusion)
    numbers = ["", *(f"-{number}" for number in range(2, len(visits) + 1))]
    failures = [path.with_name(f"{path.stem}-failures{number}.png") for number in numbers]
    for (_, visit), picture in zip(visits, failures, strict=True):
        mosaic(["its labels", "wrong in red"], [case.pictures for case in visit.worst]).quantize(64).save(picture)
    path.write_text(compose(model, size, visits, confusion, failures), encoding="utf-8")


def compose(
    model: Model, size: int, visits: Sequence[tuple[Evaluation, Visit]], confusion: Path, failures: Sequence[Path]
) -> str:
    contract = model.contract
    first = visits[0][0]
    sections = [
        *opening(model, size, "Training data and options"),
        trained_on(contract.training.options),
        table(options(contract.training.options) | {"best epoch": contract.training.epoch}),
        "## Accuracy",
        "Where it was judged, through the code that serves it, in percent:",
        judged_at(contract, [evaluation for evaluation, _ in visits]),
        precision(contract),
        explained(),
        *(section for evaluation, visit in visits for section in at(evaluation, visit)),
        "## Which classes it confuses",
        f"On the {images_of(first)}:",
        f"![Confusion matrix]({confusion.name})",
        "## Where it fails",
        *(section for visit, picture in zip(visits, failures, strict=True) for section in worst(*visit, picture)),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def opening(model: Model, size: int, training: str) -> list[str]:
    """What every card begins with, up to the data and the licence, under the heading `training`."""
    contract = model.contract
    return [
        f"# {contract.name}",
        contract.description,
        table(facts(model, size)),
        "## What it is for",
        contract.use,
        "## Limits",
        contract.limits,
        f"## {training}",
        f"{contract.training.data}\n\nLicence: {contract.training.licence}",
    ]


def at(evaluation: Evaluation, visit: Visit) -> list[str]:
    """What there is to say of one place."""
    return [
        f"### {evaluation.place}",
        f"On the {images_of(evaluation)}:",
        table(figures(evaluation.metrics, visit.classes.names)),
        visit.reliability.sentence(),
        "" if visit.calibration is None else visit.calibration.sentence(),
        visit.objects.table(),
    ]


def worst(evaluation: Evaluation, visit: Visit, picture: Path) -> list[str]:
    named = ", ".join(f"{failure.name} ({100 * failure.mean_iu:.1f})" for failure in visit.worst)
    return [
        f"The images of {evaluation.place} it does worst on, with their mean IU: {named}.",
        f"![Labels and errors of the worst images]({picture.name})",
    ]


def judged_at(contract: Contract, evaluations: Sequence[Evaluation]) -> str:
    """The figures at each place; of an int8 file, beside the mean IU that its float file has there."""
    known = zip((contract.evaluation, *contract.elsewhere), floats(contract), strict=False)
    before = {images_of(one): f"{100 * mean_iu:.2f}" for one, mean_iu in known if one is not None}
    rows = [
        [
            images_of(one),
            f"{100 * one.metrics.mean_iu:.2f}",
            f"{100 * one.metrics.pixel_accuracy:.2f}",
            before.get(images_of(one), "-"),
        ]
        for one in evaluations
    ]
    captions = ["where", "mean IU", "pixel accuracy", "mean IU in float"]
    columns = len(captions) if before else -1
    return markdown(captions[:columns], [row[:columns] for row in rows])


def floats(contract: Contract) -> tuple[float, ...]:
    """The mean IU of the float file at each place; of a float file none."""
    made = contract.quantization
    return () if made is None or made.float_mean_iu is None else (made.float_mean_iu, *made.elsewhere)


def trained_on(options: Mapping[str, Any]) -> str:
    """The data sets of a training, where there were several, and their shares of it."""
    also = options.get("also", ())
    if not also:
        return ""
    first = {"data": options["data"], "share": 1 - sum(one["share"] for one in also), "hold_out": options["hold_out"]}
    rows = [
        [
            one["data"],
            f"{100 * one['share']:.0f} %",
            "x".join(map(str, one.get("stretch") or ())) or "-",
            (one.get("hold_out") or "-").replace(",", ", "),
        ]
        for one in (first, *also)
    ]
    return markdown(["data set", "share of the crops", "stretched to", "held out"], rows)


def options(known: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a training, without those of `trained_on`, and sizes as one writes them."""
    shown = {name: value for name, value in known.items() if name != "also"}
    if known.get("also"):
        shown = {name: value for name, value in shown.items() if name not in ("data", "hold_out")}
    return {name: ", ".join(map(str, one)) if isinstance(one, list | tuple) else one for name, one in shown.items()}


def facts(model: Model, size: int) -> dict[str, object]:
    contract = model.contract
    known: dict[str, object] = {"version": contract.version}
    if contract.network is not None:
        network = contract.network
        known["network"] = " on ".join(filter(None, (architecture(network), network.backbone)))
        macs = "" if network.macs is None else f", {network.macs / 1e9:.1f} GMACs an image"
        known["size"] = f"{network.parameters / 1e6:.1f} million parameters{macs}"
    known["input"] = f"{contract.input.width}x{contract.input.height}, {contract.input.color}; photos are scaled to it"
    known["temperature"] = temperature(contract)
    known["references"] = references(contract)
    known["file"] = f"{size / 1e6:.1f} MB, {contract.precision}, sha256 {model.digest}"
    return known


def temperature(contract: Contract) -> str:
    """What the logits are divided by, so that probabilities say how often the model is right."""
    if contract.golden.scores is None:
        return "none: it gives labels alone, without probabilities"
    return f"{contract.temperature:g}" if contract.temperature != 1 else "none: probabilities are the network's own"


def references(contract: Contract) -> str:
    """The images that the service compares with those it is sent."""
    images = "slices" if contract.for_scans else "images"
    known = ", ".join(f"{one.images} {images} of {one.place}" for one in contract.references)
    return known or "none: the service does not measure the drift of what it is sent"


def precision(contract: Contract) -> str:
    """What quantisation cost, and how far the file is from its source."""
    lines = []
    if contract.quantization is not None:
        made = contract.quantization
        lines.append(f"int8 was calibrated ({made.method}) on {made.images} training images.")
    if contract.parity is not None:
        lines.append(f"The file was checked when it was made: {parity(contract)}.")
    return " ".join(lines)


def table(rows: Mapping[str, object]) -> str:
    lines = [f"| {key} | {value} |" for key, value in rows.items() if value is not None]
    return "\n".join(["| | |", "|---|---|", *lines])
