"""Classes and preprocessing are read from the files that come with a network."""

import json
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from model_export.adoption import classes, preprocessing
from model_export.adoption.preprocessing import Preprocessing
from model_export.errors import AdoptionError
from tests.support import colours

NAMES = ["background", "cat", "dog"]
VOC = ["#000000", "#800000", "#008000"]


def listed(folder: Path, name: str, content: str) -> tuple[list[str], list[str]]:
    """The names and colours in a file."""
    (folder / name).write_text(content)
    found = classes.read(folder / name)
    return found.names, [one.color for one in found.classes]


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("config.json", {"model_type": "segformer", "id2label": {"1": "cat", "0": "background", "2": "dog"}}),
        ("names.json", {"0": "background", "1": "cat", "2": "dog"}),
        ("names.json", NAMES),
    ],
)
def test_names_are_read_from_json_and_have_pascal_vocs_colours(tmp_path: Path, name: str, document: object) -> None:
    assert listed(tmp_path, name, json.dumps(document)) == (NAMES, VOC)


def test_names_are_read_from_lines(tmp_path: Path) -> None:
    assert listed(tmp_path, "names.txt", "background\ncat\n\ndog\n") == (NAMES, VOC)


def test_a_data_sets_own_file_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "classes.json").write_bytes(msgspec.json.encode(colours.CLASSES))
    assert classes.read(tmp_path / "classes.json") == colours.CLASSES


def test_colours_come_from_a_palette(tmp_path: Path) -> None:
    palette = Image.new("P", (3, 1))
    palette.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120])
    palette.putdata([0, 1, 2])
    palette.save(tmp_path / "mask.png")
    wanted = ["#0a141e", "#28323c", "#46505a"]
    (tmp_path / "colours.txt").write_text("10 20 30\n40, 50, 60\n70 80 90\n")
    (tmp_path / "names.json").write_text(json.dumps(NAMES))
    for file in ("mask.png", "colours.txt"):
        found = classes.read(tmp_path / "names.json", tmp_path / file)
        assert [one.color for one in found.classes] == wanted
    alone = classes.read(tmp_path / "mask.png")
    assert (alone.names, [one.color for one in alone.classes]) == (["class 0", "class 1", "class 2"], wanted)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"id2label": {"0": "sky", "2": "road"}}', "its ids do not count up from 0"),
        ('["sky", "sky"]', "class names must differ"),
        ("[1, 2]", "Expected `str`"),
        ("[]", "length >= 1"),
        (json.dumps(["a" * 101]), "length <= 100"),
        ("not JSON", "Expecting value"),
    ],
)
def test_classes_that_are_not_understood_are_refused(tmp_path: Path, content: str, sentence: str) -> None:
    (tmp_path / "names.json").write_text(content)
    with pytest.raises(AdoptionError, match=rf"names\.json is not understood \(.*{sentence}.*: give a name per line, "):
        classes.read(tmp_path / "names.json")
    Image.new("RGB", (2, 2)).save(tmp_path / "photo.png")
    with pytest.raises(AdoptionError, match="the PNG is not indexed"):
        classes.read(tmp_path / "photo.png")


@pytest.mark.parametrize("line", ["red green blue", "256 0 0", "1 2", "-1 0 0"])
def test_a_line_that_is_no_colour_is_named_and_so_is_its_file(tmp_path: Path, line: str) -> None:
    (tmp_path / "names.txt").write_text("\n".join(NAMES))
    (tmp_path / "colours.txt").write_text(f"0 0 0\n{line}\n1 2 3\n")
    with pytest.raises(AdoptionError, match=rf"colours\.txt is not understood \('{line}' is no colour\): give an "):
        classes.read(tmp_path / "names.txt", tmp_path / "colours.txt")


@pytest.mark.parametrize(("lines", "said"), [("0 0 0\n1 1 1", "2 colours for 3 names"), ("1 1 1\n" * 3, "must differ")])
def test_a_palette_that_does_not_fit_is_named(tmp_path: Path, lines: str, said: str) -> None:
    (tmp_path / "names.txt").write_text("\n".join(NAMES))
    (tmp_path / "colours.txt").write_text(lines)
    with pytest.raises(AdoptionError, match=rf"colours\.txt is not understood \(.*{said}"):
        classes.read(tmp_path / "names.txt", tmp_path / "colours.txt")


def test_background_is_added_in_black_and_no_other_class_is_black() -> None:
    found = classes.with_background(classes.named(["cat", "dog"]))
    assert found.names == NAMES
    assert len({one.color for one in found.classes}) == 3
    assert found.classes[0].color == "#000000"
    with pytest.raises(AdoptionError, match=r"no scores for 'background'.*: leave it out"):
        classes.with_background(found)


@pytest.mark.parametrize(
    ("document", "wanted"),
    [
        (
            {"image_mean": [0.4, 0.5, 0.6], "image_std": [0.1, 0.2, 0.3], "size": {"height": 512, "width": 640}},
            Preprocessing((0.4, 0.5, 0.6), (0.1, 0.2, 0.3), size=(640, 512)),
        ),
        (
            {"do_normalize": False, "do_flip_channel_order": True, "size": {"shortest_edge": 256}},
            Preprocessing((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), order="bgr", size=(256, 256)),
        ),
        (
            {
                "do_rescale": False,
                "size": {"shortest_edge": 300},
                "do_center_crop": True,
                "crop_size": {"height": 9, "width": 8},
            },
            Preprocessing((0.5, 0.5, 0.5), (0.5, 0.5, 0.5), scale=1.0, size=(8, 9)),
        ),
    ],
)
def test_preprocessing_is_read_from_a_preprocessor_config(
    tmp_path: Path, document: object, wanted: Preprocessing
) -> None:
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(document))
    assert preprocessing.read(tmp_path / "preprocessor_config.json") == wanted


@pytest.mark.parametrize(
    "numbers", [((0, 0, 0), (1, 0, 1), 1), ((0, 0, 0), (1, 1, 1), 0), ((0, float("nan"), 0), (1, 1, 1), 1)]
)
def test_numbers_that_nothing_can_be_normalised_by_are_refused(
    numbers: tuple[tuple[float, float, float], tuple[float, float, float], float],
) -> None:
    with pytest.raises(AdoptionError, match=r"--mean, --std and --scale cannot be used: .* greater than 0"):
        preprocessing.of(*numbers, "rgb")


@pytest.mark.parametrize("content", ['{"image_mean": [1, 2]}', '{"image_std": [0, 1, 1]}', '{"size": 0}', "[]", "no"])
def test_a_preprocessor_config_that_cannot_be_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "p.json").write_text(content)
    with pytest.raises(AdoptionError, match=r"is not the preprocessor_config\.json .*: give --mean, --std, --scale"):
        preprocessing.read(tmp_path / "p.json")
