"""Train, export and serve drawn shapes with the commands of the tutorial."""

import base64
import io
import subprocess
from pathlib import Path

import httpx2
import numpy as np
from PIL import Image

from model_export.data import shapes
from model_export.data.folder import SegmentationFolder
from model_export.training.metrics import Meter
from tests.support.document import shapes_commands
from tests.support.program import by_name
from tests.support.server import serving


def test_shapes_are_learned_exported_and_served_with_an_iu_over_80_percent(tmp_path: Path) -> None:
    environment = by_name(tmp_path)
    shapes.write(tmp_path / "few", train=24, val=4, width=160, height=128, seed=0)

    def output(command: str) -> str:
        """What a command prints; the large network, which need not become good, gets a few pictures."""
        command = command.replace("train shapes runs/fine ", "train few runs/fine ")
        return subprocess.check_output(["bash", "-c", command], cwd=tmp_path, env=environment, text=True)

    printed = {command: output(command) for command in shapes_commands()}
    data = SegmentationFolder(tmp_path / "shapes", "val")
    meter = Meter(len(data.classes.classes))
    with serving(tmp_path / "models") as url, httpx2.Client(base_url=url, timeout=60) as client:
        for index, (path, _) in enumerate(data.pairs):
            answer = client.post("/segment", files={"image": path.read_bytes()}).json()
            mask = Image.open(io.BytesIO(base64.b64decode(answer["mask"]["data"])))
            assert mask.histogram()[:4] == [c["pixels"] for c in answer["classes"]]
            meter.add(np.asarray(mask), data.truth(index))
    served = meter.metrics()
    assert served.mean_iu > 0.8
    evaluated = printed["python -m model_export evaluate models/shapes.onnx shapes"]
    assert f"mean IU                {100 * served.mean_iu:6.2f}" in evaluated
    assert any("runs/fine/best.pt" in one for one in printed.values())
    assert (tmp_path / "segmented" / "shapes" / "val" / "images" / "0000.png.webp").exists()
