"""The control groups that this process is in (cgroups(7), versions 1 and 2), where the limits of a container stand."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath


def folders(controller: str, process: Path = Path("/proc/self")) -> list[Path]:
    """The folder of the process's own group and of each group around it, for `cpu` or `memory`.

    Each of them may set a limit, and the tightest counts. Empty where there are no control groups to be seen.
    """
    try:
        groups = (process / "cgroup").read_text().splitlines()
        mounts = (process / "mountinfo").read_text().splitlines()
    except OSError:
        return []
    paths = {name: path for _, names, path in (line.split(":", 2) for line in groups) for name in names.split(",")}
    found: list[Path] = []
    for root, point, name in _mounts(mounts, controller):
        if name in paths:
            own = point / _below(PurePosixPath(paths[name]), root)
            found += [own, *(folder for folder in own.parents if folder.is_relative_to(point))]
    return found


def _mounts(lines: list[str], controller: str) -> Iterator[tuple[PurePosixPath, Path, str]]:
    """Root, mount point, and name in /proc/self/cgroup, which is empty for version 2 (proc_pid_mountinfo(5))."""
    for line in lines:
        place, _, system = line.partition(" - ")
        kind, _, options = system.split(maxsplit=2)
        root, point = place.split()[3:5]
        if kind == "cgroup2":
            yield PurePosixPath(root), Path(point), ""
        elif kind == "cgroup" and controller in options.split(","):
            yield PurePosixPath(root), Path(point), controller


def _below(path: PurePosixPath, root: PurePosixPath) -> PurePosixPath:
    """Where a group lies under a mount point that shows `root`; the mount point itself where it lies elsewhere."""
    if ".." in path.parts or not path.is_relative_to(root):
        return PurePosixPath()
    return path.relative_to(root)
