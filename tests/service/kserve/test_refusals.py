"""What is not a request of the protocol is refused in the protocol's form, in one sentence."""

import base64
import json
from typing import Any

import httpx2
import pytest
from PIL import Image

from tests.support.pictures import encoded, quarters
from tests.support.scrape import metric
from tests.support.server import serving

PICTURE = encoded(quarters())
TEXT = base64.b64encode(PICTURE).decode()
KEY = "a-segment-key-0123456789"


def image(**changes: Any) -> dict[str, Any]:
    """An input with a picture, changed."""
    whole = {"name": "image", "shape": [1], "datatype": "BYTES", "data": [TEXT]} | changes
    return {key: value for key, value in whole.items() if value is not ...}


def asking(*inputs: dict[str, Any], **changes: Any) -> bytes:
    return json.dumps({"inputs": list(inputs)} | changes).encode()


BINARY = image(data=..., parameters={"binary_data_size": 9})
JSON_OF_9 = asking(BINARY)
LISTED = {"shape": [1, 1, 2, 3], "datatype": "UINT8"}

REFUSED: dict[str, tuple[bytes, int | None, int, str]] = {
    "no JSON": (b"segment this", None, 400, "not an inference request"),
    "text that is not UTF-8": (b'{"inputs": "\xff"}', None, 400, "not an inference request"),
    "lists in lists without end": (b'{"more": ' + b"[" * 5000, None, 400, "nested too deeply"),
    "data in lists without end": (
        asking(image(**LISTED, data=0)).replace(b'"data": 0', b'"data": ' + b"[" * 5000 + b"]" * 5000),
        None,
        400,
        "nested too deeply",
    ),
    "no inputs": (b"{}", None, 400, "missing required field `inputs`"),
    "a shape of texts": (asking(image(shape=["1"])), None, 400, "Expected `int`, got `str`"),
    "no input": (asking(), None, 400, "one input, called 'image'"),
    "two inputs": (asking(image(), image()), None, 400, "one input, called 'image'"),
    "another input": (asking(image(name="INPUT0")), None, 400, "one input, called 'image'"),
    "floats": (asking(image(datatype="FP32")), None, 400, "UINT8 of shape"),
    "pixels without a batch": (asking(image(shape=[2, 2, 3], datatype="UINT8")), None, 400, "UINT8 of shape"),
    "four channels": (asking(image(shape=[1, 2, 2, 4], datatype="UINT8")), None, 400, "UINT8 of shape"),
    "a negative side": (asking(image(shape=[1, -2, 2, 3], datatype="UINT8")), None, 400, "UINT8 of shape"),
    "no image": (asking(image(shape=[0], data=[])), None, 400, "1 to 16 images"),
    "too many images": (asking(image(shape=[17], data=[TEXT] * 17)), None, 400, "1 to 16 images"),
    "more files than its shape": (asking(image(data=[TEXT, TEXT])), None, 400, "says 1 elements, and its data have 2"),
    "data that are no base64": (asking(image(data=["street.jpg"])), None, 400, "base64"),
    "a file that is no image": (asking(image(data=["c3RyZWV0"])), None, 415, "JPEG, PNG"),
    "a damaged file": (asking(image(data=[base64.b64encode(PICTURE[:60]).decode()])), None, 422, ""),
    "numbers over 255": (asking(image(**LISTED, data=[0, 1, 2, 3, 4, 256])), None, 400, "from 0 to 255"),
    "fractions": (asking(image(**LISTED, data=[0, 1, 2, 3, 4, 0.5])), None, 400, "whole numbers from 0"),
    "too few numbers": (asking(image(**LISTED, data=[0, 1, 2])), None, 400, "says 6 elements"),
    "lists of different lengths": (asking(image(**LISTED, data=[[1], [2, 3]])), None, 400, "says 6 elements"),
    "numbers that are no list": (asking(image(**LISTED, data={"a": 1})), None, 400, "says 6 elements"),
    "lists instead of numbers": (asking(image(**LISTED, data=[[]] * 6)), None, 400, "whole numbers from 0"),
    "no numbers": (asking(image(**LISTED, data=[])), None, 400, "its data have 0"),
    "texts that are not UTF-8": (
        asking(image(**LISTED, data=["x"] * 6)).replace(b'"x"', b'"\xff"'),
        None,
        400,
        "whole numbers from 0",
    ),
    "a number beyond all others": (asking(image(**LISTED, data=[0, 1, 2, 3, 4, 2**70])), None, 400, "whole numbers"),
    "truth for a number": (asking(image(**LISTED, data=[0, 1, 2, 3, 4, True])), None, 400, "whole numbers"),
    "an object of numbers": (asking(image(**LISTED, data={"a": [1, 2, 3, 4, 5, 6]})), None, 400, "whole numbers"),
    "lists instead of files": (asking(image(data=[[]] * 1000)), None, 400, "its data have 1000"),
    "a thousand parameters": (asking(image(), parameters=dict.fromkeys(map(str, range(1000)), 1)), None, 400, "texts"),
    "neither data nor their size": (asking(image(data=...)), None, 400, "either `data` or"),
    "both data and their size": (asking(image(parameters={"binary_data_size": 9})), None, 400, "either `data` or"),
    "less binary data than said": (JSON_OF_9 + b"12345678", len(JSON_OF_9), 400, "8 bytes follow"),
    "binary data without the header": (JSON_OF_9 + b"123456789", None, 400, "not an inference request"),
    "a header beyond the body": (JSON_OF_9, 10**6, 400, "Inference-Header-Content-Length is 1000000"),
    "an element that is cut": (JSON_OF_9 + b"\x09\0\0\0" + b"12345", len(JSON_OF_9), 400, "must be 1 elements"),
    "two elements for one": (JSON_OF_9 + b"\x01\0\0\0a\0\0\0\0", len(JSON_OF_9), 400, "must be 1 elements"),
    "a header that is no number": (JSON_OF_9, -1, 422, "Inference-Header-Content-Length"),
    "an unknown output": (asking(image(), outputs=[{"name": "mask"}]), None, 400, "no output 'mask'"),
    "an output twice": (asking(image(), outputs=[{"name": "labels"}] * 2), None, 400, "asked for twice"),
    "an unknown parameter": (asking(image(), parameters={"spacing": 1}), None, 400, "no parameter 'spacing'"),
    "a spacing of text": (
        asking(image(), parameters={"pixel_spacing_mm": "wide"}),
        None,
        400,
        "pixel_spacing_mm: give one number",
    ),
    "a window of one number": (asking(image(), parameters={"window": 7}), None, 400, "window: "),
    "an output of Triton's alone": (
        asking(image(), outputs=[{"name": "fractions", "parameters": {"classification": 3}}]),
        None,
        400,
        "no parameter 'classification'",
    ),
    "a timeout of text": (asking(image(), parameters={"timeout": "soon"}), None, 400, "microseconds"),
    "a timeout that is a truth": (asking(image(), parameters={"timeout": True}), None, 400, "microseconds"),
    "a timeout that has passed": (asking(image(), parameters={"timeout": 1}), None, 504, ""),
}


@pytest.mark.parametrize(("body", "json_size", "status", "sentence"), REFUSED.values(), ids=REFUSED)
def test_a_malformed_request_is_refused(
    client: httpx2.Client, body: bytes, json_size: int | None, status: int, sentence: str
) -> None:
    headers = {} if json_size is None else {"Inference-Header-Content-Length": str(json_size)}
    response = client.post("/v2/models/colours/infer", content=body, headers=headers)
    assert response.status_code == status, response.text
    assert list(response.json()) == ["error"]
    assert sentence in response.json()["error"]
    assert "X-Request-Id" in response.headers


def test_images_of_two_sizes_have_areas_but_no_common_labels(client: httpx2.Client) -> None:
    texts = [TEXT, base64.b64encode(encoded(quarters(60, 60))).decode()]
    two = image(shape=[2], data=texts)
    refused = client.post("/v2/models/colours/infer", content=asking(two))
    assert (refused.status_code, "one size" in refused.json()["error"]) == (400, True)
    asked = asking(two, outputs=[{"name": "pixels"}])
    (output,) = client.post("/v2/models/colours/infer", content=asked).raise_for_status().json()["outputs"]
    assert (output["shape"], sum(output["data"])) == ([2, 3], 96 * 64 + 60 * 60)


def test_what_is_odd_about_an_image_is_said_and_every_image_is_counted(client: httpx2.Client) -> None:
    before = metric(client, "segment_images_total", outcome="ok")
    clear = base64.b64encode(encoded(Image.new("RGBA", (9, 9)))).decode()
    answer = client.post("/v2/models/colours/infer", content=asking(image(shape=[2], data=[clear] * 2)))
    assert answer.raise_for_status().headers["X-Warnings"] == "all_transparent"
    assert metric(client, "segment_images_total", outcome="ok") == before + 2


def test_a_body_that_is_an_image_needs_no_json(client: httpx2.Client) -> None:
    headers = {"Inference-Header-Content-Length": "0"}
    found = client.post("/v2/models/colours/infer", content=PICTURE, headers=headers).raise_for_status().json()
    assert found["outputs"][0]["shape"] == [1, 64, 96]


def test_another_method_is_refused_in_the_protocols_form(client: httpx2.Client) -> None:
    for method, path, allowed in (("GET", "/models/colours/infer", "POST"), ("POST", "/models/colours", "GET")):
        refused = client.request(method, f"/v2{path}")
        assert (refused.status_code, refused.headers["Allow"]) == (405, allowed)
        assert f"use {allowed}" in refused.json()["error"]
    assert client.get("/v2/").json() == client.get("/v2").json()


def test_a_version_that_is_not_served_is_not_found(client: httpx2.Client) -> None:
    response = client.get("/v2/models/colours/versions/99")
    assert (response.status_code, "99" in response.text, "only" in response.text) == (404, False, True)


def test_a_tensor_that_is_larger_than_an_image_may_be_is_refused_before_it_is_read(client: httpx2.Client) -> None:
    vast = image(shape=[1, 60_000, 60_000, 3], datatype="UINT8", data=[0])
    response = client.post("/v2/models/colours/infer", content=asking(vast))
    assert response.status_code == 413, response.text


def test_keys_are_asked_for_as_elsewhere(model_file: Any, tmp_path: Any) -> None:
    (tmp_path / "keys").write_text(f"segment {KEY}\n")
    with serving(model_file, keys=tmp_path / "keys") as url, httpx2.Client(base_url=f"{url}/v2") as http:
        assert http.get("/health/ready").json() == {"ready": True}
        for answer in (http.get("/models/colours"), http.post("/models/colours/infer", content=asking(image()))):
            assert answer.status_code == 401
            assert "needs a key" in answer.json()["error"]
            assert answer.headers["WWW-Authenticate"] == "Bearer"
        http.headers["Authorization"] = f"Bearer {KEY}"
        assert http.post("/models/colours/infer", content=asking(image())).status_code == 200


def test_a_timeout_may_have_any_number_of_digits(client: httpx2.Client) -> None:
    body = asking(image(), parameters={"timeout": int("9" * 400)})  # no float is so large
    assert client.post("/v2/models/colours/infer", content=body).status_code == 200
