"""All sessions share one arena."""

import subprocess
import sys

from service.segmentation.catalog import EMBEDDED

GROWTH = """
import sys
from pathlib import Path
import numpy as np
import psutil
from service.segmentation.runtime.session import open_session, share_arena

if sys.argv[2] == "shared":
    share_arena()
sessions = [open_session(Path(sys.argv[1]).read_bytes(), 1, ["cpu"]) for _ in range(2)]
image = np.zeros((1, 960, 960, 3), np.uint8)
resident = [psutil.Process().memory_info().rss]
for session in sessions:
    session.run(["labels"], {"image": image})
    resident.append(psutil.Process().memory_info().rss)
print(*(after - before for before, after in zip(resident, resident[1:])))
"""


def growth(arena: str) -> tuple[int, int]:
    """Bytes that the first and the second of two sessions took for one image each, one after the other."""
    command = [sys.executable, "-c", GROWTH, str(EMBEDDED / "street-small.onnx"), arena]
    first, second = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()
    return int(first), int(second)


def test_a_second_session_works_where_the_first_one_has() -> None:
    first, second = growth("shared")
    assert second < first / 4
    first, second = growth("of its own")
    assert second > first / 2  # or the test says nothing
