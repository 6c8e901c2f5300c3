"""LitServe around the model and the pipeline of the service.

python lit.py MODEL PORT
"""

import base64
import sys
from pathlib import Path
from typing import Any

import litserve
from fastapi import Request

from service.segmentation.pipeline import Pipeline
from service.segmentation.runtime import cores
from service.segmentation.runtime.model import Model
from service.segmentation.segmenter import Segmenter


class Segment(litserve.LitAPI):  # type: ignore[misc]  # it has no types
    def setup(self, device: str) -> None:  # noqa: ARG002  # LitServe's signature
        model = Model.load(Path(sys.argv[1]), cores.available())
        self.pipeline = Pipeline(Segmenter(model), max_pixels=50_000_000)

    def decode_request(self, request: Request) -> bytes:
        data: bytes = request["image"].file.read()
        return data

    def predict(self, data: bytes) -> dict[str, Any]:
        result = self.pipeline.run(data)
        named = zip(result.model.contract.labels.names, result.areas, strict=True)
        return {
            "classes": [{"name": name, "pixels": a.pixels, "fraction": a.fraction} for name, a in named],
            "mask": base64.b64encode(result.mask()).decode(),
        }

    def encode_response(self, output: dict[str, Any]) -> dict[str, Any]:
        return output


if __name__ == "__main__":
    server = litserve.LitServer(Segment(api_path="/segment"), accelerator="cpu", timeout=120)
    server.run(host="127.0.0.1", port=int(sys.argv[2]), generate_client_file=False, log_level="warning")
