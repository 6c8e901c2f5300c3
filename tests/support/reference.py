"""A second implementation of ONNX: the standard's own reference evaluator, in NumPy, which shares no code with
onnxruntime."""

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from model_export.onnx.parity import Forward
from service.segmentation.modelfile.contract import Labels, Pixels, Scores
from service.segmentation.runtime.cells import Cells


def by_reference(data: bytes) -> Forward:
    """A float model file's network, run by the reference evaluator."""
    evaluator = ReferenceEvaluator(onnx.load_model_from_string(data))

    def run(image: Pixels) -> tuple[Labels, Scores]:
        labels, scores = evaluator.run(["labels", "scores"], {"image": image[np.newaxis]})
        first: Labels = np.asarray(labels)[0]
        return first, Cells(np.asarray(scores)[0], first.shape, None).logits()

    return run
