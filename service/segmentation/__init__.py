"""The core: image bytes in, masks and areas out. Knows no HTTP."""

import os

# onnxruntime's wheels contain telemetry that starts at import: off, unless the environment enables it.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
