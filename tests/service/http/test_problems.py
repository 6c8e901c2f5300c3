"""Every error is application/problem+json, says what to do, and leaves the service intact."""

import gzip
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx2
import pytest

from tests.support.anatomy import header, png
from tests.support.pictures import encoded, quarters
from tests.support.server import serving

MIB = 1024 * 1024


@pytest.fixture(autouse=True)
def next_request_works(client: httpx2.Client) -> Iterator[None]:
    """Whatever a test did to the service, the reference image is answered byte for byte as before."""
    before = reference(client)
    yield
    assert reference(client) == before


def reference(client: httpx2.Client) -> bytes:
    response = client.post("/segment", files={"image": encoded(quarters())}, headers={"Accept": "image/png"})
    assert response.status_code == 200
    return response.content


def check(response: httpx2.Response, status: int, code: str) -> str:
    """The problem's sentence, once its shape is right."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert set(problem) == {"type", "title", "status", "detail", "code", "request_id"}
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["request_id"] == response.headers["X-Request-Id"]
    detail: str = problem["detail"]
    return detail


def test_text_that_is_called_jpg_is_415(client: httpx2.Client) -> None:
    response = client.post("/segment", files={"image": ("photo.jpg", b"dear diary", "image/jpeg")})
    assert "JPEG, PNG or WebP" in check(response, 415, "unsupported_format")


def test_a_truncated_png_is_422(client: httpx2.Client) -> None:
    data = encoded(quarters())
    check(client.post("/segment", files={"image": data[: len(data) // 2]}), 422, "damaged_image")


def test_a_png_of_60_megapixels_is_413_before_it_is_unpacked(client: httpx2.Client) -> None:
    """It has a header only, so that unpacking would say 422."""
    response = client.post("/segment", files={"image": png(header(10_000, 6_000), (b"IDAT", b""))})
    assert "at most 50 are allowed" in check(response, 413, "image_too_large")


@pytest.mark.parametrize("as_form", [True, False])
def test_a_body_of_21_mib_is_413_and_the_client_gets_to_read_it(client: httpx2.Client, as_form: bool) -> None:
    data = bytes(21 * MIB)
    if as_form:
        response = client.post("/segment", files={"image": data})
    else:
        response = client.post("/segment", content=data, headers={"Content-Type": "image/png"})
    assert "20 MiB" in check(response, 413, "body_too_large")


def test_a_chunked_body_of_21_mib_is_413_too(client: httpx2.Client) -> None:
    chunks = (bytes(MIB) for _ in range(21))
    response = client.post("/segment", content=chunks, headers={"Content-Type": "image/png"})
    check(response, 413, "body_too_large")


def test_a_form_without_an_image_is_422(client: httpx2.Client) -> None:
    response = client.post("/segment", files={"photo": b"x"})
    assert "called `image`" in check(response, 422, "no_image")
    check(client.post("/segment", data={"Image": "text"}, files={"x": b""}), 422, "no_image")


@pytest.mark.parametrize(
    "kind", ["text/html", "application/json", "application/x-www-form-urlencoded", "video/mp4", "a", "<b>/c"]
)
def test_a_body_under_another_content_type_is_415(client: httpx2.Client, kind: str) -> None:
    for body in (b"some text", encoded(quarters())):
        response = client.post("/segment", content=body, headers={"Content-Type": kind})
        detail = check(response, 415, "unsupported_content_type")
        assert detail.startswith(
            f"The Content-Type {kind} is" if kind[1:] and "<" not in kind else "The Content-Type is"
        )
        assert "Content-Type: image/jpeg" in detail
    check(client.post("/segment", content=b"", headers={"Content-Type": kind}), 422, "no_image")


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "zstd, gzip"])
def test_a_coded_body_is_415_and_told_which_coding_is_accepted(client: httpx2.Client, coding: str) -> None:
    for kind in ("image/png", "multipart/form-data; boundary=x"):
        headers = {"Content-Type": kind, "Content-Encoding": coding}
        response = client.post("/segment", content=gzip.compress(encoded(quarters())), headers=headers)
        assert f"is {coding if ',' not in coding else 'another coding'}" in check(response, 415, "coded_body")
        assert response.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("headers", [{"Content-Encoding": "identity"}, {"Content-Type": "binary/octet-stream"}, {}])
def test_an_image_without_a_content_type_of_its_own_is_an_image(client: httpx2.Client, headers: dict[str, str]) -> None:
    assert client.post("/segment", content=encoded(quarters()), headers=headers).status_code == 200


def test_an_empty_image_is_422(client: httpx2.Client) -> None:
    check(client.post("/segment", files={"image": b""}), 422, "no_image")
    check(client.post("/segment", content=b"", headers={"Content-Type": "image/png"}), 422, "no_image")


def test_an_option_in_the_form_is_422_and_not_left_out_in_silence(client: httpx2.Client) -> None:
    response = client.post("/segment", files={"image": encoded(quarters())}, data={"pixel_spacing_mm": "0.5"})
    assert "/segment?pixel_spacing_mm=" in check(response, 422, "misplaced_option")


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("pixel_spacing_mm=wide", "pixel_spacing_mm: give one number"),
        ("pixel_spacing_mm=1,2,3", "pixel_spacing_mm"),
        ("pixel_spacing_mm=0", "from 1e-9 to 1e9"),
        ("pixel_spacing_mm=-1,1", "from 1e-9"),
        ("pixel_spacing_mm=0,5", "as in 0.5"),
        ("pixel_spacing_mm=nan", "from 1e-9"),
        ("pixel_spacing_mm=inf", "from 1e-9"),
        ("pixel_spacing_mm=1e200", "from 1e-9"),
        ("pixel_spacing_mm=1e-320,1", "from 1e-9"),
        ("window=wide", "window: give auto"),
        ("window=1", "window"),
        ("window=5,5", "low must be below high"),
        ("window=0,65536", "65535"),
        ("window=nan,5", "low must be below high"),
        ("mask=grey", "mask"),
        ("include=everything", "include"),
        ("pixel_spacing=0.5", "pixel_spacing: there is no such parameter"),
    ],
)
def test_a_bad_parameter_is_422_and_named(client: httpx2.Client, query: str, named: str) -> None:
    response = client.post(f"/segment?{query}", files={"image": encoded(quarters())})
    assert named in check(response, 422, "invalid_parameter")


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("pixel_spacing_mm=0.5&pixel_spacing_mm=0.8", "'pixel_spacing_mm' is given 2 times"),
        ("model=colours&model=colours", "'model'"),
        ("include=mask&include=confidence", "'include'"),
        ("heatmap=red&include=&heatmap=green", "'heatmap'"),
        ("mask=ids&mask=colours", "'mask'"),
        ("window=auto&%77indow=auto", "'window'"),
        ("unknown=1&unknown=2", "'unknown'"),
    ],
)
def test_a_parameter_given_twice_is_422(client: httpx2.Client, query: str, named: str) -> None:
    response = client.post(f"/segment?{query}", files={"image": encoded(quarters())})
    assert named in check(response, 422, "repeated_parameter")


def test_the_input_is_not_echoed(client: httpx2.Client) -> None:
    response = client.post("/segment", params={"include": "secret" * 1000}, files={"image": b"x"})
    assert "secret" not in check(response, 422, "invalid_parameter")
    response = client.post("/segment", params={"x" * 5000: ""}, files={"image": b"x"})
    assert len(check(response, 422, "invalid_parameter")) < 200


def test_an_unknown_model_is_404(client: httpx2.Client) -> None:
    response = client.post("/segment?model=bear", files={"image": encoded(quarters())})
    assert "these are served: colours" in check(response, 404, "unknown_model")
    check(client.get("/models/bear"), 404, "unknown_model")


@pytest.mark.parametrize("name", ["../models/colours", "/etc/passwd", "colours.onnx", "http://127.0.0.1/x"])
def test_a_models_name_is_no_path(client: httpx2.Client, name: str) -> None:
    response = client.post("/segment", params={"model": name}, files={"image": encoded(quarters())})
    check(response, 404, "unknown_model")
    assert client.get(f"/models/{quote(name, safe='')}").status_code == 404


def test_an_answer_of_no_offered_kind_is_406(client: httpx2.Client) -> None:
    response = client.post("/segment", files={"image": encoded(quarters())}, headers={"Accept": "text/html"})
    assert "application/json, image/png" in check(response, 406, "not_acceptable")


def test_two_accept_headers_are_one_list(client: httpx2.Client) -> None:
    headers = [("Accept", "text/html"), ("Accept", "image/png")]
    response = client.post("/segment", files={"image": encoded(quarters())}, headers=headers)
    assert response.headers["Content-Type"] == "image/png"


def test_the_frameworks_own_refusals_have_the_same_shape(client: httpx2.Client) -> None:
    assert "/docs" in check(client.get("/segmnt"), 404, "not_found")
    response = client.get("/segment")
    assert "use POST" in check(response, 405, "method_not_allowed")
    assert response.headers["Allow"] == "POST"
    check(client.get("/web/nothing.js"), 404, "not_found")


def test_an_overlay_that_webp_cannot_hold_is_422(client: httpx2.Client) -> None:
    long = encoded(quarters(17_000, 2))
    response = client.post("/segment", files={"image": long}, headers={"Accept": "image/webp"})
    assert "image/png" in check(response, 422, "picture_too_large")


def test_a_client_that_disconnects_during_its_upload_does_no_harm(client: httpx2.Client, url: str) -> None:
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port or 0)) as connection:
        connection.sendall(
            b"POST /segment HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 5000\r\n\r\nabc"
        )
    assert client.get("/health/live").status_code == 200


def test_limits_are_settings(model_file: Path) -> None:
    with serving(model_file, max_body_mib=0.5, max_megapixels=0.01) as url:
        response = httpx2.post(f"{url}/segment", files={"image": bytes(MIB)})
        assert "0.5 MiB" in check(response, 413, "body_too_large")
        response = httpx2.post(f"{url}/segment", files={"image": encoded(quarters(200, 100))})
        assert "at most 0.01 are allowed" in check(response, 413, "image_too_large")
