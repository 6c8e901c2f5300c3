"""The routes for models, health, metrics and documentation."""

import hashlib
import shutil
from pathlib import Path

import httpx2

from tests.support.server import serving


def test_models_are_listed_with_their_digests(client: httpx2.Client, model_file: Path) -> None:
    digest = hashlib.sha256(model_file.read_bytes()).hexdigest()
    assert client.get("/models").json() == [
        {
            "name": "colours",
            "version": "1",
            "digest": f"sha256:{digest}",
            "description": "The strongest channel of every pixel.",
            "default": True,
            "scans": False,
            "classes": ["red", "green", "blue"],
            "licence": "Apache-2.0",
            "mean_iu": None,
        }
    ]


def test_a_refused_model_is_listed_with_the_reason(model_file: Path, tmp_path: Path) -> None:
    shutil.copy(model_file, tmp_path)
    (tmp_path / "half.onnx").write_bytes(model_file.read_bytes()[:1000])
    with serving(tmp_path) as url, httpx2.Client(base_url=url) as client:
        served, refused = client.get("/models").json()
        assert served["name"] == "colours"
        assert refused["name"] == "half"
        assert refused["refused"].startswith("half.onnx: it is truncated")
        assert client.get("/health/ready").status_code == 200
        assert client.get("/models/half").status_code == 404


def test_a_model_tells_all_that_its_file_says(client: httpx2.Client) -> None:
    card = client.get("/models/colours").json()
    assert card["classes"][1] == {"id": 1, "name": "green", "color": "#00b000"}
    assert card["ignored"] == 255
    shape = {"width": 96, "height": 64, "stride": 32}
    assert card["input"] == shape | {"padding": "#ff0000", "color": "rgb", "scan": None, "fixed": False}
    assert card["training"]["licence"] == "Apache-2.0"
    assert (card["evaluation"], card["elsewhere"], card["parity"], card["precision"], card["temperature"]) == (
        None,
        [],
        None,
        "float32",
        1,
    )


def test_health_is_live_and_ready(client: httpx2.Client) -> None:
    assert client.get("/health/live").json() == {"status": "live"}
    assert client.get("/health/ready").json() == {"status": "ready"}


def test_the_documentation_needs_no_other_host(client: httpx2.Client) -> None:
    page = client.get("/docs").text
    assert "swagger" in page
    assert "https://" not in page


def test_the_page_and_all_it_loads_are_served(client: httpx2.Client) -> None:
    page = client.get("/").text
    for name in ("page.css", "page.js"):
        assert f'"web/{name}"' in page
        assert client.get(f"/web/{name}").status_code == 200
    assert "https://" not in page
