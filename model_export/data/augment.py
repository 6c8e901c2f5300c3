"""Random scale, aspect, crop, flip and camera: a pure function of (seed, epoch, index), so a resumed run repeats it."""

from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from model_export.data.camera import Camera
from model_export.data.folder import VOID
from model_export.data.native import fitting_scale
from model_export.data.outside import OUTSIDE
from service.segmentation.inputs.raster import Size


@dataclass
class Augmentation:
    """Scales (log-uniform in `scales`), crops to `width` x `height`, flips half of the pairs, varies the camera.

    `aspect` is the most by which width and height are stretched against each other, as a logarithm.

    With a `reference` size, each photo is first scaled to fit it, as the service scales photos to the native size.
    Otherwise a data set of many sizes would train the network at scales that do not occur in service.
    """

    width: int
    height: int
    scales: tuple[float, float]
    seed: int
    epoch: int = 0
    reference: Size | None = None
    aspect: float = 0.0
    camera: Camera = field(default_factory=Camera)
    outside: str = OUTSIDE

    def __call__(self, image: Image.Image, label: Image.Image, index: int) -> tuple[Image.Image, Image.Image]:
        draw = np.random.default_rng((self.seed, self.epoch, index))
        scale = float(np.exp(draw.uniform(*np.log(self.scales))))
        if self.reference is not None:
            scale *= fitting_scale(image.size, self.reference)
        # The part of the photo that becomes the crop, in the photo's pixels; it may reach beyond its edges.
        stretch = float(np.exp(draw.uniform(-self.aspect, self.aspect) / 2))
        across, down = scale * stretch, scale / stretch
        width, height = self.width / across, self.height / down
        left = draw.uniform(min(0, image.width - width), max(0, image.width - width))
        top = draw.uniform(min(0, image.height - height), max(0, image.height - height))
        matrix = (1 / across, 0, left, 0, 1 / down, top)
        size = (self.width, self.height)
        kind = Image.Transform.AFFINE
        inside = Image.new("1", image.size, 1).transform(size, kind, matrix, Image.Resampling.NEAREST, fillcolor=0)
        image = image.transform(size, kind, matrix, Image.Resampling.BICUBIC, fillcolor=self.outside)
        label = label.transform(size, kind, matrix, Image.Resampling.NEAREST, fillcolor=VOID)
        flipped = draw.random() < 0.5
        # Only the photo's colours vary; the padding has one colour, as in service.
        image = Image.composite(self.camera(image, draw), Image.new("RGB", size, self.outside), inside)
        if flipped:
            image, label = (one.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for one in (image, label))
        return image, label
