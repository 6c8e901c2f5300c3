"""The float file of a model that is shipped in int8, made again from its published weights."""

from model_export.errors import CheckpointError
from model_export.networks import BACKBONES, FCN
from model_export.onnx import export
from model_export.training import published
from model_export.training.checkpoint import Config, Trained
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
        config = Config(**contract.training.options)
    except TypeError as error:
        raise CheckpointError(f"{contract.name} was trained with options of another version: {error}") from error
    network = FCN(BACKBONES[origin.backbone](), len(origin.classes.classes), origin.stride)
    published.initialise(network, path, origin.classes)
    trained = Trained(network.eval(), origin.classes, config, contract.training.epoch, NOTHING_MEASURED)
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
    size = (round(contract.input.width / config.scale), round(contract.input.height / config.scale))
    return export.unmeasured(trained, card, size, [pattern(contract.input.width // 32 * 32, 256)])
