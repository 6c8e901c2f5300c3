"""The reference of a model file: what the images of its places consist of, written into it."""

import msgspec
import onnx

from model_export.onnx.export import packed
from service.segmentation.modelfile.contract import Reference
from service.segmentation.runtime.model import Model


def referring(data: bytes, reference: Reference) -> bytes:
    """A model file with this reference; graph, weights, figures and golden answer are the same."""
    contract = Model(data, threads=0).contract
    return packed(onnx.load_model_from_string(data), msgspec.structs.replace(contract, reference=reference))
