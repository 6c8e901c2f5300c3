"""Train, export and serve drawn shapes with the README's commands."""

import base64
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx2
import numpy as np
from PIL import Image

from model_export.data.folder import SegmentationFolder
from model_export.training.metrics import Meter
from tests.support.server import ROOT, serving


def readme_commands() -> list[str]:
    """The README's commands for classes of one's own."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    return [line for block in blocks if "model_export" in block for line in block.strip().splitlines()]


def test_shapes_are_learned_exported_and_served_with_an_iu_over_80_percent(tmp_path: Path) -> None:
    bin_folder = str(Path(sys.executable).parent)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PATH": f"{bin_folder}:{os.environ['PATH']}"}
    printed = [
        subprocess.check_output(["bash", "-c", command], cwd=tmp_path, env=environment, text=True)
        for command in readme_commands()
    ]
    data = SegmentationFolder(tmp_path / "shapes", "val")
    meter = Meter(len(data.classes.classes))
    with serving(tmp_path / "models") as url:
        for index, (path, _) in enumerate(data.pairs):
            answer = httpx2.post(f"{url}/segment", files={"image": path.read_bytes()}).json()
            mask = Image.open(io.BytesIO(base64.b64decode(answer["mask"]["data"])))
            assert mask.histogram()[:4] == [c["pixels"] for c in answer["classes"]]
            meter.add(np.asarray(mask), data.truth(index))
    served = meter.metrics()
    assert served.mean_iu > 0.8
    assert f"mean IU                {100 * served.mean_iu:6.2f}" in printed[3]
    assert "runs/fine/best.pt" in printed[4]
