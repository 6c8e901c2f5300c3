"""How many cores and how much memory the process may use: its affinity, and its control groups of either version."""

from pathlib import Path

import pytest

from service.segmentation.runtime import cores, memory

HERE = cores.available(Path("/nowhere"))
MIB = 1024 * 1024


def process(folder: Path, groups: str, *mounts: str) -> Path:
    """A folder like /proc/self; `{}` in a mount is the folder of the control groups."""
    proc = folder / "proc"
    proc.mkdir()
    (proc / "cgroup").write_text(groups)
    (proc / "mountinfo").write_text("".join(f"{mount.format(folder)}\n" for mount in mounts))
    return proc


def limit(folder: Path, name: str, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text + "\n")


V2 = "30 23 0:26 / {}/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw"
V1_CPU = "31 23 0:27 / {}/cgroup/cpu rw shared:5 - cgroup cgroup rw,cpu,cpuacct"
V1_MEMORY = "32 23 0:28 / {}/cgroup/memory rw - cgroup cgroup rw,memory"
V1_IN_DOCKER = "33 23 0:29 /docker/abc {}/cgroup/memory ro - cgroup cgroup rw,memory"


@pytest.mark.parametrize(
    ("quota", "number"),
    [("max 100000", HERE), ("100000 100000", 1), ("50000 100000", 1), ("6400000 100000", min(HERE, 64))],
)
def test_cores_by_version_2(tmp_path: Path, quota: str, number: int) -> None:
    proc = process(tmp_path, "0::/\n", V2)
    limit(tmp_path / "cgroup", "cpu.max", quota)
    assert cores.available(proc) == number


@pytest.mark.parametrize(("quota", "number"), [("100000", 1), ("-1", HERE)])
def test_cores_by_version_1(tmp_path: Path, quota: str, number: int) -> None:
    proc = process(tmp_path, "4:cpu,cpuacct:/mine\n0::/\n", V1_CPU)
    limit(tmp_path / "cgroup" / "cpu" / "mine", "cpu.cfs_quota_us", quota)
    limit(tmp_path / "cgroup" / "cpu" / "mine", "cpu.cfs_period_us", "100000")
    assert cores.available(proc) == number


def test_the_tightest_of_nested_groups_counts(tmp_path: Path) -> None:
    proc = process(tmp_path, "0::/system.slice/fcn.service\n", V2)
    limit(tmp_path / "cgroup" / "system.slice" / "fcn.service", "memory.max", str(64 * MIB))
    limit(tmp_path / "cgroup" / "system.slice", "memory.max", str(32 * MIB))
    limit(tmp_path / "cgroup" / "system.slice", "cpu.max", "100000 100000")
    limit(tmp_path / "cgroup" / "other.slice", "memory.max", str(16 * MIB))
    assert memory.available(proc) == 32 * MIB
    assert cores.available(proc) == 1


def test_memory_by_version_1_and_in_a_container_that_shares_the_hosts_names(tmp_path: Path) -> None:
    proc = process(tmp_path, "5:memory:/docker/abc\n", V1_IN_DOCKER)
    limit(tmp_path / "cgroup" / "memory", "memory.limit_in_bytes", str(48 * MIB))
    assert memory.available(proc) == 48 * MIB


@pytest.mark.parametrize("text", ["max", "9223372036854771712"])
def test_without_a_limit_it_is_the_machines_memory(tmp_path: Path, text: str) -> None:
    proc = process(tmp_path, "5:memory:/../..\n0::/gone\n", V1_MEMORY, V2)
    limit(tmp_path / "cgroup" / "memory", "memory.limit_in_bytes", text)
    limit(tmp_path / "cgroup", "memory.max", "max")
    assert memory.available(proc) == memory.physical()


def test_without_proc_a_default_is_assumed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.sysconf")
    assert memory.available(Path("/nowhere")) == memory.ASSUMED
    assert memory.resident(Path("/nowhere")) == memory.ASSUMED_RESIDENT
    assert cores.available(Path("/nowhere")) == HERE


def test_the_process_uses_some_memory() -> None:
    assert 1 * MIB < memory.resident() < memory.physical()
