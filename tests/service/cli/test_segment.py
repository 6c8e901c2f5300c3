"""`fcn-serve segment`: what it writes, and what it says of images that it cannot segment."""

import csv
import io
import json
from pathlib import Path

import httpx2
import numpy as np
import pytest
from PIL import Image

from service.segmentation.measures.measure import Measure
from tests.support.pictures import encoded, quarters
from tests.support.program import fcn_serve


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Images whose names differ by folder or suffix alone, a hidden one, and a file of another kind."""
    folder = tmp_path / "photos"
    for name, format_ in (("a/x.jpg", "JPEG"), ("a/x.png", "PNG"), ("b/x.jpg", "JPEG"), ("b/._x.jpg", "JPEG")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(encoded(quarters(), format_))
    (folder / "notes.txt").write_text("not an image")
    return tmp_path


def files(folder: Path) -> dict[str, bytes]:
    """Those that people see."""
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name[0] != "."]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_every_image_has_files_of_its_own_and_rows_in_one_table(photos: Path, model_file: Path) -> None:
    result = fcn_serve(
        "segment", "photos", "--overlay", "--confidence", "--spacing", 0.5, cwd=photos, models=model_file
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b""), "a pipe hears nothing but errors"
    written = files(photos / "segmented")
    names = ["photos/a/x.jpg", "photos/a/x.png", "photos/b/x.jpg"]
    assert written.keys() == {f"{name}.{kind}" for name in names for kind in ("png", "webp", "json")} | {"areas.csv"}
    mask = np.asarray(Image.open(io.BytesIO(written["photos/a/x.png.png"])))
    assert mask.tolist() == np.asarray(quarters()).argmax(2).tolist()
    rows = list(csv.DictReader(written["areas.csv"].decode().splitlines()))
    assert [(row["file"], row["class"]) for row in rows] == [
        (name, c) for name in names for c in ("red", "green", "blue")
    ]
    (blue,) = [row for row in rows if (row["file"], row["class"]) == ("photos/a/x.png", "blue")]
    assert (int(blue["pixels"]), float(blue["area_mm2"])) == (96 * 32, 96 * 32 * 0.25)
    assert float(blue["confidence"]) == pytest.approx(200 / 220, abs=0.01)
    assert json.loads(written["photos/a/x.png.json"])["classes"][2]["pixels"] == 96 * 32


def test_measures_are_in_the_json_and_maps_are_files(photos: Path, model_file: Path) -> None:
    call = ["segment", "photos/a/x.png", "--include", "entropy, polygons,confidence_map,low_confidence,rle"]
    result = fcn_serve(*call, "--min-region", 2000, "--threshold", 0.99, cwd=photos, models=model_file)
    assert (result.returncode, result.stderr) == (0, b"")
    written = files(photos / "segmented")
    name = "photos/a/x.png"
    assert written.keys() == {
        f"{name}.png", f"{name}.json", f"{name}.confidence_map.png", f"{name}.entropy.png", "areas.csv",
    }  # fmt: skip
    likely = np.asarray(Image.open(io.BytesIO(written[f"{name}.confidence_map.png"])))
    assert (likely == round(255 * 200 / 220)).all()
    answer = json.loads(written[f"{name}.json"])
    assert answer["low_confidence"] == {"threshold": 0.99, "fraction": 1.0}
    red, green, blue = answer["classes"]
    assert red["regions"] == []
    assert green["regions"][0]["polygon"] == [[[32, 0], [96, 0], [96, 32], [32, 32], [32, 0]]]
    assert blue["regions"][0]["box"] == [0, 32, 96, 32]
    assert blue["rle"]["size"] == [64, 96]
    again = fcn_serve(*call, "--min-region", 2000, "--threshold", 0.99, "--json", cwd=photos, models=model_file)
    assert again.stdout == b"", "it is done"
    assert fcn_serve(*call, "--json", cwd=photos, models=model_file).stdout, "it is done again with other options"


def test_a_service_writes_the_same_files(photos: Path, model_file: Path, url: str) -> None:
    call = ["segment", "photos", "--overlay", "--confidence", "--spacing", "0.5,0.25"]
    call += ["--include", ",".join(Measure), "--min-region", "2", "--tolerance", "0", "--threshold", "0.9"]
    here = fcn_serve(*call, "--output", "here", cwd=photos, models=model_file)
    there = fcn_serve(*call, "--output", "there", "--url", url, cwd=photos)
    assert (here.returncode, there.returncode) == (0, 0), here.stderr + there.stderr
    assert files(photos / "here") == files(photos / "there")


def test_damaged_images_are_listed_at_the_end_and_stop_no_other(photos: Path, model_file: Path, url: str) -> None:
    (photos / "photos" / "a" / "cut.jpg").write_bytes((photos / "photos" / "a" / "x.jpg").read_bytes()[:300])
    (photos / "photos" / "b" / "text.png").write_text("no image")
    for output, place in (("here", f"--models={model_file}"), ("there", f"--url={url}")):
        result = fcn_serve("segment", "photos", "--output", output, "--json", place, cwd=photos)
        assert result.returncode == 1
        told = result.stderr.decode().splitlines()
        assert [line.partition(": ")[2].partition(": ")[0] for line in told] == [
            "photos/a/cut.jpg",
            "photos/b/text.png",
        ]
        done = {json.loads(line)["file"] for line in result.stdout.splitlines()}
        assert done == {"photos/a/x.jpg", "photos/a/x.png", "photos/b/x.jpg"}
        assert len((photos / output / "areas.csv").read_text().splitlines()) == 1 + 3 * 3


def test_standard_input_becomes_the_mask_or_the_json(model_file: Path, client: httpx2.Client) -> None:
    photo = encoded(quarters())
    call = ["segment", "-", "--models", model_file]
    assert (
        fcn_serve(*call, data=photo).stdout
        == client.post("/segment", content=photo, headers={"Accept": "image/png"}).content
    )
    answer = json.loads(fcn_serve(*call, "--json", data=photo).stdout)
    assert [area["pixels"] for area in answer["classes"]] == [32 * 32, 64 * 32, 96 * 32]
    refused = fcn_serve(*call, data=b"text")
    assert (refused.returncode, refused.stdout) == (1, b"")
    assert refused.stderr.decode().startswith("fcn-serve: The file is text")


def test_a_pattern_and_a_name_find_images_once_and_outputs_are_no_inputs(photos: Path, model_file: Path) -> None:
    call = ["segment", "--models", model_file, "--output", "photos/out"]
    fcn_serve(*call, "photos/a/x.png", "photos/**/*.jpg", "photos/a", cwd=photos)
    again = fcn_serve(*call, "--json", ".", cwd=photos)
    assert (again.returncode, again.stdout, again.stderr) == (0, b"", b""), "nothing was left to do"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (["missing.jpg"], "missing.jpg"),
        (["photos/*.tiff"], "photos/*.tiff"),
        (["."], "no image"),
        (["-", "x.jpg"], "stands alone"),
        (["notes.txt", "--spacing", "half"], "millimetres"),
        (["notes.txt", "--include", "regions,mask"], "'mask' is none of regions, polygons"),
    ],
)
def test_a_wrong_call_ends_with_2_before_anything_is_done(tmp_path: Path, call: list[str], said: str) -> None:
    (tmp_path / "notes.txt").write_text("not an image")
    result = fcn_serve("segment", *call, cwd=tmp_path)
    assert result.returncode == 2
    assert said in result.stderr.decode()
    assert not (tmp_path / "segmented").exists()


def test_an_unknown_model_is_named_here_and_there(photos: Path, model_file: Path, url: str) -> None:
    for place in (["--models", model_file], ["--url", url]):
        result = fcn_serve("segment", "photos", "--model", "zebra", *place, cwd=photos)
        assert result.returncode == 1
        assert "'zebra'" in result.stderr.decode()
