"""docs/how-to/clinic.md is true: every curl command in it runs, and its answer is what the document says."""

import gzip
import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from service.segmentation.outputs.png import SIGNATURE
from tests.support import tissues
from tests.support.debian import need
from tests.support.dicom import dicom, pattern
from tests.support.nifti import nifti
from tests.support.scans import scan
from tests.support.server import ROOT, serving

nibabel = pytest.importorskip("nibabel")

DOCUMENT = (ROOT / "docs" / "how-to" / "clinic.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)
COMMANDS = [line for block in BLOCKS for line in block.splitlines() if line.startswith("curl ")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that the commands send."""
    volume = scan()
    (tmp_path / "scan.nii.gz").write_bytes(gzip.compress(nifti(volume.voxels, volume.affine)))
    (tmp_path / "slice.dcm").write_bytes(dicom(pattern()))
    Image.fromarray(pattern()).save(tmp_path / "slice.png")
    return tmp_path


def test_every_command_answers_as_it_says(folder: Path) -> None:
    assert len(COMMANDS) >= 7
    curl = need("curl")
    models = folder / "models"
    models.mkdir()
    (models / "tissues.onnx").write_bytes(tissues.model_bytes())
    with serving(models) as url:
        for command in COMMANDS:
            words = shlex.split(command.replace("http://127.0.0.1:8000", url).replace("model=brain", "model=tissues"))
            check(words, subprocess.check_output([curl, "--fail-with-body", *words[1:]], cwd=folder), folder)


def check(words: list[str], printed: bytes, folder: Path) -> None:
    """The answer is in the file that the command names, or is JSON, in one line or in several."""
    if "labels.nii.gz" in words:
        assert nibabel.load(folder / "labels.nii.gz").shape == scan().shape
    elif "mosaic.png" in words:
        assert (folder / "mosaic.png").read_bytes().startswith(SIGNATURE)
    else:
        *progress, last = (json.loads(line) for line in printed.splitlines())
        assert all(set(line) == {"done", "of"} for line in progress)
        answer = last["result"] if progress else last
        assert answer["model"]["name"] == "tissues"
        assert ("notice" in answer) == ("image" not in answer)
