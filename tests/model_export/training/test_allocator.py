"""Memory that a training step freed is there for the next step, without new pages from the system."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys, torch
from model_export.training.allocator import keep_freed_blocks
if sys.argv[1] == "kept":
    keep_freed_blocks()
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        torch.ones(10_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's own settings")
def test_freed_blocks_are_used_again() -> None:
    usual, kept = (
        int(subprocess.check_output([sys.executable, "-c", PROGRAM, word], text=True)) for word in ("usual", "kept")
    )
    assert kept < usual / 10
