"""A data set in a folder, and its possible defects."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from model_export.data.folder import VOID, SegmentationFolder, read_classes, starting_with
from model_export.errors import DataError

CLASSES = {
    "ignored": 11,
    "classes": [{"id": 0, "name": "sky", "color": "#808080"}, {"id": 1, "name": "road", "color": "#804080"}],
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for kind in ("images", "labels"):
        (tmp_path / "train" / kind).mkdir(parents=True)
    (tmp_path / "classes.json").write_text(json.dumps(CLASSES))
    for name in ("b", "a"):
        Image.new("RGB", (3, 2), (10, 20, 30)).save(tmp_path / "train" / "images" / f"{name}.jpg")
        label(tmp_path, name, [[0, 1, 11], [1, 1, 0]])
    return tmp_path


def label(root: Path, name: str, rows: list[list[int]]) -> None:
    Image.fromarray(np.array(rows, np.uint8)).save(root / "train" / "labels" / f"{name}.png")


def test_pairs_come_in_name_order_as_tensors_with_void_for_the_ignored_id(root: Path) -> None:
    data = SegmentationFolder(root, "train")
    assert [image.stem for image, _ in data.pairs] == ["a", "b"]
    image, truth = data[0]
    assert (tuple(image.shape), tuple(truth.shape)) == ((3, 2, 3), (2, 3))
    assert truth.tolist() == [[0, 1, VOID], [1, 1, 0]]


def test_a_transform_changes_both_pictures(root: Path) -> None:
    flipped = SegmentationFolder(
        root,
        "train",
        lambda i, t, _: (i, t.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
    )
    assert flipped[0][1].tolist() == [[VOID, 1, 0], [0, 1, 1]]


def test_squashed_photos_and_labels_are_stretched(root: Path) -> None:
    data = SegmentationFolder(root, "train", stretch=(6, 2))
    image, truth = data[0]
    assert tuple(image.shape) == (3, 2, 6)
    assert truth.tolist() == [[0, 0, 1, 1, VOID, VOID], [1, 1, 1, 1, 0, 0]]
    assert data.sizes() == [(6, 2)] * 2
    with Image.open(io.BytesIO(data.file(0))) as file:
        assert file.size == (6, 2)
    label(root, "a", [[0, 1, 11]])
    with pytest.raises(DataError, match="not of the size"):
        data.file(0)


def test_images_are_kept_by_town(root: Path) -> None:
    kept = SegmentationFolder(root, "train").keep(starting_with("b,c"))
    assert [image.name for image, _ in kept.pairs] == ["b.jpg"]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"classes": []}, "length >= 1"),
        ({"classes": [{"id": 0, "name": "a"}]}, "color"),
        ({"classes": [{"id": 1, "name": "a", "color": "#000000"}]}, "ids must be 0, 1, 2"),
        ({"classes": [{"id": 0, "name": "a", "color": "#000000"}], "ignored": 0}, "ignored id 0 is a class's"),
        (
            {"classes": [{"id": i, "name": "a", "color": f"#00000{i}"} for i in (0, 1)]},
            "names must differ",
        ),
        (
            {"classes": [{"id": i, "name": f"{i}", "color": "#a0a0a0"} for i in (0, 1)]},
            "colours must differ",
        ),
    ],
)
def test_a_wrong_class_list_is_refused_by_name(root: Path, document: dict[str, Any], said: str) -> None:
    (root / "classes.json").write_text(json.dumps(document))
    with pytest.raises(DataError, match=said):
        read_classes(root)


def test_a_missing_class_list_is_named(root: Path) -> None:
    (root / "classes.json").unlink()
    with pytest.raises(DataError, match=r"classes\.json is missing"):
        SegmentationFolder(root, "train")


def test_an_empty_split_is_named(root: Path) -> None:
    with pytest.raises(DataError, match="val/images holds no images"):
        SegmentationFolder(root, "val")


def test_an_image_without_a_label_is_named(root: Path) -> None:
    (root / "train" / "labels" / "a.png").unlink()
    with pytest.raises(DataError, match=r"a\.jpg has no label"):
        SegmentationFolder(root, "train")


def test_an_unlisted_id_is_named(root: Path) -> None:
    label(root, "a", [[0, 1, 2], [0, 0, 0]])
    with pytest.raises(DataError, match=r"a\.png holds an id"):
        SegmentationFolder(root, "train")[0]


def test_a_label_of_another_size_is_named(root: Path) -> None:
    label(root, "a", [[0, 1]])
    with pytest.raises(DataError, match="not of the size"):
        SegmentationFolder(root, "train")[0]


def test_a_coloured_label_is_refused(root: Path) -> None:
    Image.new("RGB", (3, 2)).save(root / "train" / "labels" / "a.png")
    with pytest.raises(DataError, match="8-bit PNG of class ids"):
        SegmentationFolder(root, "train")[0]


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + 30 * b"x"])
def test_a_damaged_label_is_named(root: Path, content: bytes) -> None:
    (root / "train" / "labels" / "a.png").write_bytes(content)
    data = SegmentationFolder(root, "train")
    for read in (data.sizes, lambda: data.truth(0)):
        with pytest.raises(DataError, match=r"a\.png cannot be read"):
            read()


def test_a_damaged_image_is_named(root: Path) -> None:
    (root / "train" / "images" / "a.jpg").write_bytes(b"\xff\xd8\xff and then nothing")
    with pytest.raises(DataError, match=r"a\.jpg: The JPEG image is damaged"):
        SegmentationFolder(root, "train")[0]
