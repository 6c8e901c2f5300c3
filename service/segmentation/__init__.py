"""The core: image bytes in, masks and areas out. Knows no HTTP."""

import os

# onnxruntime's wheels have a telemetry of their maker's in them, which starts when they are imported: not with these
# images. Whoever wants it says so in the environment.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
