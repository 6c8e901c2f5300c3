"""The JSON of the protocol.

Source: Open Inference Protocol, version 2 (github.com/kserve/open-inference-protocol), with the extension for binary
tensors as Triton and KServe have it.
"""

from typing import Any, Literal

import msgspec

Parameters = dict[str, str | int | float | bool]


class Input(msgspec.Struct, frozen=True):
    """A tensor of a request. `data` stays as it was written until a worker reads it; without it the tensor is binary,
    behind the JSON."""

    name: str
    shape: tuple[int, ...]
    datatype: str
    parameters: Parameters = {}
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Wanted(msgspec.Struct, frozen=True):
    """An output that a request asks for."""

    name: str
    parameters: Parameters = {}


class Inference(msgspec.Struct, frozen=True):
    """The body of a request, or its JSON part."""

    inputs: tuple[Input, ...]
    id: str = ""
    parameters: Parameters = {}
    outputs: tuple[Wanted, ...] = ()


class Output(msgspec.Struct, frozen=True, omit_defaults=True):
    """A tensor of an answer, without `data` where it is binary."""

    name: str
    shape: tuple[int, ...]
    datatype: str
    parameters: Parameters = {}
    data: list[Any] | msgspec.UnsetType = msgspec.UNSET


class Inferred(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of an answer, or its JSON part."""

    model_name: str
    model_version: str
    outputs: tuple[Output, ...]
    id: str = ""


class TensorKind(msgspec.Struct, frozen=True):
    """An input or output as metadata have it; -1 is any length."""

    name: str
    datatype: str
    shape: tuple[int, ...]


class ModelMetadata(msgspec.Struct, frozen=True):
    """A model's tensors. `platform` is Triton's name for its kind of file."""

    name: str
    versions: tuple[str, ...]
    inputs: tuple[TensorKind, ...]
    outputs: tuple[TensorKind, ...]
    platform: Literal["onnxruntime_onnx"] = "onnxruntime_onnx"


class ServerMetadata(msgspec.Struct, frozen=True):
    """The service, and the extensions of the protocol that it knows."""

    name: str
    version: str
    extensions: tuple[str, ...] = ("binary_tensor_data",)
