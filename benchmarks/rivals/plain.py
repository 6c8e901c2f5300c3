"""The least that serves the model: FastAPI around the very file that the service serves, and nothing of its code.

python plain.py MODEL PORT
"""

import base64
import io
import sys
from typing import Any

import numpy as np
import onnxruntime
import uvicorn
from fastapi import FastAPI, UploadFile
from PIL import Image

SIZE = (736, 544)
"""street's native size, in whole strides."""
CLASSES = 11
PALETTE = np.random.default_rng(0).integers(0, 256, 3 * CLASSES).tolist()

app = FastAPI()
session = onnxruntime.InferenceSession(sys.argv[1])


@app.post("/segment")
def segment(image: UploadFile) -> dict[str, Any]:
    photo = Image.open(image.file).convert("RGB")
    pixels = np.asarray(photo.resize(SIZE, Image.Resampling.BILINEAR))
    labels = np.asarray(session.run(["labels"], {"image": pixels[None]})[0])[0]
    mask = Image.fromarray(labels).resize(photo.size, Image.Resampling.NEAREST)
    areas = dict(enumerate(mask.histogram()[:CLASSES]))
    mask.putpalette(PALETTE)
    file = io.BytesIO()
    mask.save(file, "PNG")
    return {"areas": areas, "mask": base64.b64encode(file.getvalue()).decode()}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
