"""A folder of model files -> the models on offer."""

import gc
import subprocess
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from service.segmentation.catalog import Catalog, Engine
from service.segmentation.errors import (
    ContractBroken,
    ModelError,
    ModelTampered,
    ModelUnreadable,
    SelfTestFailed,
    UnknownModel,
)
from service.segmentation.modelfile.contract import Input, Scan
from tests.support import picky, tissues
from tests.support.colours import model_bytes
from tests.support.pictures import quarters
from tests.support.server import ROOT
from tests.support.waiting import wait_until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "one.onnx").write_bytes(model_bytes(name="zebra"))
    (tmp_path / "two.onnx").write_bytes(model_bytes(name="apple"))
    (tmp_path / "notes.txt").write_text("no model")
    return tmp_path


def test_every_model_of_a_folder_is_served_by_the_name_in_its_file(folder: Path) -> None:
    models = Catalog(folder, None, Engine(1))
    assert list(models.segmenters) == ["apple", "zebra"]
    assert models.get("zebra").model.contract.name == "zebra"


def test_the_first_by_name_is_the_default_unless_another_is_named(folder: Path) -> None:
    assert Catalog(folder, None, Engine(1)).get(None).model.contract.name == "apple"
    assert Catalog(folder, "zebra", Engine(1)).get(None).model.contract.name == "zebra"


def test_street_is_the_default_wherever_it_is(folder: Path) -> None:
    (folder / "three.onnx").write_bytes(model_bytes(name="street"))
    assert Catalog(folder, None, Engine(1)).default == "street"
    (folder / "three.onnx").rename(folder / "street.onnx")
    (folder / "street.onnx").write_bytes(model_bytes(name="street")[:-1])
    with pytest.raises(ModelError, match=r"street\.onnx"):
        Catalog(folder, None, Engine(1))


LOADED = """
import sys
from pathlib import Path
from service.segmentation.catalog import Catalog, Engine
Catalog(Path(sys.argv[1]), None, Engine(1))
print(*sorted({"nibabel", "pydicom"} & sys.modules.keys()))
"""


def test_the_readers_of_scans_are_imported_with_the_model_and_not_by_the_first_scan(tmp_path: Path) -> None:
    pytest.importorskip("nibabel")
    files = {"colours": model_bytes(), "tissues": tissues.model_bytes()}
    shown = {}
    for name, data in files.items():
        (tmp_path / f"{name}.onnx").write_bytes(data)
        command = [sys.executable, "-c", LOADED, str(tmp_path / f"{name}.onnx")]
        shown[name] = subprocess.check_output(command, cwd=ROOT, text=True).split()
    assert shown == {"colours": [], "tissues": ["nibabel", "pydicom"]}


def test_a_model_for_scans_is_the_default_only_if_there_is_no_other(folder: Path) -> None:
    scans = Input(width=96, height=64, stride=32, padding="#000000", scan=Scan(spacing=0.5))
    (folder / "three.onnx").write_bytes(model_bytes(name="aardvark", input=scans))
    assert Catalog(folder, None, Engine(1)).default == "apple"
    assert Catalog(folder / "three.onnx", None, Engine(1)).default == "aardvark"


def test_one_file_is_a_catalog_too(folder: Path) -> None:
    assert list(Catalog(folder / "one.onnx", None, Engine(1)).segmenters) == ["zebra"]


def test_an_unknown_name_is_answered_with_the_known_ones(folder: Path) -> None:
    with pytest.raises(UnknownModel, match="'bear'; these are served: apple, zebra"):
        Catalog(folder, None, Engine(1)).get("bear")


def test_a_default_that_is_not_there_stops_the_start(folder: Path) -> None:
    with pytest.raises(UnknownModel, match="'bear' is not in"):
        Catalog(folder, "bear", Engine(1))


def test_of_two_models_of_one_name_the_first_file_is_served(folder: Path) -> None:
    (folder / "three.onnx").write_bytes(model_bytes(name="apple", version="2"))
    models = Catalog(folder, "apple", Engine(1))
    assert models.get("apple").model.contract.version == "2"
    assert "called 'apple' too" in models.reasons()["two"]


@pytest.fixture
def with_a_bad_one(folder: Path) -> Path:
    (folder / "bad.onnx").write_bytes(model_bytes(name="bad").replace(b"strongest", b"strangest"))
    return folder


def test_a_refused_model_does_not_stop_the_others(with_a_bad_one: Path, caplog: pytest.LogCaptureFixture) -> None:
    models = Catalog(with_a_bad_one, "zebra", Engine(1))
    assert list(models.segmenters) == ["apple", "zebra"]
    (line,) = [record.message for record in caplog.records]
    assert line.startswith(f"not served: {with_a_bad_one / 'bad.onnx'}: its bytes are not those")
    (reason,) = models.reasons().values()
    assert reason.startswith("bad.onnx: its bytes are not those")


def test_a_refused_model_is_served_once_its_file_is_good(with_a_bad_one: Path) -> None:
    models = Catalog(with_a_bad_one, "zebra", Engine(1))
    write(with_a_bad_one / "bad.onnx", model_bytes(name="bad"))
    for _ in range(2):
        models.look()
    assert list(models.segmenters) == ["apple", "bad", "zebra"]
    assert models.reasons() == {}


def test_a_refused_model_that_is_the_default_stops_the_start(with_a_bad_one: Path) -> None:
    with pytest.raises(ModelTampered, match=r"bad\.onnx"):
        Catalog(with_a_bad_one, "bad", Engine(1))


def test_without_a_named_default_a_refused_file_that_may_hold_it_stops_the_start(with_a_bad_one: Path) -> None:
    (with_a_bad_one / "bad.onnx").rename(with_a_bad_one / "yak.onnx")
    assert Catalog(with_a_bad_one, None, Engine(1)).default == "apple"
    (with_a_bad_one / "yak.onnx").rename(with_a_bad_one / "ant.onnx")
    with pytest.raises(ModelTampered, match=r"ant\.onnx"):
        Catalog(with_a_bad_one, None, Engine(1))


def test_hidden_files_are_no_models(folder: Path) -> None:
    (folder / "._ant.onnx").write_bytes(b"what macOS puts beside a copied file")
    catalog = Catalog(folder, None, Engine(1))
    assert not catalog.refused


def test_a_folder_without_models_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ModelUnreadable, match=r"neither an \.onnx file nor a folder that holds one"):
        Catalog(tmp_path, None, Engine(1))


def test_batches_where_they_are_asked_for(folder: Path) -> None:
    image = quarters()
    alone = Catalog(folder, None, Engine(1)).get(None).segment(image).labels
    segmenter = Catalog(folder, None, Engine(1, batch=4, batch_wait_s=0.01)).get(None)
    with ThreadPoolExecutor(6) as callers:
        for answer in [callers.submit(segmenter.segment, image) for _ in range(6)]:
            assert np.array_equal(answer.result(10).labels, alone)


def write(file: Path, data: bytes) -> None:
    """As a careful person does it: whole, in one step."""
    part = file.with_suffix(".part")
    part.write_bytes(data)
    part.rename(file)


def test_a_reload_serves_the_files_new_content(folder: Path) -> None:
    models = Catalog(folder, None, Engine(1))
    before = models.get("apple")
    assert models.reload("apple") is before  # nothing has changed
    write(folder / "two.onnx", model_bytes(name="apple", version="2"))
    assert models.reload("apple").model.contract.version == "2"
    assert models.get(None).model.contract.version == "2"
    with pytest.raises(UnknownModel):
        models.reload("bear")


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (model_bytes(name="apple", version="2")[:-1], ModelTampered),
        (b"", ModelUnreadable),
        (model_bytes(name="pear"), ContractBroken),
        (model_bytes(name="zebra"), ContractBroken),
        (None, ModelUnreadable),
    ],
)
def test_a_bad_file_leaves_the_old_model_in_service(
    folder: Path, data: bytes | None, complaint: type[Exception]
) -> None:
    models = Catalog(folder, None, Engine(1))
    before = dict(models.segmenters)
    (folder / "two.onnx").unlink()
    if data is not None:
        write(folder / "two.onnx", data)
    with pytest.raises(complaint, match=r"two\.onnx"):
        models.reload("apple")
    assert models.segmenters == before
    write(folder / "two.onnx", model_bytes(name="apple", version="3"))
    assert models.reload("apple").model.contract.version == "3"


def test_a_look_serves_changed_and_new_files_once_they_stand_still(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    models = Catalog(folder, None, Engine(1))
    before = models.get("zebra")
    models.look()
    assert models.get("zebra") is before
    write(folder / "two.onnx", model_bytes(name="apple", version="2"))
    write(folder / "three.onnx", model_bytes(name="mango"))
    models.look()
    assert list(models.segmenters) == ["apple", "zebra"]  # it may still be being written
    with caplog.at_level("INFO"):
        models.look()
    assert list(models.segmenters) == ["apple", "mango", "zebra"]
    assert models.get(None).model.contract.version == "2"
    assert models.get("zebra") is before
    assert f"now served: apple, version 2, from {folder / 'two.onnx'}" in caplog.text


def test_a_look_at_a_bad_file_says_so_once(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    models = Catalog(folder, None, Engine(1))
    write(folder / "two.onnx", b"no model")
    for _ in range(4):
        models.look()
    assert models.get(None).model.contract.name == "apple"
    assert caplog.text.count("not served: ") == 1
    assert str(folder / "two.onnx") in caplog.text


def test_a_removed_file_is_served_until_the_end(folder: Path) -> None:
    models = Catalog(folder, None, Engine(1))
    (folder / "two.onnx").unlink()
    models.look()
    models.look()
    assert models.get("apple").segment(quarters()).labels.shape == (64, 96)


def test_a_model_that_is_replaced_is_let_go_with_its_thread(folder: Path) -> None:
    others = set(threading.enumerate())
    models = Catalog(folder, None, Engine(1, batch=4))
    gone = weakref.ref(models.get("apple").model)
    for version in "23":
        write(folder / "two.onnx", model_bytes(name="apple", version=version))
        models.reload("apple").segment(quarters())
    gc.collect()
    wait_until(lambda: gone() is None)
    wait_until(lambda: len(set(threading.enumerate()) - others) == len(models.segmenters))


def test_a_model_that_cannot_hold_its_largest_image_stops_the_start(tmp_path: Path) -> None:
    large = Input(width=192, height=128, stride=32, padding="#ff0000")
    (tmp_path / "picky.onnx").write_bytes(picky.model_bytes(input=large))
    with pytest.raises(
        SelfTestFailed, match=r"^[^\n]*picky\.onnx: it fails on an image of its native size: [^\n]*Add[^\n]*\Z"
    ):
        Catalog(tmp_path, None, Engine(1))


def test_images_of_a_crowd_have_a_core_each_on_processors_alone() -> None:
    assert Engine(2).crowds
    assert not Engine(1).crowds
    assert not Engine(2, providers=("cuda", "cpu")).crowds
    assert not Engine(2, batch=4).crowds
