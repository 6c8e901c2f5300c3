"""Multipart forms, as libraries and people write them; errors name the cause."""

import base64

import httpx2
import pytest

from tests.support.malformed import part
from tests.support.pictures import encoded, quarters

IMAGE = encoded(quarters())
PHOTO = encoded(quarters(), "JPEG")
END = b"--x--\r\n"
TYPE = "multipart/form-data; boundary=x"


def post(client: httpx2.Client, body: bytes, content_type: str = TYPE) -> httpx2.Response:
    return client.post("/segment", content=body, headers={"Content-Type": content_type})


def refused(response: httpx2.Response, status: int, code: str) -> str:
    problem = response.json()
    assert (response.status_code, problem["code"]) == (status, code), problem
    detail: str = problem["detail"]
    return detail


@pytest.mark.parametrize(
    "disposition",
    [
        b'name="image"',
        b"name=image",
        b'name="file"',
        b'name="image"; filename=""',
        b"name=\"image\"; filename*=UTF-8''stra%C3%9Fe.png",
    ],
)
@pytest.mark.parametrize("headers", [(), (b"Content-Type: image/png",), (b"Content-Transfer-Encoding: binary",)])
def test_an_image_needs_no_file_name(client: httpx2.Client, disposition: bytes, headers: tuple[bytes, ...]) -> None:
    response = post(client, part(IMAGE, disposition, *headers) + END)
    assert response.json()["image"]["format"] == "PNG"


def test_other_parts_are_ignored_whatever_their_size(client: httpx2.Client) -> None:
    others = part(bytes(100_000), b'name="thumbnail"; filename="a.png"') + part(b"words", b'name="note"')
    assert post(client, others + part(IMAGE) + others + END).status_code == 200


@pytest.mark.parametrize("names", [(b"image", b"image"), (b"image", b"file"), (b"file", b"file")])
def test_two_images_are_an_error(client: httpx2.Client, names: tuple[bytes, bytes]) -> None:
    for tail in (b"", b'; filename="a.png"'):
        body = b"".join(part(IMAGE, b'name="' + name + b'"' + tail) for name in names)
        assert "more than one image" in refused(post(client, body + END), 400, "bad_form")


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; a=b"])
def test_a_form_whose_type_has_no_boundary_is_told_so(client: httpx2.Client, kind: str) -> None:
    assert "names no boundary" in refused(post(client, part(IMAGE) + END, kind), 400, "bad_form")


@pytest.mark.parametrize("body", [part(IMAGE) + END, IMAGE, b"not a form", b"\r\nnot a form"])
def test_a_body_without_the_boundary_of_its_type_is_told_so(client: httpx2.Client, body: bytes) -> None:
    detail = refused(post(client, body, "multipart/form-data; boundary=y"), 400, "bad_form")
    assert "does not begin with the boundary" in detail


def test_a_form_cut_off_is_told_so(client: httpx2.Client) -> None:
    whole = part(IMAGE) + part(b"words", b'name="note"')
    for cut in (20, len(IMAGE) // 2, len(whole) - 10, len(whole)):
        assert "cut off" in refused(post(client, whole[:cut]), 400, "bad_form")


@pytest.mark.parametrize("end", [b"--x--", b"--x--\r\n"])
@pytest.mark.parametrize("image", [IMAGE, PHOTO])
def test_a_last_boundary_that_begins_no_line_is_told_so(client: httpx2.Client, image: bytes, end: bytes) -> None:
    assert "write CRLF" in refused(post(client, part(image).removesuffix(b"\r\n") + end), 400, "bad_form")


def test_lines_without_returns_are_told_so(client: httpx2.Client) -> None:
    for image in (PHOTO, IMAGE):
        body = part(image).replace(b"\r\n", b"\n") + END
        assert "CRLF" in refused(post(client, body), 400, "bad_form")


def test_an_option_in_the_form_is_told_where_it_belongs(client: httpx2.Client) -> None:
    for option in ("model", "pixel_spacing_mm"):
        body = part(b"0.5", f'name="{option}"'.encode()) + part(IMAGE) + END
        assert f"/segment?{option}=" in refused(post(client, body), 422, "misplaced_option")


@pytest.mark.parametrize("as_form", [True, False])
@pytest.mark.parametrize(
    ("data", "named"),
    [
        (base64.b64encode(IMAGE), "base64 text"),
        (base64.encodebytes(PHOTO), "base64 text"),
        (b"data:image/png;base64," + base64.b64encode(IMAGE), "a data: URL"),
        (b"data:image/jpeg;base64," + base64.b64encode(PHOTO), "a data: URL"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "an HTML page"),
        (b"<html><body>log in</body></html>", "an HTML page"),
        (b'{"error": "not found"}', "JSON"),
        (b'[{"error": 1}]', "JSON"),
    ],
)
def test_an_image_that_is_text_is_named(client: httpx2.Client, data: bytes, named: str, as_form: bool) -> None:
    response = post(client, part(data) + END) if as_form else post(client, data, "image/jpeg")
    assert f"The file is {named}, not a JPEG" in refused(response, 415, "unsupported_format")


def test_a_form_under_the_type_of_an_image_is_named(client: httpx2.Client) -> None:
    for kind in ("image/jpeg", "application/octet-stream"):
        assert "a multipart form" in refused(post(client, part(IMAGE) + END, kind), 415, "unsupported_format")


@pytest.mark.parametrize("body", [b"", END, part(b"") + END])
def test_an_empty_form_has_no_image(client: httpx2.Client, body: bytes) -> None:
    refused(post(client, body), 422, "no_image")
