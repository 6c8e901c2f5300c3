"""Validates a network in training on whole images, through the pipeline that will serve them."""

import torch
from torch import Tensor

from model_export.data.folder import SegmentationFolder
from model_export.data.outside import OUTSIDE
from model_export.networks import COARSEST, SegmentationNetwork
from model_export.reports.predictions import predictions
from model_export.training.checkpoint import fingerprint
from model_export.training.metrics import Meter
from service.segmentation.inputs.raster import Size
from service.segmentation.modelfile.classes import ClassList
from service.segmentation.modelfile.contract import UNSEALED, Contract, Golden, Input, Labels, Pixels, Training
from service.segmentation.runtime.call import Call
from service.segmentation.runtime.cells import Cells


def to_network(image: Tensor, device: torch.device) -> Tensor:
    """uint8 [N, 3, H, W] as the float, channels-last batch that trains fastest."""
    return image.to(device).float().contiguous(memory_format=torch.channels_last)


def mixed(network: SegmentationNetwork, image: Tensor) -> list[Tensor]:
    """The network's scores, from coarse to fine: what is scored in bfloat16, the scores in float32.

    bfloat16 would not make the scores faster, and on a processor with AMX a 1x1 convolution of 4,096 channels to a few
    classes, as on VGG-16, then writes past its buffers (torch 2.13.0 with oneDNN corrupts the heap).
    """
    with torch.autocast(image.device.type, dtype=torch.bfloat16):
        features = network.features(image)
    return network.sums([feature.float() for feature in features[-len(network.score) :]])


class InTraining:
    """A torch network in place of a model file. Its contract holds only what the pipeline needs."""

    def __init__(
        self,
        network: SegmentationNetwork,
        classes: ClassList,
        native: Size,
        device: torch.device,
        padding: str = OUTSIDE,
    ) -> None:
        self.network, self.device = network, device
        width, height = native
        self.contract = Contract(
            format=2,
            name="in-training",
            version="0",
            description="",
            precision="float32",
            labels=classes,
            input=Input(width=width, height=height, stride=COARSEST, padding=padding),
            training=Training(data="", licence="", options={}, epoch=0, weights_sha256=UNSEALED),
            evaluation=None,
            parity=None,
            golden=Golden(picture="", labels="", agreement=0),
        )

    @property
    def digest(self) -> str:
        return fingerprint(self.network.state_dict())

    @torch.inference_mode()
    def run(self, image: Pixels, scores: bool = False, call: Call | None = None) -> tuple[Labels, Cells | None]:  # noqa: ARG002  # Labeller's signature
        """Labels of one RGB image [H, W, 3], and scores, in float32 as in the exported file."""
        batch = to_network(torch.from_numpy(image.copy()).permute(2, 0, 1)[None], self.device)
        logits = self.network(batch)[0]
        labels = logits.argmax(0).byte().cpu().numpy()
        return labels, Cells(logits.cpu().numpy(), labels.shape, None) if scores else None


def validate(
    network: SegmentationNetwork,
    classes: ClassList,
    data: SegmentationFolder,
    native: Size,
    device: torch.device,
    padding: str = OUTSIDE,
) -> Meter:
    """Segment all images as the service would with `native` (width, height) as the model's size, and compare."""
    model = InTraining(network.eval(), classes, native, device, padding)
    meter = Meter(len(data.classes.classes))
    for prediction in predictions(model, data, range(len(data))):
        meter.add(prediction.labels, prediction.truth)
    return meter
