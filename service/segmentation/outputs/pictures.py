"""A volume and its labels as pictures of their own size: two PNGs for every axial slice."""

from service.segmentation.inputs.shades import shades
from service.segmentation.modelfile.classes import ClassList
from service.segmentation.outputs.png import png
from service.segmentation.outputs.rendering import mask_png
from service.segmentation.volume_segmenter import VolumeSegmentation


def pictures(segmentation: VolumeSegmentation, classes: ClassList) -> list[tuple[bytes, bytes]]:
    """The slice in grey, in the shades that the network saw, and its mask; of every slice, from feet to head."""
    grey = shades(segmentation.seen.voxels)
    slices = zip(segmentation.seen.voxels, segmentation.labels, strict=True)
    return [(png(grey.of(voxels)), mask_png(labels, classes)) for voxels, labels in slices]
