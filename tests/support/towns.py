"""Two small data sets of drawn shapes. In the second the images are squashed, and two of the classes are one."""

import json
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image

from model_export.data import shapes
from model_export.data.place import Place
from service.segmentation.modelfile.classes import Class, ClassList

COARSE = ClassList((Class(0, "ground", "#101010"), Class(1, "round", "#202020"), Class(2, "edged", "#303030")), 9)
MAPPING = {"ground": ["background"], "round": ["disc"], "edged": ["square", "triangle"]}


def write(folder: Path) -> list[Place]:
    """Write both. The first is judged on val; the second on those of its training images that `south` names begin."""
    shapes.write(folder / "fine", train=5, val=2, width=96, height=64, seed=1)
    shapes.write(folder / "coarse", train=9, val=0, width=64, height=64, seed=2)
    (folder / "coarse" / "classes.json").write_bytes(msgspec.json.encode(COARSE))
    (folder / "coarse" / "mapping.json").write_text(json.dumps(MAPPING))
    ids = np.full(256, 9, np.uint8)
    ids[:4] = 0, 1, 2, 2
    for number, label in enumerate(sorted((folder / "coarse" / "train" / "labels").glob("*.png"))):
        with Image.open(label) as file:
            Image.fromarray(ids[np.asarray(file)]).save(label)
        town = "south" if number < 3 else "north"
        for path in (label, folder / "coarse" / "train" / "images" / label.name):
            path.rename(path.with_name(f"{town}_{label.name}"))
    return [
        Place("fine", folder / "fine"),
        Place("coarse", folder / "coarse", "train", stretch=(128, 64), only="south"),
    ]
