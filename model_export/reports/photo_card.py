"""The card of a model that no labels were at hand to judge by: what it says of itself, and what it makes of photos."""

from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from model_export.reports.card import opening, options, precision, table
from model_export.reports.mosaic import PAPER, coloured, mosaic
from service.segmentation.modelfile.contract import Contract
from service.segmentation.runtime.model import Model
from service.segmentation.segmenter import Segmenter

SHOWN = (320, 240)
"""Photos are drawn inside this width and height."""

UNJUDGED = "No data set with all of its classes was at hand, so there are no figures of its accuracy."


def write(model: Model, size: int, photos: Iterable[Image.Image], path: Path) -> None:
    """Write the card of a model file of `size` bytes to `path`, and its picture of RGB photos beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = path.with_name(f"{path.stem}-photos.png")
    mosaic(["photo", "its labels"], [pictures(model, photo) for photo in photos]).quantize(128).save(drawn)
    path.write_text(compose(model, size, drawn), encoding="utf-8")


def pictures(model: Model, photo: Image.Image) -> tuple[Image.Image, Image.Image]:
    """A photo, and its labels in colours."""
    labels = Segmenter(model).segment(photo).labels
    return on_paper(photo), on_paper(coloured(labels, model.contract.labels))


def on_paper(picture: Image.Image) -> Image.Image:
    """The picture inside SHOWN, white around it."""
    picture.thumbnail(SHOWN)
    paper = Image.new("RGB", SHOWN, PAPER)
    paper.paste(picture, ((SHOWN[0] - picture.width) // 2, (SHOWN[1] - picture.height) // 2))
    return paper


def compose(model: Model, size: int, drawn: Path) -> str:
    contract = model.contract
    sections = [
        *opening(model, size, "Training data, and what its images go through"),
        table(options(contract.training.options)),
        "## Accuracy",
        f"{UNJUDGED} {agreement(contract)}",
        "## What it makes of photos",
        f"![Photos, and their labels]({drawn.name})",
        "## Classes",
        ", ".join(contract.labels.names) + ".",
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def agreement(contract: Contract) -> str:
    """How many labels stayed in int8; of a float file, how far it is from the network that it was made of."""
    made, measured = contract.quantization, contract.parity
    if made is None or made.agreement is None or measured is None:
        return precision(contract)
    return (
        f"int8 was calibrated ({made.method}) on {made.images} photos. It gives the float file's label to "
        f"{100 * made.agreement:.2f} % of the pixels of {measured.images} others."
    )
