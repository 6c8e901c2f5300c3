"""Several images in a request take little more memory than one, and no more than is reserved for them."""

import json
import weakref
from base64 import b64encode
from typing import Any

import pytest

from service.kserve.images import read
from service.kserve.inference import footprint, infer
from service.kserve.tensors import wanted
from service.segmentation.inputs.raster import Photo
from service.segmentation.pipeline import Pipeline, Result
from service.segmentation.request import Request
from service.segmentation.runtime.call import Call
from service.segmentation.runtime.model import Model
from service.segmentation.segmenter import Segmenter
from tests.support.pictures import encoded, quarters

PIXELS = 96 * 64
LABELS, SHARES = {"name": "labels"}, {"name": "fractions"}


def asking(number: int, *outputs: dict[str, Any], **parameters: Any) -> bytes:
    """A request of so many images of 96x64."""
    files = [b64encode(encoded(quarters())).decode()] * number
    image = {"name": "image", "shape": [number], "datatype": "BYTES", "data": files}
    return json.dumps({"inputs": [image], "outputs": outputs, "parameters": parameters}).encode()


class Watched(Pipeline):
    """Knows which photos are still in memory."""

    photos: list[weakref.ref[Photo]]

    def run(self, data: bytes, request: Request | None = None, call: Call | None = None) -> Result:
        assert not any(photo() for photo in self.photos)
        result = super().run(data, request, call)
        self.photos.append(weakref.ref(result.photo))
        return result


def test_a_photo_is_let_go_before_the_next_is_read(model: Model) -> None:
    pipeline = Watched(Segmenter(model), 10**6)
    pipeline.photos = []
    inference, images = read(asking(3, LABELS), None)
    answer = infer(inference, wanted(inference, model.contract), images, Request(), pipeline, Call())
    assert len(answer.compositions) == len(pipeline.photos) == 3


def test_the_body_is_let_go_when_the_images_are_read() -> None:
    inference, images = read(asking(1), None)
    assert inference.inputs == ()
    assert images.files() == [encoded(quarters())]


@pytest.mark.parametrize(
    ("outputs", "parameters", "each"),
    [([SHARES], {}, 0), ([LABELS], {"binary_data_output": True}, 4 * PIXELS), ([LABELS], {}, 20 * PIXELS)],
)
def test_every_image_reserves_its_labels_where_they_are_asked_for(
    model: Model, outputs: list[dict[str, Any]], parameters: dict[str, Any], each: int
) -> None:
    pipeline = Pipeline(Segmenter(model), 10**6)

    def reserved(number: int) -> int:
        inference, images = read(asking(number, *outputs, **parameters), None)
        return footprint(pipeline, images, Request(), wanted(inference, model.contract))

    assert reserved(3) - reserved(1) == 2 * each


def test_listed_pixels_reserve_what_their_list_takes(model: Model) -> None:
    pipeline = Pipeline(Segmenter(model), 10**6)
    tensor = {"name": "image", "shape": [1, 1, 1000, 3], "datatype": "UINT8"}

    def reserved(data: str) -> int:
        body = json.dumps({"inputs": [tensor | {"data": 0}]}).replace('"data": 0', f'"data": {data}').encode()
        inference, images = read(body, None)
        return footprint(pipeline, images, Request(), wanted(inference, model.contract))

    assert reserved("[" + "[7]," * 3000 + "[7]]") > reserved("[" + "7," * 3000 + "7]") > 12 * 3000
