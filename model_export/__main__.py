"""The command line: `python -m model_export --help`."""

import logging
import sys

from model_export.command import app
from model_export.errors import ExportError
from service.segmentation.errors import SegmentationError

# The exporter warns of operators of packages that are not installed and not used.
logging.getLogger("torch.onnx").setLevel(logging.ERROR)

try:
    app(prog_name="python -m model_export")
except (ExportError, SegmentationError) as error:
    sys.exit(f"error: {error}")
except KeyboardInterrupt:
    sys.exit(130)
