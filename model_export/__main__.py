"""The command line: `python -m model_export --help`."""

import sys

from model_export.commands import app
from model_export.errors import ExportError
from service.segmentation.errors import SegmentationError

try:
    app(prog_name="python -m model_export")
except (ExportError, SegmentationError) as error:
    sys.exit(f"error: {error}")
except KeyboardInterrupt:
    sys.exit(130)
