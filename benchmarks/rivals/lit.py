"""LitServe around the very model that the service serves, and the service's own steps before and after it.

python lit.py MODEL PORT
"""

import base64
import sys
from pathlib import Path
from typing import Any

import litserve
from fastapi import Request

from service.segmentation.inputs.raster import decode
from service.segmentation.measures.areas import areas
from service.segmentation.outputs.rendering import mask_png
from service.segmentation.runtime import cores
from service.segmentation.runtime.model import Model
from service.segmentation.segmenter import Segmenter


class Segment(litserve.LitAPI):  # type: ignore[misc]  # it has no types
    def setup(self, device: str) -> None:  # noqa: ARG002  # LitServe's signature
        self.segmenter = Segmenter(Model.load(Path(sys.argv[1]), cores.available()))

    def decode_request(self, request: Request) -> bytes:
        data: bytes = request["image"].file.read()
        return data

    def predict(self, data: bytes) -> dict[str, Any]:
        photo = decode(data, 50_000_000, self.segmenter.needed)
        segmentation = self.segmenter.segment(photo.image, size=photo.size)
        classes = self.segmenter.model.contract.labels
        mask = base64.b64encode(mask_png(segmentation.labels, classes)).decode()
        measured = areas(segmentation.pixels)
        named = zip(classes.names, measured, strict=True)
        return {
            "classes": [{"name": name, "pixels": a.pixels, "fraction": a.fraction} for name, a in named],
            "mask": mask,
        }

    def encode_response(self, output: dict[str, Any]) -> dict[str, Any]:
        return output


if __name__ == "__main__":
    server = litserve.LitServer(Segment(api_path="/segment"), accelerator="cpu", timeout=120)
    server.run(host="127.0.0.1", port=int(sys.argv[2]), generate_client_file=False, log_level="warning")
