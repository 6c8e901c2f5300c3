"""Which images a model is judged on, and which are left to train and to calibrate with."""

from pathlib import Path

import pytest
import typer

from model_export.commands.places import place, places
from model_export.data import shapes
from model_export.data.folder import SegmentationFolder
from model_export.data.place import Place
from model_export.errors import DataError
from tests.support import towns


def names(data: SegmentationFolder) -> list[str]:
    return [image.stem for image, _ in data.pairs]


def test_images_that_are_judged_are_not_trained_with(tmp_path: Path) -> None:
    fine, coarse = towns.write(tmp_path)
    assert names(fine.judged(shapes.CLASSES)) == ["0000", "0001"]
    assert names(fine.training(shapes.CLASSES)) == [f"000{number}" for number in range(5)]
    assert names(coarse.judged(shapes.CLASSES)) == ["south_0000", "south_0001", "south_0002"]
    assert names(coarse.training(shapes.CLASSES)) == [f"north_000{number}" for number in range(3, 9)]
    for data in (coarse.judged(shapes.CLASSES), coarse.training(shapes.CLASSES)):
        assert data.sizes()[0] == (128, 64)
        assert data.classes.names == ["ground", "round", "edged"]


def test_a_place_that_leaves_nothing_to_train_with_says_so(tmp_path: Path) -> None:
    towns.write(tmp_path)
    with pytest.raises(DataError, match=r"All training images of .*coarse are judged; judge a part of them"):
        Place("coarse", tmp_path / "coarse", "train").training(shapes.CLASSES)


def test_a_place_is_written_as_a_folder_with_settings() -> None:
    assert place("data/idd") == Place("idd", Path("data/idd"))
    assert place("idd,split=train,stretch=512x256,only=a,only=b,name=india") == Place(
        "india", Path("idd"), "train", (512, 256), "a,b"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("idd,share=0.5", r"share=0\.5 is not split=, stretch=, only= or name="),
        ("idd,train", "train is not split="),
        ("idd,stretch=2", "not a size like 480x360"),
    ],
)
def test_an_invalid_place_is_named(text: str, said: str) -> None:
    with pytest.raises(typer.BadParameter, match=said):
        place(text)


def test_two_places_have_two_names() -> None:
    with pytest.raises(typer.BadParameter, match="two places are called idd; name one with name="):
        places(Path("a/idd"), "val", None, None, [place("b/idd")])
