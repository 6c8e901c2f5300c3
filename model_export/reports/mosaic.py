"""Pictures side by side, with a caption over each column."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from model_export.data.folder import VOID
from service.segmentation.modelfile.classes import ClassList
from service.segmentation.modelfile.contract import Labels
from service.segmentation.outputs.rendering import indexed

GAP, CAPTION, INK, PAPER = 8, 26, "#22303c", "#ffffff"
WRONG, RIGHT, VOIDED = (209, 73, 91), (226, 231, 236), (255, 255, 255)


def mosaic(captions: Sequence[str], rows: Sequence[Sequence[Image.Image]]) -> Image.Image:
    """Rows of RGB pictures, all of the size of the first, with one caption over each column."""
    width, height = rows[0][0].size
    across, down = len(captions) * (width + GAP) - GAP, CAPTION + len(rows) * (height + GAP) - GAP
    paper = Image.new("RGB", (across, down), PAPER)
    draw = ImageDraw.Draw(paper)
    font = ImageFont.load_default(size=15)
    for column, caption in enumerate(captions):
        left = column * (width + GAP)
        draw.text((left + width / 2, CAPTION / 2), caption, INK, font, anchor="mm")
        for row, pictures in enumerate(rows):
            paper.paste(pictures[column], (left, CAPTION + row * (height + GAP)))
    return paper


def coloured(labels: Labels, classes: ClassList) -> Image.Image:
    """Labels in the class colours; void, and any other id without a class, in black."""
    known = np.minimum(labels, len(classes.classes))
    picture = indexed(known, classes).convert("RGB")
    picture.paste((0, 0, 0), (0, 0), Image.fromarray((known == len(classes.classes)).astype(np.uint8) * 255))
    return picture


def errors(labels: Labels, truth: Labels) -> Image.Image:
    """Wrong labels in red, right ones in grey, void in white."""
    shades = np.where((labels == truth)[..., None], RIGHT, WRONG)
    shades = np.where((truth == VOID)[..., None], VOIDED, shades)
    return Image.fromarray(shades.astype(np.uint8))
