"""What it is worth to draw the outlines of an enlarged mask: judged near the outlines of labels, and in a picture."""

import io
from collections.abc import Iterable

import numpy as np
from PIL import Image, ImageFilter

from model_export.data.folder import VOID, SegmentationFolder
from model_export.data.photos import MAX_PIXELS
from model_export.errors import DataError
from model_export.reports.mosaic import coloured, mosaic
from model_export.reports.report import markdown
from model_export.training.metrics import Meter
from service.segmentation.inputs.raster import Size
from service.segmentation.modelfile.contract import Labels, Scores
from service.segmentation.outlines import enlarged, redraw
from service.segmentation.outputs.rendering import OVERLAY_OPACITY
from service.segmentation.pipeline import Pipeline
from service.segmentation.request import Request
from service.segmentation.runtime.call import Call
from service.segmentation.runtime.cells import Cells
from service.segmentation.runtime.model import Model
from service.segmentation.segmenter import Segmenter

BY = (2, 4, 6)
"""How many times the sides of a mask are enlarged; from street's native size to 12 megapixels it is 5.6 times."""
NEAR = (1, 2, 5)
"""Pixels near an outline are at most so many pixels from another label, along both axes."""
NEAREST, DRAWN = "nearest neighbour", "drawn"
LARGE = (4000, 3000)
CROP = (480, 400)

Truths = dict[int | None, Labels]
"""Labels that are void but near outlines, by distance; under `None`, labels."""


class Judged:
    """One way to enlarge masks: its figures near outlines, by distance, and everywhere, under `None`."""

    def __init__(self, classes: int) -> None:
        self.meters: dict[int | None, Meter] = {near: Meter(classes) for near in (*NEAR, None)}

    def add(self, labels: Labels, truths: Truths) -> None:
        """Count an image."""
        for near, truth in truths.items():
            self.meters[near].add(labels, truth)

    def cells(self) -> list[str]:
        """Mean IU and pixel accuracy in percent, by distance. Raises DataError where nothing was counted."""
        figures = [meter.metrics() for meter in self.meters.values()]
        return [f"{100 * figure:.1f}" for one in figures for figure in (one.mean_iu, one.pixel_accuracy)]


def table(model: Model, data: SegmentationFolder, indices: Iterable[int]) -> str:
    """In Markdown, beside the truth and beside the labels of the network at its own resolution.

    The truth is no larger than the network's own labels. So the network runs as always, and its scores are averaged
    over a coarser grid, whose labels are enlarged to the truth. Raises DataError where the model gives no scores, or is
    judged by other classes than its own.
    """
    if not model.has_scores or data.merged is not None:
        raise DataError("Outlines are drawn from scores, and judged by the model's own classes.")
    classes, segmenter = len(data.classes.classes), Segmenter(model)
    ways = [(beside, by, how) for beside in ("truth", "network") for by in BY for how in (NEAREST, DRAWN)]
    judged = {way: Judged(classes) for way in [("truth", 1, ""), *ways]}
    for index in indices:
        photo = data.read(index)[0]
        labels, cells = segmenter.output(photo, photo.size, True, Call())
        assert cells is not None
        scores = cells.logits()[:, : labels.shape[0], : labels.shape[1]]
        own = enlarged(np.ascontiguousarray(labels), photo.size)
        truths = {"truth": near_outlines(data.truth(index)), "network": near_outlines(own)}
        judged["truth", 1, ""].add(own, truths["truth"])
        for by in BY:
            for how, mask in both(coarser(scores, photo.size, by), photo.size).items():
                for beside, truth in truths.items():
                    judged[beside, by, how].add(mask, truth)
    captions = [f"{what}, {where}" for where in (*(f"{n} px" for n in NEAR), "all") for what in ("mean IU", "accuracy")]
    rows = [
        [beside, "no" if by == 1 else f"{by} times", how, *one.cells()] for (beside, by, how), one in judged.items()
    ]
    return markdown(["beside", "enlarged", "how", *captions], rows)


def coarser(scores: Scores, size: Size, by: int) -> Scores:
    """Scores averaged over a grid with so many times fewer places a side than an image of `size` has pixels."""
    grid = max(1, size[0] // by), max(1, size[1] // by)
    return np.stack([np.asarray(Image.fromarray(plane).resize(grid, Image.Resampling.BOX)) for plane in scores])


def both(scores: Scores, size: Size) -> dict[str, Labels]:
    """The labels of scores [classes, H, W] enlarged to `size` in either way."""
    labels = scores.argmax(0).astype(np.uint8)
    nearest = enlarged(labels, size)
    drawn = nearest.copy()
    redraw(drawn, labels, Cells(scores, labels.shape, None))
    return {NEAREST: nearest, DRAWN: drawn}


def near_outlines(truth: Labels) -> Truths:
    """The truth of an image, by distance from its outlines."""
    return {None: truth} | {near: np.where(outlined(truth, near), truth, np.uint8(VOID)) for near in NEAR}


def outlined(truth: Labels, near: int) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Which pixels have two labels at most `near` pixels away along both axes; void is none."""
    side = 2 * near + 1
    least = Image.fromarray(truth).filter(ImageFilter.MinFilter(side))  # VOID is the greatest number
    greatest = Image.fromarray(np.where(truth == VOID, np.uint8(0), truth)).filter(ImageFilter.MaxFilter(side))
    differs: np.ndarray[tuple[int, int], np.dtype[np.bool_]] = np.asarray(least) < np.asarray(greatest)
    return differs


def picture(model: Model, photo: Image.Image, corner: Size) -> Image.Image:
    """A part of the overlay of a photo enlarged to 12 megapixels, in either way; `corner` is its upper left one."""
    file = io.BytesIO()
    photo.convert("RGB").resize(LARGE, Image.Resampling.LANCZOS).save(file, "JPEG", quality=95)
    left, top, right, bottom = box = (*corner, corner[0] + CROP[0], corner[1] + CROP[1])
    parts = []
    for segmenter in (without_outlines(model), Segmenter(model)):
        result = Pipeline(segmenter, MAX_PIXELS).run(file.getvalue(), Request(draws_photo=True))
        colours = coloured(result.labels[top:bottom, left:right], model.contract.labels)
        parts.append(Image.blend(result.photo.image.crop(box), colours, OVERLAY_OPACITY))
    return mosaic([NEAREST, DRAWN], [parts])


def without_outlines(model: Model) -> Segmenter:
    """A segmenter that runs the model without scores, and so enlarges masks by nearest neighbour."""
    return Segmenter(model, lambda image, _, call: model.run(image, False, call))
