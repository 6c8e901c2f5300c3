"""examples/robot: built with Debian's libraries, it follows a folder of frames with a real service."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.examples.conftest import KEY
from tests.support.debian import library_path, need, need_tree
from tests.support.document import Document
from tests.support.pictures import encoded, quarters
from tests.support.server import ROOT, free_port

ROBOT = ROOT / "examples" / "robot" / "robot.cpp"
HEADERS = {
    "libcurl4-openssl-dev": "usr/include/{machine}/curl/curl.h",
    "nlohmann-json3-dev": "usr/include/nlohmann/json.hpp",
    "libopencv-videoio-dev": "usr/include/opencv4/opencv2/videoio.hpp",
}
"""A header of each Debian package that is needed."""
INSTALL, BUILD, FOLLOW = Document("docs/how-to/robots.md").commands


@pytest.fixture(scope="module")
def robot(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command that starts it, built as the document says, but without optimising."""
    compiler = need("g++")
    machine = subprocess.check_output([compiler, "-print-multiarch"], text=True).strip()
    roots = [need_tree(package, file.format(machine=machine)) for package, file in HEADERS.items()]
    program = tmp_path_factory.mktemp("robot") / "robot"
    _, *words = shlex.split(BUILD)
    ours = {"examples/robot/robot.cpp": str(ROBOT), "robot": str(program), "-O2": "-O0"}
    command = [compiler, "-Wall", "-Wextra", "-Werror", *(ours.get(word, word) for word in words)]
    libraries = [folder for root in roots for folder in library_path(root).split(":") if folder]
    command += [
        f"-isystem{root}/usr/include{below}"
        for root in roots
        for below in ("", f"/{machine}", "/opencv4")
        if root != Path("/")
    ]
    command += [option for folder in libraries for option in (f"-L{folder}", f"-Wl,-rpath-link,{folder}")]
    subprocess.run(command, check=True, timeout=600)
    return ["env", f"LD_LIBRARY_PATH={':'.join(libraries)}", str(program)]


def test_the_document_names_the_packages_and_the_arguments() -> None:
    assert set(HEADERS) <= set(shlex.split(INSTALL))
    assert len(shlex.split(FOLLOW)) == 5


def frames(folder: Path, image: Image.Image, count: int = 400) -> str:
    """A camera: a folder of the same picture, again and again."""
    for number in range(count):
        (folder / f"{number:03}.jpg").write_bytes(encoded(image, "JPEG", quality=95, subsampling=0))
    return str(folder / "%03d.jpg")


def run(robot: list[str], *words: object, key: str = KEY) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"FCN_SERVE_KEY": key}
    command = [*robot, *map(str, words)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


def test_each_frame_is_answered_over_one_connection(robot: list[str], url: str, tmp_path: Path) -> None:
    result = run(robot, url, frames(tmp_path, quarters().rotate(180)), 5, 30_000)
    assert result.returncode == 0, result.stderr
    *lines, last = result.stdout.splitlines()
    assert len(lines) == 5
    for line in lines:
        assert re.fullmatch(r"frame \d+: road 16\.7 %, pedestrian, \d+ ms old", line)
    assert re.fullmatch(r"5 answered, 0 late, 0 refused, \d+ dropped; connections: 1", last)


def test_the_frame_after_a_slow_one_is_the_newest(robot: list[str], url: str, tmp_path: Path) -> None:
    camera = frames(tmp_path, quarters().rotate(180))
    (tmp_path / "000.jpg").write_bytes(encoded(Image.new("RGB", (96, 64), (100, 0, 0)), "JPEG"))
    result = run(robot, url, camera, 2, 30_000)
    first, second, last = result.stdout.splitlines()
    assert first.startswith("frame 0: road 100.0 %, nobody")
    number = int(second.split()[1].rstrip(":"))
    assert number > 2, "those that came meanwhile are dropped"
    assert last == f"2 answered, 0 late, 0 refused, {number - 1} dropped; connections: 1"


def test_late_frames_have_no_answer(robot: list[str], url: str, tmp_path: Path) -> None:
    result = run(robot, url, frames(tmp_path, Image.new("RGB", (96, 64), (255, 0, 0))), 3, 100)
    assert re.fullmatch(r"0 answered, 3 late, 0 refused, \d+ dropped; connections: \d\n", result.stdout), result.stderr


def test_it_ends_with_the_video(robot: list[str], url: str, tmp_path: Path) -> None:
    sky = Image.fromarray(np.full((64, 96, 3), (0, 0, 255), np.uint8))
    result = run(robot, url, frames(tmp_path, sky, 2), 1000, 30_000)
    assert result.returncode == 0, result.stderr
    assert "road 0.0 %, nobody" in result.stdout


def test_what_cannot_be_done_is_said(robot: list[str], url: str, tmp_path: Path) -> None:
    camera = frames(tmp_path, quarters(), 1)
    assert "key" in run(robot, url, camera, 1, 1000, key="wrong").stderr
    assert "connect" in run(robot, f"http://127.0.0.1:{free_port()}", camera, 1, 1000).stderr
    nothing = run(robot, url, tmp_path / "none.mp4", 1, 1000)
    assert (nothing.returncode, "no camera or video" in nothing.stderr) == (1, True)
    assert run(robot).returncode == 2
