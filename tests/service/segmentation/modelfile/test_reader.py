"""Documents of the older format are read as what they meant."""

import base64
import zlib
from typing import Any

import msgspec
import numpy as np
import pytest

from service.segmentation.errors import ContractBroken, SelfTestFailed
from service.segmentation.modelfile import golden
from service.segmentation.modelfile.reader import pattern, read
from service.segmentation.runtime.model import Model
from tests.support.colours import HEIGHT, WIDTH, contract, graph, packed

EXPECTED = pattern(WIDTH, HEIGHT).argmax(2).astype(np.uint8)


def of_format_1(labels: np.ndarray[Any, np.dtype[np.uint8]] = EXPECTED, **changes: Any) -> bytes:
    text = base64.b64encode(zlib.compress(labels.tobytes())).decode()
    old = {"format": 1, "golden": {"width": WIDTH, "height": HEIGHT, "labels": text}}
    return msgspec.json.encode(msgspec.to_builtins(contract()) | old | changes)


def test_a_file_of_format_1_is_served_with_its_own_golden_answer() -> None:
    lifted = Model(packed(graph(), of_format_1()), threads=1).contract
    assert lifted.format == 2
    np.testing.assert_array_equal(golden.picture(lifted.golden), pattern(WIDTH, HEIGHT))
    np.testing.assert_array_equal(golden.torch_labels(lifted.golden, HEIGHT, WIDTH), EXPECTED)


def test_a_file_of_format_1_that_gives_another_answer_is_refused() -> None:
    with pytest.raises(SelfTestFailed, match="recorded label"):
        Model(packed(graph(), of_format_1(np.zeros((HEIGHT, WIDTH), np.uint8))), threads=1)


@pytest.mark.parametrize("broken", [{"golden": None}, {"golden": {"width": "wide", "height": 64, "labels": ""}}])
def test_an_invalid_golden_answer_of_format_1_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(ContractBroken, match="not understood"):
        read(of_format_1(**broken).decode())


def test_a_file_from_before_temperatures_were_fitted_has_none() -> None:
    document = msgspec.to_builtins(contract())
    del document["temperature"]
    assert read(msgspec.json.encode(document).decode()).temperature == 1


def test_a_file_from_before_there_were_other_architectures_is_an_fcn_that_takes_any_size() -> None:
    network = {"backbone": "mobilenetv2", "stride": 8, "parameters": 2_000_000, "macs": 900_000_000}
    document = msgspec.to_builtins(contract()) | {"network": network}
    del document["input"]["fixed"]
    for one in (document, document | {"network": None}):
        lifted = read(msgspec.json.encode(one).decode())
        assert lifted.architecture == "fcn"
        assert not lifted.input.fixed


@pytest.mark.parametrize("temperature", [0, -1, 1e-9, 1e9])
def test_a_temperature_that_makes_no_probability_is_refused(temperature: float) -> None:
    with pytest.raises(ContractBroken, match="temperature"):
        read(msgspec.json.encode(contract(temperature=temperature)).decode())
