"""The float file of a model that is shipped in int8, made again from its published weights."""

import msgspec

from model_export.errors import CheckpointError
from model_export.networks import FCN, backbone
from model_export.onnx import export
from model_export.training import options, published
from model_export.training.checkpoint import Trained
from service.segmentation.modelfile.contract import Contract, Metrics, pattern

NOTHING_MEASURED = Metrics(0, 0, 0, 0, ())


def restore(contract: Contract) -> bytes:
    """A float file for what the contract of an int8 file says: its network, its size, its texts; nothing is measured on
    it, as that takes the data. The weights were rounded to half precision when they were published.

    Raises CheckpointError where no weights are published under the model's name, or those of another network.
    """
    path = published.locate(contract.name)
    origin = published.origin(path)
    if origin.classes != contract.labels:
        raise CheckpointError(f"{path} tells other classes apart than {contract.name}.")
    try:
        chosen = options.read(contract.training.options)
    except msgspec.ValidationError as error:
        raise CheckpointError(f"{contract.name} was trained with invalid options: {error}") from error
    network = FCN(backbone(origin.backbone), len(origin.classes.classes), origin.stride)
    published.initialise(network, path, origin.classes)
    trained = Trained(network.eval(), origin.classes, chosen, contract.training.epoch, NOTHING_MEASURED)
    card = export.Card(
        name=contract.name,
        version=contract.version,
        description=contract.description,
        data=contract.training.data,
        licence=contract.training.licence,
        use=contract.use,
        limits=contract.limits,
        color=contract.input.color,
    )
    native = (contract.input.width, contract.input.height)
    return export.unmeasured(trained, card, native, [pattern(contract.input.width // 32 * 32, 256)])
