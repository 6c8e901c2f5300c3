"""Weights shifted for AMX compute the same function."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from service.segmentation.catalog import EMBEDDED
from service.segmentation.runtime import amx
from service.segmentation.runtime.session import open_session
from tests.support import colours
from tests.support.graphs import answer, convolution_of_bytes

X = np.random.default_rng(1).integers(0, 256, (1, 128, 8, 8), np.uint8)


def shiftable(*names: str) -> bytes:
    """A small network, these of its weights shiftable."""
    model = convolution_of_bytes(128, 3)
    for tensor in model.graph.initializer:
        tensor.name += amx.SHIFTABLE if tensor.name in names else ""
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            node.input[place] += amx.SHIFTABLE if name in names else ""
    data: bytes = model.SerializeToString()
    return data


def values(data: bytes, name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    tensors = {tensor.name: tensor for tensor in onnx.load_from_string(data).graph.initializer}
    return numpy_helper.to_array(tensors[name + amx.SHIFTABLE]).astype(np.int16)


def test_weights_and_zero_points_are_one_lower_and_say_the_same() -> None:
    data = shiftable("weights", "zeros")
    shifted = amx.shifted(data)
    for name in ("weights", "zeros"):
        np.testing.assert_array_equal(values(shifted, name), values(data, name) - 1)
    np.testing.assert_array_equal(answer(shifted, x=X), answer(data, x=X))


def test_a_file_without_such_weights_stays_as_it_is() -> None:
    for data in (shiftable(), colours.model_bytes()):
        assert amx.shifted(data) == data


def test_a_session_has_them_shifted_where_there_is_amx_alone() -> None:
    data = shiftable("weights")  # without their zero points: it shows
    assert (answer(data, x=X) != answer(amx.shifted(data), x=X)).any()
    as_here = amx.shifted(data) if amx.available() else data
    np.testing.assert_array_equal(open_session(data, 1, ("cpu",)).run(None, {"x": X})[0], answer(as_here, x=X))


@pytest.mark.parametrize("name", ["street", "street-small"])
def test_models_that_come_with_the_service_have_some(name: str) -> None:
    assert amx.SHIFTABLE.encode() in (EMBEDDED / f"{name}.onnx").read_bytes()


def test_the_processor_says_whether_it_has_the_unit(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    assert not amx.available(cpuinfo)
    cpuinfo.write_text("processor\t: 0\nflags\t\t: fpu avx512_vnni amx_bf16 amx_tile\n")
    assert not amx.available(cpuinfo)
    cpuinfo.write_text("processor\t: 0\nflags\t\t: fpu avx512_vnni amx_bf16 amx_tile amx_int8 flush_l1d\n")
    assert amx.available(cpuinfo)
