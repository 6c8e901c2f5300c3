"""Remakes files of a model that is shipped in int8, from its published weights, which are rounded to half precision.

These are its float file, and its int8 file with another golden picture.
"""

import msgspec
import onnx
from PIL import Image

from model_export import networks
from model_export.errors import CheckpointError
from model_export.onnx import export, parity
from model_export.onnx import golden as goldens
from model_export.training import options, published
from model_export.training.checkpoint import NOTHING_MEASURED, Trained
from service.segmentation.modelfile import golden
from service.segmentation.modelfile.contract import Contract
from service.segmentation.runtime.model import Model


def trained(contract: Contract) -> Trained:
    """The network that the contract's model was made from.

    Raises CheckpointError where no weights are published under the model's name, or those of another network.
    """
    path = published.locate(contract.name)
    origin = published.origin(path)
    if origin.classes != contract.labels:
        raise CheckpointError(f"{path} has other classes than {contract.name}.")
    try:
        chosen = options.read(contract.training.options)
    except msgspec.ValidationError as error:
        raise CheckpointError(f"{contract.name} was trained with invalid options: {error}") from error
    network = networks.network(origin.architecture, origin.backbone, len(origin.classes.classes), origin.stride)
    published.initialise(network, path, origin.classes)
    return Trained(network.eval(), origin.classes, chosen, contract.training.epoch, NOTHING_MEASURED)


def restore(contract: Contract) -> bytes:
    """The float file of the contract's model: its network, its size, its texts; nothing is measured on it, as that
    takes the data. Raises CheckpointError as `trained` does."""
    origin = trained(contract)
    picture = golden.picture(contract.golden)
    card = export.Card(
        name=contract.name,
        version=contract.version,
        description=contract.description,
        data=contract.training.data,
        licence=contract.training.licence,
        use=contract.use,
        limits=contract.limits,
        color=contract.input.color,
        scan=contract.input.scan,
        picture=Image.fromarray(picture),
    )
    native = (contract.input.width, contract.input.height)
    return export.unmeasured(origin, card, native, [picture])


def repictured(data: bytes, picture: Image.Image, version: str) -> bytes:
    """An int8 file as `version` with a golden answer to another picture; graph, weights and figures are the same.

    Raises CheckpointError as `trained` does, QuantizationError where the file's labels of it are not torch's.
    """
    contract = Model(data, threads=0).contract
    if contract.scale is None:
        raise CheckpointError(f"{contract.name} is not an int8 file.")
    pixels = goldens.prepared(picture, contract.input.color == "grey")
    torchs = goldens.of_torch(pixels, *export.run_torch(trained(contract).network, pixels))
    answer = goldens.of_integers(torchs, parity.by_onnxruntime(data, contract.scale), contract.scale)
    renewed = msgspec.structs.replace(contract, version=version, golden=answer)
    return export.packed(onnx.load_model_from_string(data), renewed)
