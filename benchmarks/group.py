"""A memory control group (cgroups(7), versions 1 and 2) for one process, which the kernel kills if it takes more."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import sleep

from service.segmentation.runtime import cgroup

LIMITS = ("memory.max", "memory.limit_in_bytes")
"""Of version 2 and of version 1."""
SWAP = {"memory.max": ("memory.swap.max", 0), "memory.limit_in_bytes": ("memory.memsw.limit_in_bytes", None)}
"""The file that keeps the group out of swap, and its value: None for that of the limit, which it includes."""


class Unavailable(Exception):
    """This process may not make a memory control group."""


@dataclass(frozen=True)
class Group:
    """The folder of a control group."""

    folder: Path

    def python(self, file: Path) -> Path:
        """Write a program that is Python, but runs in the group from its first instruction."""
        procs, python = shlex.quote(str(self.folder / "cgroup.procs")), shlex.quote(sys.executable)
        file.write_text(f'#!/bin/sh\necho $$ > {procs} && exec {python} "$@"\n')
        file.chmod(0o755)
        return file


@contextmanager
def memory_group(limit: int) -> Iterator[Group]:
    """A group that may use `limit` bytes, below this process's own or the nearest around it. Raises Unavailable."""
    for around in cgroup.folders("memory"):
        folder = around / f"fcn-serve-{os.getpid()}"
        if _made(folder, limit):
            break
    else:
        raise Unavailable("This process may not make a memory control group.")
    try:
        yield Group(folder)
    finally:
        _removed(folder)


def _made(folder: Path, limit: int) -> bool:
    """Whether a group is there now that limits memory and takes processes; none is left behind where it does not."""
    with suppress(OSError):  # version 2; a group that has processes itself gives no controller to those below
        (folder.parent / "cgroup.subtree_control").write_text("+memory")
    try:
        folder.mkdir()
    except OSError:
        return False
    try:
        name = next(name for name in LIMITS if (folder / name).exists())
        (folder / name).write_text(str(limit))
        _keep_out_of_swap(folder, name, limit)
        join = f"echo $$ > {shlex.quote(str(folder / 'cgroup.procs'))}"
        subprocess.run(["/bin/sh", "-c", join], check=True, capture_output=True)  # noqa: S603  # our own
    except (OSError, StopIteration, subprocess.CalledProcessError):
        _removed(folder)
        return False
    return True


def _keep_out_of_swap(folder: Path, limit_file: str, limit: int) -> None:
    swap, most = SWAP[limit_file]
    with suppress(OSError):  # a kernel that does not count swap
        (folder / swap).write_text(str(limit if most is None else most))


def _removed(folder: Path) -> None:
    for _ in range(100):  # its last process may still be leaving
        with suppress(OSError):
            folder.rmdir()
            return
        sleep(0.05)
