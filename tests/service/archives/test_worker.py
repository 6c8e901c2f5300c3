"""A worker without Ray: what it writes of a shard, and what it leaves when a store fails."""

import json
import os
from pathlib import Path

import pytest

from service.archives.attempts import ALONE, IN_PARALLEL, Attempts
from service.archives.names import inputs, refusal
from service.archives.plan import Job, Shard, planned
from service.archives.store import Store
from service.archives.worker import Place, Worker
from service.cli.errors import Failure
from service.cli.recipe import Recipe
from service.segmentation.runtime.model import Model
from tests.support.archive import written
from tests.support.pictures import encoded, quarters


@pytest.fixture
def job(tmp_path: Path, model: Model) -> Job:
    """Two images in tmp_path/in."""
    (tmp_path / "in").mkdir()
    for name in ("a.png", "b.png"):
        (tmp_path / "in" / name).write_bytes(encoded(quarters()))
    return Job(Store(str(tmp_path / "in")).url, Recipe(f"sha256:{model.digest}"), 10**6)


def made(job: Job, model_file: Path, output: Path, names: list[str]) -> str | None:
    """Make shard 0; the trouble."""
    worker = Worker(job, Place(str(model_file), None, str(output)))
    trouble: str | None = worker({"number": 0, "names": names})["trouble"]
    return trouble


def test_an_input_that_is_gone_or_whose_name_a_disk_does_not_take_has_a_row(
    job: Job, model_file: Path, tmp_path: Path
) -> None:
    long = "x" * 250 + ".png"
    (tmp_path / "in" / long).write_bytes(encoded(quarters()))
    assert made(job, model_file, tmp_path / "out", ["a.png", "gone.png", long]) is None
    assert [(row["name"], row["code"]) for row in written(tmp_path / "out")] == [
        ("a.png", None),
        ("gone.png", "unreadable"),
        (long, "unusable_name"),
    ]


def test_where_the_store_fails_the_shard_has_no_rows(job: Job, model_file: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "rows").write_text("no folder")
    assert made(job, model_file, tmp_path / "out", ["a.png"]) is not None
    (tmp_path / "out" / "rows").unlink()
    assert made(job, model_file, tmp_path / "out", ["a.png"]) is None
    assert len(written(tmp_path / "out")) == 1


def test_another_model_on_a_machine_is_refused(job: Job, model_file: Path, tmp_path: Path) -> None:
    other = Job(job.source, Recipe("sha256:0"), job.max_pixels)
    with pytest.raises(Failure, match="install the same everywhere"):
        made(other, model_file, tmp_path / "out", ["a.png"])


def test_an_input_that_kills_its_process_is_given_up_and_no_other(tmp_path: Path) -> None:
    """`b` does: every process that reads it ends there."""
    store = Store(str(tmp_path))
    for _ in range(IN_PARALLEL):
        assert not Attempts(store, 7).one_by_one
    for _ in range(ALONE):
        attempts = Attempts(store, 7)
        assert attempts.one_by_one
        assert attempts.allows("a")
        assert attempts.allows("b")
    last = Attempts(store, 7)
    assert [last.allows(name) for name in "abc"] == [True, False, True]
    last.end()
    last.end()
    assert not Attempts(store, 7).one_by_one


def test_a_shard_that_was_begun_often_is_made_one_by_one(job: Job, model_file: Path, tmp_path: Path) -> None:
    begun = {"times": IN_PARALLEL, "alone": {"b.png": ALONE}}
    (tmp_path / "out" / "begun").mkdir(parents=True)
    (tmp_path / "out" / "begun" / "000000.json").write_text(json.dumps(begun))
    assert made(job, model_file, tmp_path / "out", ["a.png", "b.png"]) is None
    assert [(row["name"], row["code"]) for row in written(tmp_path / "out")] == [("a.png", None), ("b.png", "fatal")]
    assert not list((tmp_path / "out" / "begun").iterdir())


def test_a_plan_grows_and_is_of_one_job(job: Job, tmp_path: Path) -> None:
    store = Store(str(tmp_path / "out"))
    first = planned(store, job, ["b", "d", "e"], 2)
    assert first == [Shard(0, ["b", "d"]), Shard(1, ["e"])]
    assert planned(store, job, ["a", "b", "c", "d"], 1) == [*first, Shard(2, ["a"]), Shard(3, ["c"])]
    others = [
        (Job("file:///elsewhere", job.recipe, job.max_pixels), "was made from"),
        (Job(job.source, Recipe("sha256:0"), job.max_pixels), "by another model"),
        (
            Job(job.source, Recipe(job.recipe.digest, confidence=True, min_region=2), 7),
            "--confidence, --max-megapixels",
        ),
    ]
    for other, told in others:
        with pytest.raises(Failure, match=told):
            planned(store, other, ["a"], 1)


def test_a_plan_that_another_run_extends_meanwhile_is_not_replaced(job: Job, tmp_path: Path) -> None:
    store = Store(f"memory://{tmp_path}")
    planned(store, job, ["a"], 1)
    assert store.read("plan/000000.json")
    with pytest.raises(FileExistsError):
        store.create("plan/000000.json", b"{}")


def test_what_is_an_input_and_what_its_name_may_be() -> None:
    names = ["a.JPG", "a/b.dcm", ".hidden.png", "a/.b/c.png", "scan.nii.gz", "x.txt", "out/a.png", "outer.png"]
    assert inputs(names, "out") == ["a.JPG", "a/b.dcm", "scan.nii.gz", "outer.png"]
    assert refusal("a/ü ö#?*.png") is None
    for name in ("../x.png", "a//x.png", "/x.png", "a/./x.png", "\udcff.png"):
        refused = refusal(name)
        assert refused is not None
        refused.name.encode()


def test_a_pipe_is_no_input_and_a_link_to_nothing_is_told_of(job: Job, model_file: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "in" / "pipe.png")
    (tmp_path / "in" / "link.png").symlink_to("nothing")
    names = Store(job.source).names()
    assert names == ["a.png", "b.png", "link.png"]
    assert made(job, model_file, tmp_path / "out", names) is None
    assert [row["code"] for row in written(tmp_path / "out")] == [None, None, "unreadable"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_no_empty_one(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    with pytest.raises(PermissionError):
        Store(str(tmp_path)).names()
