"""`fcn-serve batch` on folders: a row for each image, the same answers as the service's, and nothing done twice."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.archive import EAGER, answered, written
from tests.support.nifti import head, nifti
from tests.support.pictures import encoded, quarters
from tests.support.program import PROGRAM, environment
from tests.support.s3 import s3
from tests.support.server import ROOT

CORES = 2
NAMES = ["a/x.jpg", "a/x.png", "b/x.jpg", "b/day é 1.png", "top.webp"]


def batch(folder: Path, *options: object, ray: str = "none:1", **settings: object) -> subprocess.CompletedProcess[str]:
    """Run it to its end in a folder, on the cluster at `ray`."""
    command = [*PROGRAM, "batch", *map(str, options)]
    variables = environment(**settings) | EAGER | {"RAY_ADDRESS": ray}
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def store() -> Iterator[Any]:
    with s3() as client:
        yield client


@pytest.fixture(scope="module")
def address(store: Any) -> Iterator[str]:
    """A Ray cluster for all tests: to start one takes seconds. Its workers find the store, and our code, by their
    environment.
    """
    from ray.cluster_utils import Cluster  # noqa: PLC0415  # it takes seconds to import

    assert store
    head = {"num_cpus": CORES, "object_store_memory": 100 * 2**20, "include_dashboard": False}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (EAGER | {"PYTHONPATH": str(ROOT)}).items():
            patch.setenv(name, value)
        try:
            cluster = Cluster(initialize_head=True, head_node_args=head)
        except Exception:  # Ray gives a machine half a minute, whatever it does besides
            cluster = Cluster(initialize_head=True, head_node_args=head)
        try:
            yield cluster.address
        finally:
            cluster.shutdown()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A folder with images whose names differ by folder or suffix alone, a hidden one, and a file of another kind."""
    for name in [*NAMES, "b/._x.jpg", "notes.txt"]:
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        format_ = {".png": "PNG", ".webp": "WEBP"}.get(path.suffix, "JPEG")
        path.write_bytes(encoded(quarters(), format_))
    return tmp_path


def test_every_image_has_one_row_and_its_mask_as_the_service_gives_them(
    archive: Path, address: str, model_file: Path, client: httpx2.Client
) -> None:
    (archive / "in" / "cut.jpg").write_bytes((archive / "in" / "a" / "x.jpg").read_bytes()[:300])
    (archive / "in" / "head.nii").write_bytes(nifti(head()))
    measures = "regions,polygons,rle,low_confidence"
    options = ("--confidence", "--spacing", 0.5, "--include", measures, "--shard", 3)
    result = batch(archive, "in", "in/out", *options, ray=address, models=model_file)
    assert (result.returncode, result.stdout) == (1, "")
    assert [line.split("'")[1] for line in result.stderr.splitlines()] == ["cut.jpg", "head.nii"]
    out, folder = archive / "in" / "out", archive / "in"
    done = [row for row in written(out) if row["status"] == "done"]
    asked = {"include": f"confidence,{measures}", "pixel_spacing_mm": "0.5"}
    assert done == answered(client, folder, NAMES, **asked)
    for name in NAMES:
        mask = client.post("/segment", content=(folder / name).read_bytes(), headers={"Accept": "image/png"}).content
        assert (out / "masks" / f"{name}.png").read_bytes() == mask
    failed = [row for row in written(out) if row["status"] == "failed"]
    assert [(row["name"], row["code"]) for row in failed] == [
        ("cut.jpg", "damaged_image"),
        ("head.nii", "unsupported_format"),
    ]
    told = [json.loads(line) for line in (out / "failures.jsonl").read_text().splitlines()]
    assert told == [{key: row[key] for key in ("name", "code", "error")} for row in failed]
    assert len(list((out / "rows").iterdir())) == 3
    assert not list(out.rglob(".parts"))
    assert not list((out / "begun").iterdir())
    (folder / "cut.jpg").write_bytes(encoded(quarters(), "JPEG"))
    (folder / "head.nii").unlink()
    again = batch(archive, "in", "in/out", *options, "--again", ray=address, models=model_file)
    assert again.stderr == "fcn-serve: 'head.nii': It cannot be read: No such file or directory.\n"
    assert [row["name"] for row in written(out) if row["status"] == "done"] == sorted([*NAMES, "cut.jpg"])


def test_a_later_run_does_what_is_new_and_numbers_nothing_again(archive: Path, address: str, model_file: Path) -> None:
    assert batch(archive, "in", "out", "--shard", 2, ray=address, models=model_file).stderr == ""
    before = {path.name: path.stat().st_mtime_ns for path in (archive / "out" / "rows").iterdir()}
    assert len(before) == 3
    assert batch(archive, "in", "out", models=model_file).returncode == 0, "nothing is new: it asks for no cluster"
    for name in ("a/0.jpg", "z.jpg"):
        (archive / "in" / name).write_bytes(encoded(quarters(), "JPEG"))
    result = batch(archive, "in", "out", ray=address, models=model_file)
    assert (result.returncode, result.stderr) == (0, "")
    after = {path.name: path.stat().st_mtime_ns for path in (archive / "out" / "rows").iterdir()}
    assert before.items() < after.items()
    assert len(after) == 4, "the new ones are one shard more"
    assert Counter(row["name"] for row in written(archive / "out")) == Counter([*NAMES, "a/0.jpg", "z.jpg"])


def test_from_a_bucket_to_a_bucket_that_is_busy_now_and_then(
    archive: Path, address: str, store: Any, model_file: Path, client: httpx2.Client
) -> None:
    """An object store also has names that lead out of a folder, or lie below an image."""
    store.create_bucket(Bucket="archive")
    photo = encoded(quarters(), "PNG")
    (archive / "in" / "sub.png").mkdir()
    (archive / "in" / "sub.png" / "below.png").write_bytes(photo)
    names = [*NAMES, "sub.png/below.png"]
    for name in names:
        store.put_object(Bucket="archive", Key=f"in/{name}", Body=(archive / "in" / name).read_bytes())
    for name in ("sub.png", "a/../../out.png", "empty/"):
        store.put_object(Bucket="archive", Key=f"in/{name}", Body=photo if name.endswith(".png") else b"")
    call = ("s3://archive/in", "s3://archive/out", "--shard", 4)
    result = batch(archive, *call, ray=address, models=model_file)
    assert result.stderr == "fcn-serve: 'a/../../out.png': Its name is no path in a folder; rename it.\n"
    fetch(store, archive / "fetched")
    done = [row for row in written(archive / "fetched" / "out") if row["name"] != "sub.png"]
    assert done == answered(client, archive / "in", names)
    folder = archive / "fetched" / "out" / "masks"
    masks = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert masks == {f"{name}.png" for name in [*names, "sub.png"]}
    again = batch(archive, *call, models=model_file)
    assert (again.returncode, again.stderr) == (1, result.stderr), "nothing was left to do"


def fetch(store: Any, folder: Path) -> None:
    """All outputs in the bucket, as files."""
    for found in store.list_objects_v2(Bucket="archive", Prefix="out/")["Contents"]:
        path = folder / found["Key"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(store.get_object(Bucket="archive", Key=found["Key"])["Body"].read())


@pytest.mark.parametrize(
    ("call", "code", "told"),
    [
        (("empty", "out"), 2, "there is no image in file://"),
        (("missing", "out"), 2, "there is no folder file://"),
        (("in", "in"), 2, "IN and OUT are the same"),
        (("in", "in/top.webp"), 1, "top.webp fails: "),
        (("in", "zebra://out"), 1, "zebra://out cannot be opened: "),
        (("in", "out", "--address", "127.0.0.1:1"), 1, "there is no Ray cluster at 127.0.0.1:1"),
        (("in", "out", "--model", "zebra"), 1, "'zebra'"),
    ],
)
def test_a_wrong_call_is_told_in_one_line(
    archive: Path, model_file: Path, call: tuple[str, ...], code: int, told: str
) -> None:
    (archive / "empty").mkdir()
    result = batch(archive, *call, models=model_file)
    assert result.returncode == code, result.stderr
    assert told in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


def test_without_ray_the_command_says_what_to_install(archive: Path, model_file: Path) -> None:
    program = "import sys; sys.modules['ray'] = None; from service.program import fcn_serve; fcn_serve()"
    run = subprocess.run(
        [sys.executable, "-c", program, "batch", "in", "out"],
        cwd=archive, env=environment(models=model_file), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 2
    assert run.stderr.splitlines()[-1] == 'Error: batch needs Ray: pip install "fcn-serve[cluster]".'


def test_no_other_command_imports_ray(model_file: Path) -> None:
    program = "import sys, service.program; print({'ray', 'fsspec', 'pyarrow', 'pandas'} & sys.modules.keys())"
    told = subprocess.check_output([sys.executable, "-c", program], env=environment(models=model_file), text=True)
    assert told == "set()\n"
