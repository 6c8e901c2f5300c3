"""The temperature of a model file: fitted, and written into it."""

from collections.abc import Sequence

import msgspec
import onnx

from model_export.data.place import Place
from model_export.errors import DataError
from model_export.onnx.export import evenly, packed
from model_export.onnx.quantize import others
from model_export.reports.calibration import fit
from model_export.reports.sampled import sampled
from service.segmentation.runtime.model import Model


def temperature_of(model: Model, places: Sequence[Place], count: int) -> float:
    """Fitted on `count` images that are judged at every place, spread evenly over them. Raises DataError."""
    folders = [place.judged(model.contract.labels) for place in places]
    return fit([list(sampled(model, data, evenly(len(data), count))) for data in folders])


def temperature_in_training(model: Model, places: Sequence[Place], count: int) -> float:
    """Fitted on `count` training images of every place; int8 was not calibrated on them, where there are others.

    Raises DataError.
    """
    made = model.contract.quantization
    calibrated = made.images // len(places) if made is not None else count
    folders = [place.training(model.contract.labels) for place in places]
    left = [others(len(data), max(1, calibrated)) for data in folders]
    return fit([list(sampled(model, data, taken[:count])) for data, taken in zip(folders, left, strict=True)])


def heated(data: bytes, temperature: float) -> bytes:
    """A model file with another temperature; graph, weights and golden answer are the same. It has no references: the
    confidence in them would be that of the old temperature.

    Raises DataError for a model for scans.
    """
    contract = Model(data, threads=0).contract
    if contract.for_scans:
        raise DataError(f"{contract.name} is for scans: their labels follow from probabilities, so it keeps its own.")
    renewed = msgspec.structs.replace(contract, temperature=temperature, references=())
    return packed(onnx.load_model_from_string(data), renewed)
