"""Options are read whichever version wrote them."""

import logging

import msgspec
import pytest

from model_export.training import options
from model_export.training.options import FORMER, Options
from service.segmentation.catalog import EMBEDDED
from service.segmentation.runtime.model import Model

EARLIER = {
    "data": "camvid",
    "backbone": "mobilenetv2",
    "stride": 8,
    "init": "street-small",
    "epochs": 30,
    "batch": 8,
    "crop_width": 480,
    "crop_height": 384,
    "smallest": 0.7,
    "largest": 2.0,
    "scale": 1.2,
    "rate": 0.001,
    "backbone_rate": 0.0002,
    "decay": 0.03,
    "average": 0.995,
    "fixed": False,
    "deep": 0.3,
    "lovasz": 1.0,
    "teacher": "street.pt",
    "distil": 1.0,
    "hold_out": None,
    "seed": 2,
}
"""Those of street-small 5."""


def test_those_of_an_earlier_version_are_read(caplog: pytest.LogCaptureFixture) -> None:
    read = options.read(EARLIER)
    assert (read.crop, read.scale_range) == ((480, 384), (0.7, 2.0))
    assert all(getattr(read, now) == EARLIER[former] for former, now in FORMER.items())
    assert not caplog.records


@pytest.mark.parametrize(("name", "enlarge"), [("street", 1.5), ("street-small", 1.2)])
def test_those_of_the_shipped_models_are_read(name: str, enlarge: float, caplog: pytest.LogCaptureFixture) -> None:
    recorded = Model.load(EMBEDDED / f"{name}.onnx", threads=1).contract.training.options
    read = options.read(recorded)
    assert read.enlarge == enlarge
    assert read.crop == tuple(recorded["crop"])
    assert [source.data for source in read.also] == ["cityscapes", "idd"]
    assert not caplog.records


def test_written_options_are_read_back() -> None:
    chosen = Options(data="shapes", native=(640, 480), teacher="best.pt", scale_range=(0.5, 1.5))
    assert options.read(msgspec.json.decode(msgspec.json.encode(chosen))) == chosen


def test_an_option_of_another_version_is_ignored_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        read = options.read({"data": "shapes", "momentum": 0.9, "epochs": 3})
    assert read == Options(data="shapes", epochs=3)
    assert "options of another version are ignored: momentum" in caplog.text


def test_an_invalid_value_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"multiple of 32 - at `\$\.crop"):
        options.read({"data": "shapes", "crop_width": 100, "crop_height": 64})
