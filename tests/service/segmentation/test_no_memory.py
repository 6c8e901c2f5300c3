"""What a decoder or an encoder says when it has no memory becomes a MemoryError."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.pictures import encoded, quarters
from tests.support.server import ROOT

SIZE = 4000, 3000

WITH_LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
from PIL import Image
from service.segmentation.inputs.raster import decode
from service.segmentation.outputs.rendering import encoded

what, file = sys.argv[1:]
data, picture = Path(file).read_bytes(), Image.new("RGB", (4000, 3000))
encoded(Image.new("RGB", (8, 8)), "WEBP")
pages = int(Path("/proc/self/statm").read_text().split()[0])
most = pages * resource.getpagesize() + 10 * 2**20
resource.setrlimit(resource.RLIMIT_AS, (most, most))
try:
    decode(data, 50_000_000) if what == "decode" else encoded(picture, "WEBP")
except MemoryError:
    print("MemoryError")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux limits a process's address space")
@pytest.mark.parametrize(
    ("what", "format_", "mode"),
    [
        ("decode", "WEBP", "RGB"),
        ("decode", "WEBP", "RGBA"),
        ("decode", "PNG", "RGBA"),
        ("decode", "JPEG", "RGB"),
        ("encode", "PNG", "RGB"),
    ],
)
def test_no_memory_is_a_memory_error(tmp_path: Path, what: str, format_: str, mode: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(encoded(quarters(*SIZE).convert(mode), format_, lossless=True, method=0))
    command = [sys.executable, "-c", WITH_LITTLE_MEMORY, what, str(file)]
    assert subprocess.check_output(command, cwd=ROOT, text=True) == "MemoryError\n"
