"""The script that most people write: FastAPI around the float model, NumPy, and Pillow's defaults.

python script.py MODEL PORT
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

MEAN, STD = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)
COLOURS = np.random.default_rng(0).integers(0, 256, (11, 3), dtype=np.uint8)
SIZE = (736, 544)

app = FastAPI()
session = onnxruntime.InferenceSession(sys.argv[1])


@app.post("/segment")
def segment(image: UploadFile) -> dict[str, Any]:
    photo = Image.open(image.file).convert("RGB")
    pixels = np.asarray(photo.resize(SIZE), np.float32) / 255
    batch = ((pixels - MEAN) / STD).transpose(2, 0, 1)[None].astype(np.float32)
    scores = session.run(None, {"image": batch})[0]
    labels = np.asarray(scores)[0].argmax(0).astype(np.uint8)
    labels = np.asarray(Image.fromarray(labels).resize(photo.size, Image.Resampling.NEAREST))
    file = io.BytesIO()
    Image.fromarray(COLOURS[labels]).save(file, "PNG")
    areas = {str(label): int((labels == label).sum()) for label in range(11)}
    return {"areas": areas, "mask": base64.b64encode(file.getvalue()).decode()}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
