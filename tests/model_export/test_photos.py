"""A folder of photos: what the service takes is read, what is damaged is named, and other files are passed over."""

import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from model_export.data.photos import photos_in, read
from model_export.errors import DataError
from tests.support.command import run
from tests.support.server import ROOT

STREET = ROOT / "docs" / "street.jpg"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two photos, one in a folder inside, and files that are none."""
    (tmp_path / "in").mkdir()
    Image.new("RGB", (40, 30), "green").save(tmp_path / "in" / "turned.jpg", exif=turned())
    shutil.copy(STREET, tmp_path / "street.jpg")
    (tmp_path / "notes.txt").write_text("taken in May")
    (tmp_path / "._street.jpg").write_bytes(b"what macOS leaves")
    return tmp_path


def turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def test_photos_are_upright_and_in_order_and_other_files_are_passed_over(folder: Path) -> None:
    with Image.open(STREET) as street:
        assert [photo.size for photo in photos_in(folder)] == [(30, 40), street.size]
        assert [photo.size for photo in photos_in(folder / "street.jpg")] == [street.size]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jpg", STREET.read_bytes()[:9000], "The JPEG image is cut off; save it again and resend."),
        ("a", STREET.read_bytes()[:9000], "The JPEG image is cut off; save it again and resend."),
        ("a.png", b"no image", "The file is text, not a JPEG, PNG or WebP image"),
        ("a.heic", b"\0\0\0\x18ftypheic", "The file is a HEIC photo, not a JPEG, PNG or WebP image"),
    ],
)
def test_a_photo_that_cannot_be_decoded_is_named(folder: Path, name: str, content: bytes, said: str) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(DataError, match=re.escape(f"{folder / name}: {said}")):
        list(photos_in(folder))
    with pytest.raises(DataError, match=re.escape(f"{folder / name}: {said}")):
        read(folder / name)


def test_a_folder_without_photos_says_what_to_put_into_it(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no photo")
    with pytest.raises(DataError, match="holds no photos; put JPEG, PNG or WebP images into it"):
        list(photos_in(tmp_path))


def test_a_picture_for_the_self_test_that_cannot_be_decoded_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no image")
    street = ROOT / "service" / "models" / "street-small.onnx"
    result = run("golden", street, tmp_path / "a.png", tmp_path / "model.onnx", "--version", "9")
    assert result.returncode == 1
    assert result.stderr.startswith(f"error: {tmp_path / 'a.png'}: The file is text, not a JPEG")
    assert not (tmp_path / "model.onnx").exists()
