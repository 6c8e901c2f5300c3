"""An ONNX file from elsewhere -> Foreign: its one image input and the output that is wanted, or a clear refusal."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import onnx
from onnx import compose, external_data_helper, inliner, version_converter
from onnx.utils import Extractor

from model_export.errors import AdoptionError
from service.segmentation.inputs.raster import Size
from service.segmentation.modelfile.contract import METADATA_KEY

OPSET = 18
"""The oldest that is written; networks of older ones are converted to it."""

PREFIX = "network/"
"""Of the names in the foreign graph, so that none is one of ours."""

LARGEST = 2**31 - 1
"""Bytes of a protobuf message, and so of a model file."""

Layout = Literal["NCHW", "NHWC"]
TYPES = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.UINT8)


@dataclass(frozen=True, eq=False)
class Foreign:
    """A segmentation network from elsewhere, with what its file says of it.

    model: the network alone, names prefixed. image, output: the tensors that go in and come out.
    dtype: onnx's number of the input's element type: float, float16 or uint8.
    size: the only (width, height) that it takes; None if others do too.
    """

    model: onnx.ModelProto
    image: str
    output: str
    layout: Layout
    dtype: int
    size: Size | None


def read(path: Path, output: str | None = None) -> Foreign:
    """The network in a file; `output` names the output with the scores or labels, where there are several.

    Raises AdoptionError, with one sentence, for every file that is no such network.
    """
    model = load(path)
    image = the_input(model)
    layout, size = dimensions(image)
    wanted = chosen(model, output)
    try:
        alone = Extractor(inliner.inline_local_functions(model)).extract_model([image.name], [wanted])
        alone = modern(alone)
    except AdoptionError:
        raise
    except Exception as error:  # onnx's tools raise anything
        raise AdoptionError(
            f"onnx cannot take {path.name} apart ({first_line(error)}): export the network again, with opset {OPSET} "
            f"or newer."
        ) from error
    prefixed = compose.add_prefix(alone, PREFIX)
    del prefixed.metadata_props[:]
    return Foreign(prefixed, PREFIX + image.name, PREFIX + wanted, layout, image.type.tensor_type.elem_type, size)


def before_enlargement(foreign: Foreign) -> Foreign | None:
    """The network without the bilinear enlargement at its end, None where it has none: a model file enlarges scores
    itself, in fewer steps."""
    makers = {output: node for node in foreign.model.graph.node for output in node.output}
    last = makers[foreign.output]
    while last.op_type == "Identity" and last.input[0] in makers:
        last = makers[last.input[0]]
    given = {one.name: onnx.helper.get_attribute_value(one) for one in last.attribute}
    transformation = given.get("coordinate_transformation_mode", b"half_pixel")
    if (
        last.op_type != "Resize"
        or given.get("mode") != b"linear"
        or transformation not in (b"half_pixel", b"pytorch_half_pixel")
        or given.get("antialias", 0)
    ):
        return None
    model = onnx.ModelProto()
    model.CopyFrom(foreign.model)
    model.graph.output[0].CopyFrom(
        onnx.helper.make_tensor_value_info(last.input[0], onnx.TensorProto.FLOAT, [None] * 4)
    )
    alone = Extractor(model).extract_model([foreign.image], [last.input[0]])
    return replace(foreign, model=alone, output=last.input[0])


def load(path: Path) -> onnx.ModelProto:
    """The file with the weights that lie beside it. Raises AdoptionError."""
    try:
        model = onnx.load(path, load_external_data=False)
    except OSError as error:
        raise AdoptionError(f"{path} cannot be read: {error.strerror}.") from error
    except Exception as error:  # those of protobuf
        raise AdoptionError(f"{path.name} is not an ONNX file; export the network to ONNX first.") from error
    if not model.graph.node:
        raise AdoptionError(f"{path.name} is not an ONNX file with a network in it; export the network to ONNX first.")
    if any(entry.key == METADATA_KEY for entry in model.metadata_props):
        raise AdoptionError(f"{path.name} is a model file already: put it into the folder of the models.")
    try:
        external_data_helper.load_external_data_for_model(model, str(path.parent))
    except Exception as error:  # onnx raises OSError, ValueError and its own ValidationError
        raise AdoptionError(
            f"{path.name} keeps weights in another file, which cannot be read; put that file beside it, under the name "
            f"it was exported with ({first_line(error)})."
        ) from error
    if model.ByteSize() > LARGEST:
        raise AdoptionError(
            f"{path.name} has weights of more than 2 GB, which do not fit into one model file: export it as float16."
        )
    return model


def the_input(model: onnx.ModelProto) -> onnx.ValueInfoProto:
    """Raises AdoptionError where it is not one image."""
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    if len(inputs) != 1:
        names = ", ".join(value.name for value in inputs) or "none"
        raise AdoptionError(
            f"The network has {len(inputs)} inputs ({names}), and a photo fills one: export it with one."
        )
    image: onnx.ValueInfoProto = inputs[0]
    if image.type.tensor_type.elem_type not in TYPES:
        raise AdoptionError(
            f"Its input {image.name} is not float, float16 or uint8: export it with an input of floats."
        )
    return image


def dimensions(image: onnx.ValueInfoProto) -> tuple[Layout, Size | None]:
    """Where the channels are, and the size that alone fits. Raises AdoptionError where this is not of one RGB image."""
    dims = [d.dim_value if d.HasField("dim_value") else d.dim_param or "?" for d in image.type.tensor_type.shape.dim]
    said = f"Its input {image.name} is [{', '.join(map(str, dims))}]"
    if len(dims) != 4:
        raise AdoptionError(
            f"{said}, and an image is [N, 3, H, W] or [N, H, W, 3]: videos and volumes cannot be adopted."
        )
    if isinstance(dims[1], str) and isinstance(dims[3], str):
        raise AdoptionError(
            f"{said}, without a number of channels: export it with 3 channels in the second or last place."
        )
    if 3 not in (dims[1], dims[3]):
        raise AdoptionError(f"{said}, and an RGB image has 3 channels, in the second or the last place.")
    layout: Layout = "NCHW" if dims[1] == 3 else "NHWC"
    if isinstance(dims[0], int) and dims[0] > 1:
        raise AdoptionError(f"{said}, so it takes {dims[0]} images at once: export it for one image, or any number.")
    height, width = dims[2:] if layout == "NCHW" else dims[1:3]
    if isinstance(height, int) and isinstance(width, int) and min(height, width) > 0:
        return layout, (width, height)
    if isinstance(height, str) and isinstance(width, str):
        return layout, None
    raise AdoptionError(f"{said}: export it with a fixed height and width, or with both of them free.")


def chosen(model: onnx.ModelProto, output: str | None) -> str:
    """The name of the output that is wanted. Raises AdoptionError where it is not there, or one of several."""
    names: list[str] = [value.name for value in model.graph.output]
    if output is None and len(names) == 1:
        return names[0]
    if output is None:
        raise AdoptionError(f"It has several outputs ({', '.join(names)}): name the one with the scores by --output.")
    if output not in names:
        raise AdoptionError(f"It has no output {output!r}; its outputs are {', '.join(names)}.")
    return output


def modern(model: onnx.ModelProto) -> onnx.ModelProto:
    """The network in OPSET or newer. Raises AdoptionError where it cannot be brought there."""
    version = next((one.version for one in model.opset_import if one.domain in ("", "ai.onnx")), 0)
    if version > (newest := onnx.defs.onnx_opset_version()):
        raise AdoptionError(f"Its operators are of opset {version}: export it with opset {newest} or older.")
    if version >= OPSET:
        return model
    try:
        return version_converter.convert_version(model, OPSET)
    except Exception as error:  # the converter raises anything
        raise AdoptionError(
            f"Its operators are of opset {version}, which cannot be brought to {OPSET}; export it with opset {OPSET} "
            f"or newer ({first_line(error)})."
        ) from error


def first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
