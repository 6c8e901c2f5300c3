"""The golden answer of a file that is made here."""

import msgspec
import numpy as np
import pytest
from PIL import Image

from model_export.errors import QuantizationError
from model_export.onnx import golden
from service.segmentation.modelfile.contract import Labels, Pixels, Scores
from service.segmentation.modelfile.golden import covering, picture, torch_labels


@pytest.mark.parametrize(("size", "wanted"), [((640, 480), (320, 256)), ((1000, 50), (320, 32)), ((8, 100), (32, 96))])
def test_a_picture_is_brought_to_multiples_of_the_stride(size: tuple[int, int], wanted: tuple[int, int]) -> None:
    pixels = golden.prepared(Image.new("RGB", size, "#204060"), grey=False)
    assert pixels.shape == (*wanted[::-1], 3)
    assert pixels[0, 0].tolist() == [0x20, 0x40, 0x60]


def test_a_model_of_scans_gets_a_grey_picture() -> None:
    pixels = golden.prepared(golden.drawn(), grey=True)
    assert (pixels == pixels[..., :1]).all()
    assert len(np.unique(pixels)) > 50


def test_an_int8_network_that_is_not_torchs_is_refused() -> None:
    pixels = golden.prepared(golden.drawn(), grey=False)
    scores: Scores = np.random.default_rng(0).normal(size=(3, *pixels.shape[:2])).astype(np.float32)
    torchs = golden.of_torch(pixels, scores.argmax(0).astype(np.uint8), scores)

    def network(image: Pixels, share: float) -> tuple[Labels, Scores]:
        labels = torch_labels(torchs, *image.shape[:2]).copy()
        labels[: round(share * len(labels))] ^= 1
        return labels, scores

    answer = golden.of_integers(torchs, lambda image: network(image, 0.05), covering(scores))
    assert answer.agreement == pytest.approx(0.95, abs=0.01)
    assert msgspec.structs.replace(answer, agreement=1.0) == torchs
    np.testing.assert_array_equal(picture(answer), pixels)
    with pytest.raises(QuantizationError, match=r"torch's label to 8\d\.\d% of the golden picture, and 90%"):
        golden.of_integers(torchs, lambda image: network(image, 0.15), covering(scores))
