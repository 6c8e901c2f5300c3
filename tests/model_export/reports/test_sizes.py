"""Objects by size."""

import numpy as np
import pytest

from model_export.data.folder import VOID
from model_export.reports.predictions import Prediction
from model_export.reports.sizes import Objects, components
from service.segmentation.modelfile.classes import Class, ClassList
from service.segmentation.modelfile.contract import Labels

CLASSES = ClassList((Class(0, "road", "#000001"), Class(1, "pole", "#000002")))


def drawn(rows: str) -> Labels:
    return np.array([[int(cell) for cell in row] for row in rows.split()], np.uint8)


def test_components_touch_at_corners_too() -> None:
    parts = components(drawn("10010 01010 00100 10001"))
    pole, right, left_below, right_below = parts[0, 0], parts[0, 3], parts[3, 0], parts[3, 4]
    assert len({pole, left_below, right_below}) == 3
    assert pole == parts[1, 1] == parts[2, 2] == right == parts[1, 3]
    assert len(np.unique(parts)) == 3 + len(np.unique(parts[drawn("10010 01010 00100 10001") == 0]))


@pytest.mark.parametrize("seed", range(5))
def test_components_are_those_of_a_flood_fill(seed: int) -> None:
    labels = np.random.default_rng(seed).integers(0, 2 + seed, (17, 23)).astype(np.uint8)
    parts, seen = components(labels), np.full(labels.shape, -1)
    for number, start in enumerate(np.ndindex(labels.shape)):
        stack = [start] if seen[start] < 0 else []
        while stack:
            y, x = stack.pop()
            seen[y, x] = number
            for near in np.ndindex(3, 3):
                there = y + near[0] - 1, x + near[1] - 1
                inside = 0 <= there[0] < 17 and 0 <= there[1] < 23
                if inside and seen[there] < 0 and labels[there] == labels[start]:
                    stack.append((there[0], there[1]))
    pairs = set(zip(parts.ravel().tolist(), seen.ravel().tolist(), strict=True))
    assert len(pairs) == len(np.unique(parts)) == len(np.unique(seen))


def test_objects_are_found_by_half_and_counted_by_size() -> None:
    """In an image of 40,000 pixels, a small object has up to 20, a medium one up to 200."""
    truth, labels = np.zeros((200, 200), np.uint8), np.zeros((200, 200), np.uint8)
    truth[0, :20] = labels[0, :10] = 1  # small, half of it found
    truth[50, :20] = labels[50, :9] = 1  # small, less than half
    truth[100:102, :100] = labels[100:102, :75] = 1  # medium
    labels[150:160, :30] = 1  # nothing, as large as a large one
    truth[199, :] = VOID
    labels[199, :] = 1  # void: not judged
    truth[80, 0] = 1  # a speck: no object, though its pixel was not labelled right
    objects = Objects(CLASSES)
    for _ in range(2):
        objects.add(Prediction("a", labels, truth, ()))
    header, _, road, pole = objects.table().splitlines()
    assert header.startswith("| class | small: objects | small: found | small: recall | small: IU | medium: objects |")
    assert pole == "| pole | 4 | 50.0 | 47.5 | 47.5 | 2 | 100.0 | 75.0 | 75.0 | 0 | - | - | - |"
    assert road.split(" | ")[9:] == ["2", "100.0", "99.2", "99.1 |"]
    assert objects.false[1].tolist() == [0, 0, 600]
