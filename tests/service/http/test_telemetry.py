"""What the runtime tells its maker: nothing."""

import subprocess
import sys
from pathlib import Path

from tests.support.server import ROOT


def test_onnxruntime_keeps_no_telemetry(tmp_path: Path, model_file: Path) -> None:
    """It would write what it is about to send into the folder for temporary files."""
    load = f"from service.segmentation.runtime.model import *; Model.load(Path('{model_file}'), 1)"
    environment = {"TMPDIR": str(tmp_path), "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", f"{load}; import time; time.sleep(1)"], cwd=ROOT, env=environment, check=True)
    assert list(tmp_path.iterdir()) == []
