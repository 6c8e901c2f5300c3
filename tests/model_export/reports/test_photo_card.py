"""The card of a model without labels to judge it by shows what it makes of photos."""

from pathlib import Path

import msgspec
import onnx
from PIL import Image

from model_export.data.folder import SegmentationFolder
from model_export.onnx.export import packed
from model_export.reports import photo_card
from service.segmentation.modelfile.contract import Parity, Quantization
from service.segmentation.runtime.model import Model
from tests.support.command import run


def test_a_card_of_photos_is_written(source: bytes, served: Model, drawn: SegmentationFolder, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, (image, _) in zip(("a.png", "b.png"), drawn.pairs, strict=False):
        (folder / name).write_bytes(image.read_bytes())
    made = Quantization("min-max", 7, None, agreement=0.9876)
    measured = Parity(5, 0.1, 12400.0)
    contract = msgspec.structs.replace(served.contract, quantization=made, parity=measured)
    (tmp_path / "shapes.onnx").write_bytes(packed(onnx.load_from_string(source), contract))
    result = run("card", tmp_path / "shapes.onnx", folder, tmp_path / "card.md")
    assert result.returncode == 0, result.stderr
    text = (tmp_path / "card.md").read_text()
    assert text.startswith("# shapes\n\nDrawn shapes.\n")
    assert "It gives the float file's label to 98.76 % of the pixels of 5 others." in text
    assert "background, disc, square, triangle." in text
    assert "](card-photos.png)" in text
    with Image.open(tmp_path / "card-photos.png") as picture:
        assert picture.width == 2 * photo_card.SHOWN[0] + 8
