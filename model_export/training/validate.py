"""Judges a network in training: whole images, at the size that the service will run them at."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from model_export.data.augment import OUTSIDE
from model_export.data.folder import SegmentationFolder
from model_export.networks import COARSEST, FCN
from model_export.training.metrics import Meter
from service.segmentation.modelfile.classes import rgb


def to_network(image: Tensor, device: torch.device) -> Tensor:
    """uint8 [N, 3, H, W] as the float, channels-last batch that trains fastest."""
    return image.to(device).float().contiguous(memory_format=torch.channels_last)


def mixed(network: FCN, image: Tensor) -> list[Tensor]:
    """The network's fused scores, in bfloat16 where the work is and in float32 where the sums are.

    The scores would gain nothing in bfloat16, and on a processor with AMX a 1x1 convolution of 4,096 channels to a few
    classes, as on VGG-16, then writes past its buffers (torch 2.13.0 with oneDNN: the heap is found corrupted).
    """
    with torch.autocast(image.device.type, dtype=torch.bfloat16):
        fine, middle, coarse = network.encode(image)
    return network.sums((fine.float(), middle.float(), coarse.float()))


def padded(batch: Tensor) -> Tensor:
    """Fill up to multiples of the coarsest stride, right and below, as the service does."""
    height, width = batch.shape[-2:]
    outside = torch.tensor(rgb(OUTSIDE), device=batch.device).view(3, 1, 1)
    return F.pad(batch - outside, (0, -width % COARSEST, 0, -height % COARSEST)) + outside


@torch.inference_mode()
def validate(network: FCN, data: SegmentationFolder, scale: float, device: torch.device) -> Meter:
    """Judge the network on whole images, one by one, enlarged by `scale`; labels are compared at their own size."""
    network.eval()
    meter = Meter(len(data.classes.classes))
    for index in range(len(data)):
        image, truth = data.read(index)
        width, height = round(image.width * scale), round(image.height * scale)
        enlarged = np.array(image.resize((width, height), Image.Resampling.BILINEAR))
        batch = to_network(torch.from_numpy(enlarged).permute(2, 0, 1)[None], device)
        logits = network.enlarge(mixed(network, padded(batch))[-1])
        labels = logits[:, :, :height, :width].argmax(1, keepdim=True).byte()
        labels = F.interpolate(labels, (image.height, image.width), mode="nearest-exact")
        meter.add(labels[0, 0].cpu().numpy(), np.asarray(truth))
    return meter
