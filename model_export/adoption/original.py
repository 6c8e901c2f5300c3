"""The foreign network as its maker runs it: the reference of parity, independent of the graph that is written."""

import numpy as np
import onnx
import torch
from torch.nn import functional as F

from model_export.adoption.foreign import Foreign
from model_export.adoption.head import Array, Head, found
from model_export.adoption.preprocessing import Preprocessing
from model_export.errors import AdoptionError
from service.segmentation.errors import ModelUnreadable
from service.segmentation.modelfile.contract import Labels, Pixels, Scores
from service.segmentation.runtime.session import one_line, open_session

SMALLEST = 1e-7
"""Probabilities are not below it, nor above 1 less it, before their logarithms are taken."""


class Original:
    """A foreign network in onnxruntime, with its preprocessing before it in NumPy, and what turns scores to labels
    behind it in torch."""

    def __init__(self, foreign: Foreign, preprocessing: Preprocessing) -> None:
        """Raises AdoptionError where onnxruntime cannot load it."""
        self.foreign, self.preprocessing = foreign, preprocessing
        try:
            self.session = open_session(foreign.model.SerializeToString(), 0, ("cpu",))
        except ModelUnreadable as error:
            raise AdoptionError(f"{error}; export it with operators of the ONNX standard.") from error

    def raw(self, image: Pixels) -> Array:
        """Its own output for an RGB image [H, W, 3]. Raises AdoptionError."""
        foreign = self.foreign
        dtype = onnx.helper.tensor_dtype_to_np_dtype(foreign.dtype)
        pixels: Array = image if self.preprocessing.order == "rgb" else image[..., ::-1]
        if foreign.dtype != onnx.TensorProto.UINT8:
            scaled = pixels.astype(np.float64) * self.preprocessing.scale
            pixels = (scaled - self.preprocessing.mean) / self.preprocessing.std
        batch = pixels[np.newaxis] if foreign.layout == "NHWC" else pixels[np.newaxis].transpose(0, 3, 1, 2)
        try:
            (output,) = self.session.run([foreign.output], {foreign.image: np.ascontiguousarray(batch, dtype)})
        except Exception as error:  # onnxruntime's exceptions share no base
            height, width, _ = image.shape
            raise AdoptionError(
                f"onnxruntime cannot run it on an image of {width}x{height}: {one_line(error)}; another --stride or "
                f"--native may do."
            ) from error
        return np.asarray(output)

    def head(self, image: Pixels, classes: int, threshold: float | None) -> Head:
        """What comes out of it, as seen on an image. Raises AdoptionError."""
        height, width, _ = image.shape
        return found(self.raw(image), height, width, classes, threshold)

    def answer(self, image: Pixels, head: Head) -> tuple[Labels, Scores | None]:
        """Labels and logits of an image, [H, W] and [classes, H, W]."""
        output = torch.from_numpy(self.raw(image).astype(np.int64 if head.labels else np.float32))
        planes = output.permute(0, 3, 1, 2) if head.last else output
        size = image.shape[:2]
        if head.labels:
            maps = planes.reshape(1, 1, *planes.shape[-2:]).float()
            return F.interpolate(maps, size, mode="nearest")[0, 0].to(torch.uint8).numpy(), None
        scores = F.interpolate(planes, size, mode="bilinear", align_corners=False)[0]
        if head.probabilities:
            scores = scores.clamp(SMALLEST, 1 - SMALLEST)
            scores = scores.log() if head.threshold is None else scores.logit()
        if head.background is not None:
            scores = torch.cat([torch.full_like(scores[:1], head.background), scores])
        return scores.argmax(0).to(torch.uint8).numpy(), scores.numpy()
