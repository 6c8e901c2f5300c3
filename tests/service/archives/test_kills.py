"""A worker, and then the program itself, are killed while they work: every image has one row all the same."""

import subprocess
from pathlib import Path

import psutil

from benchmarks.archive import workers
from tests.support import slow
from tests.support.archive import EAGER, written
from tests.support.program import PROGRAM, environment
from tests.support.waiting import wait_until

IMAGES = 40
PATIENCE_S = 240
CALL = [*PROGRAM, "batch", "in", "out", "--shard", "2", "--address", "local"]


def test_every_image_has_one_row_after_kills(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(IMAGES):
        (tmp_path / "in" / f"{number:02}.png").write_bytes(slow.picture(10))
    (tmp_path / "slow.onnx").write_bytes(slow.model_bytes())
    variables = environment(models=tmp_path / "slow.onnx") | EAGER

    def done() -> dict[str, int]:
        return {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out" / "rows").glob("*.parquet")}

    with subprocess.Popen(CALL, cwd=tmp_path, env=variables, stderr=subprocess.PIPE, text=True) as process:
        program = psutil.Process(process.pid)

        def goes_on(shards: int) -> bool:
            assert process.poll() is None, process.communicate()
            return len(done()) >= shards

        wait_until(lambda: goes_on(2), PATIENCE_S)
        workers(program)[0].kill()
        before = len(done())
        wait_until(lambda: goes_on(before + 3), PATIENCE_S)
        family = program.children(recursive=True)
        process.kill()
        process.wait()
    first = done()
    assert len(first) < IMAGES // 2
    _, alive = psutil.wait_procs(family, timeout=PATIENCE_S)
    assert not alive, "Ray's processes outlived the program"
    last = subprocess.run(CALL, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=600, check=False)
    assert (last.returncode, last.stderr) == (0, "")
    assert first.items() <= done().items(), "a shard was made again"
    rows = written(tmp_path / "out")
    assert [row["name"] for row in rows] == [f"{number:02}.png" for number in range(IMAGES)]
    assert {row["status"] for row in rows} == {"done"}
    assert len(list((tmp_path / "out" / "masks").iterdir())) == IMAGES
    assert not (tmp_path / "out" / ".parts").exists()
