"""The standard's reference evaluator labels as onnxruntime does: the file is ONNX, and no quirk of one runtime."""

import numpy as np

from model_export.onnx import parity
from model_export.onnx.golden import drawn, prepared
from tests.support.reference import by_reference


def test_another_implementation_gives_the_same_labels(source: bytes) -> None:
    image = prepared(drawn(), grey=False)
    measured = parity.measure(by_reference(source), parity.by_onnxruntime(source), [image])
    assert measured.disagreeing_ppm < 100
    assert measured.max_score_difference < 1e-3
    assert len(np.unique(by_reference(source)(image)[0])) > 1
