"""Options are read whichever version wrote them."""

import logging

import msgspec
import pytest

from model_export.training import options
from model_export.training.options import FORMER, Options
from service.segmentation.catalog import EMBEDDED
from service.segmentation.runtime.model import Model


def test_those_of_an_earlier_version_are_read(caplog: pytest.LogCaptureFixture) -> None:
    recorded = Model.load(EMBEDDED / "street-small.onnx", threads=1).contract.training.options
    read = options.read(recorded)
    assert read.enlarge == 1.2
    assert read.crop == (recorded["crop_width"], recorded["crop_height"])
    assert read.scale_range == (recorded["smallest"], recorded["largest"])
    assert all(getattr(read, now) == recorded[former] for former, now in FORMER.items())
    assert not caplog.records


def test_those_of_the_shipped_street_are_read(caplog: pytest.LogCaptureFixture) -> None:
    recorded = Model.load(EMBEDDED / "street.onnx", threads=1).contract.training.options
    read = options.read(recorded)
    assert read.enlarge == 1.5
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
