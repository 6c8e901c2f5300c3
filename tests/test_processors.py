"""The service on processors of other kinds, emulated: it starts, and gives the masks that it gives here.

One processor by default; `make test-processors` tries them all.
"""

import io
import os
import subprocess
from pathlib import Path

import httpx2
import numpy as np
import pytest
from PIL import Image

from service.segmentation.catalog import EMBEDDED
from service.segmentation.pipeline import Pipeline
from service.segmentation.runtime.model import Model
from service.segmentation.segmenter import Segmenter
from tests.support import arm, emulation
from tests.support.server import ROOT, serving

EVERY = os.environ.get("PROCESSORS") == "all"
MODELS = ("street", "street-small", "objects") if EVERY else ("street-small",)
X86 = ("Haswell", "EPYC-Rome", "Skylake-Client") if EVERY else ("Haswell",)
ARM = ("cortex-a72", "cortex-a76")
PHOTO = (ROOT / "docs" / "street.jpg").read_bytes()
PATIENCE_S = 400

# An onnxruntime that does not know the option which makes products of bytes exact.
WITHOUT_THE_OPTION = """
import sys
import onnxruntime

class Options(onnxruntime.SessionOptions):
    def add_session_config_entry(self, key, value):
        if key != "session.x64quantprecision":
            super().add_session_config_entry(key, value)

onnxruntime.SessionOptions = Options
from service.__main__ import main
sys.exit(main([]))
"""


def mask_here(name: str) -> bytes:
    model = Model.load(EMBEDDED / f"{name}.onnx", threads=0)
    return Pipeline(Segmenter(model), max_pixels=10_000_000).run(PHOTO).mask()


def mask_there(name: str, python: str) -> bytes:
    """Of the service, run by the emulated Python."""
    with serving(
        EMBEDDED / f"{name}.onnx", python=python, patience_s=PATIENCE_S, grace_s=60, deadline_s=PATIENCE_S
    ) as url:
        headers = {"Accept": "image/png", "Content-Type": "image/jpeg"}
        answer = httpx2.post(f"{url}/segment", content=PHOTO, headers=headers, timeout=PATIENCE_S)
    assert answer.status_code == 200, answer.text
    return answer.content


def differing_ppm(one: bytes, other: bytes) -> float:
    first, second = (np.asarray(Image.open(io.BytesIO(mask))) for mask in (one, other))
    return 1e6 * float((first != second).mean())


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("processor", X86)
def test_the_masks_of_an_x86_processor_are_the_same(processor: str, name: str, tmp_path: Path) -> None:
    assert mask_there(name, emulation.x86(processor, tmp_path)) == mask_here(name)


@pytest.mark.skipif(not EVERY, reason="make test-processors")
@pytest.mark.parametrize("name", MODELS)
def test_saturating_kernels_do_not_start(name: str, tmp_path: Path) -> None:
    """They are what Haswell runs unless it is told not to."""
    program = tmp_path / "without_the_option.py"
    program.write_text(WITHOUT_THE_OPTION)
    environment = os.environ | {"SEGMENT_MODELS": str(EMBEDDED / f"{name}.onnx"), "PYTHONPATH": str(ROOT)}
    command = [emulation.x86("Haswell", tmp_path), str(program)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert result.returncode == 1
    assert f"{name}.onnx: its scores for the golden picture are" in result.stderr


@pytest.mark.skipif(not EVERY, reason="make test-processors")
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("processor", [*ARM, "Nehalem"])
def test_the_masks_of_other_kernels_are_almost_the_same(processor: str, name: str, tmp_path: Path) -> None:
    """Its kernels round otherwise, and labels change where two classes are close.

    One step in an early layer reaches most values of later ones. To compare: int8 changes 12,000 ppm of float's labels.
    """
    python = arm.python if processor in ARM else emulation.x86
    differing = differing_ppm(mask_there(name, python(processor, tmp_path)), mask_here(name))
    print(f"{name} on {processor}: {differing:.0f} ppm of the labels differ")  # noqa: T201  # a figure for the docs
    assert differing < 5000
