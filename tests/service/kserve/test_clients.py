"""Triton's own client, unchanged, gets what POST /segment gives."""

import asyncio
import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import numpy as np
import pytest
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from PIL import Image

from service import __version__
from tests.support.pictures import encoded, quarters
from tests.support.server import ROOT, serving

PHOTO = ROOT / "docs" / "street.jpg"


@pytest.fixture(scope="module")
def street() -> Iterator[str]:
    """The service with the models that come with it."""
    with serving() as url:
        yield url


@pytest.fixture
def client(url: str) -> Iterator[Any]:
    with triton.InferenceServerClient(urlsplit(url).netloc) as client:
        yield client


def tensor(values: Any, datatype: str, binary: bool, module: Any = triton) -> Any:
    made = module.InferInput("image", values.shape, datatype)
    made.set_data_from_numpy(values, binary_data=binary)
    return made


def mask(url: str, image: bytes, **parameters: str) -> Any:
    """The labels of POST /segment."""
    response = httpx2.post(
        f"{url}/segment", params=parameters, content=image, headers={"Accept": "image/png", "Content-Type": "image/png"}
    )
    return np.asarray(Image.open(io.BytesIO(response.raise_for_status().content)))


def test_health_and_metadata_are_what_the_client_expects(client: Any) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("colours")
    assert not client.is_model_ready("colors")
    server = client.get_server_metadata()
    assert server == {"name": "fcn-serve", "version": __version__, "extensions": ["binary_tensor_data"]}
    model = client.get_model_metadata("colours")
    assert model["inputs"] == [{"name": "image", "datatype": "UINT8", "shape": [-1, -1, -1, 3]}]
    assert model["outputs"][0] == {"name": "labels", "datatype": "UINT8", "shape": [-1, -1, -1]}
    assert client.is_model_ready("colours", model["versions"][0])


@pytest.mark.parametrize("binary", [True, False])
def test_pixels_get_the_labels_of_their_picture(url: str, client: Any, binary: bool) -> None:
    pictures = [np.asarray(quarters()), np.asarray(quarters())[:, ::-1]]
    outputs = [triton.InferRequestedOutput(name, binary) for name in ("labels", "pixels", "fractions", "classes")]
    found = client.infer("colours", [tensor(np.stack(pictures), "UINT8", binary)], outputs=outputs)
    labels = found.as_numpy("labels")
    for picture, its in zip(pictures, labels, strict=True):
        assert np.array_equal(its, mask(url, encoded(Image.fromarray(picture))))
    assert (found.as_numpy("pixels").sum(axis=1) == labels[0].size).all()
    assert (found.as_numpy("fractions").sum(axis=1) == 1).all()
    assert [name.decode() if binary else name for name in found.as_numpy("classes")] == ["red", "green", "blue"]


def test_a_photo_gets_the_labels_of_post_segment(street: str) -> None:
    photo = np.array([PHOTO.read_bytes()], dtype=np.object_)
    with triton.InferenceServerClient(urlsplit(street).netloc) as client:
        found = client.infer("street", [tensor(photo, "BYTES", binary=True)], request_id="frame-7")
        assert found.get_response()["id"] == "frame-7"
        assert np.array_equal(found.as_numpy("labels")[0], mask(street, PHOTO.read_bytes()))
        measured = client.infer(
            "street", [tensor(photo, "BYTES", binary=True)],
            outputs=[triton.InferRequestedOutput("area_mm2"), triton.InferRequestedOutput("confidence")],
            parameters={"pixel_spacing_mm": "0.5"},
        )  # fmt: skip
    size = found.as_numpy("labels")[0].size
    assert measured.as_numpy("area_mm2").sum() == pytest.approx(size / 4)
    assert 0.5 < np.nanmax(measured.as_numpy("confidence")) <= 1


def test_the_asynchronous_client_gets_the_same(url: str, client: Any) -> None:
    picture = np.asarray(quarters())[np.newaxis]

    async def ask() -> Any:
        async with triton_aio.InferenceServerClient(urlsplit(url).netloc) as asynchronous:
            return await asynchronous.infer("colours", [tensor(picture, "UINT8", binary=True, module=triton_aio)])

    same = client.infer("colours", [tensor(picture, "UINT8", binary=True)])
    assert np.array_equal(asyncio.run(ask()).as_numpy("labels"), same.as_numpy("labels"))


def test_a_refusal_is_the_clients_own_exception(client: Any) -> None:
    picture = np.zeros((1, 0, 4, 3), np.uint8)
    with pytest.raises(triton.InferenceServerException, match="UINT8 of shape"):
        client.infer("colours", [tensor(picture, "UINT8", binary=True)])
    with pytest.raises(triton.InferenceServerException, match="colors"):
        client.get_model_metadata("colors")
    with pytest.raises(triton.InferenceServerException, match="There is nothing at /v2/repository/index"):
        client.get_model_repository_index()
    with pytest.raises(triton.InferenceServerException, match="There is nothing at /v2/models/colours/config"):
        client.get_model_config("colours")


def test_pixels_in_lists_of_lists_are_those_in_one_list(url: str) -> None:
    picture = np.asarray(quarters(8, 6))
    image = {"name": "image", "shape": [1, 6, 8, 3], "datatype": "UINT8"}
    flat, nested = (
        httpx2.post(f"{url}/v2/models/colours/infer", json={"inputs": [image | {"data": data}]}).raise_for_status()
        for data in (picture.ravel().tolist(), [picture.tolist()])
    )
    assert flat.json()["outputs"] == nested.json()["outputs"]
