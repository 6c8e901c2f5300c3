"""examples/proxies with the real nginx and the real Caddy: TLS, HTTP/2, kept connections, refusals, scans, a path."""

import gzip
import json
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from benchmarks.nginx import nginx
from service.client import Client, Unreachable
from tests.examples.conftest import KEY
from tests.support.caddy import caddy
from tests.support.debian import need
from tests.support.document import Document
from tests.support.nifti import nifti
from tests.support.pictures import encoded, quarters
from tests.support.scans import scan
from tests.support.server import ROOT, free_port, process_of

NAME = "segment.example.org"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate and a photo."""
    folder = tmp_path_factory.mktemp("proxies")
    names = f"subjectAltName=DNS:{NAME},DNS:localhost"
    command = [need("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", f"/CN={NAME}"]
    files = ["-addext", names, "-keyout", "segment.key", "-out", "segment.pem"]
    subprocess.run([*command, *files], cwd=folder, check=True, capture_output=True)
    (folder / "photo.png").write_bytes(encoded(quarters().rotate(180)))
    (folder / "scan.nii.gz").write_bytes(gzip.compress(nifti(scan().voxels, scan().affine)))
    with (folder / "large").open("wb") as file:
        file.truncate(20 * 2**20 + 2**18)
    return folder


def of_nginx(folder: Path, url: str, port: int, inside: str = "") -> AbstractContextManager[object]:
    text = (ROOT / "examples" / "proxies" / "nginx.conf").read_text()
    text = text.replace("listen 443", f"listen 127.0.0.1:{port}").replace("127.0.0.1:8000", urlsplit(url).netloc)
    text = text.replace("    location / {", f"{inside}\n    location / {{")
    return nginx(need("nginx"), folder, "", text)


@contextmanager
def of_caddy(folder: Path, url: str, port: int, inside: str = "") -> Iterator[None]:
    text = (ROOT / "examples" / "proxies" / "Caddyfile").read_text()
    text = text.replace("127.0.0.1:8000", urlsplit(url).netloc)
    text = text.replace(f"\n{NAME} {{", f"\n{NAME}:{port}, localhost:{port} {{\n{inside}")
    with caddy(folder, text, f"https://localhost:{port}"):
        yield


FRONTS = {"nginx": of_nginx, "caddy": of_caddy}


def curl(folder: Path, address: str, *words: str) -> tuple[dict[str, Any], bytes]:
    """What curl says of an answer, and its body. The certificate must be that of the name."""
    port = str(urlsplit(address).port)
    trusting = ["--cacert", "segment.pem", "--resolve", f"{NAME}:{port}:127.0.0.1", "--http2"]
    command = ["curl", "-s", "-o", "answer", "-w", "%{json}", *trusting, "-H", f"Authorization: Bearer {KEY}", *words]
    found: dict[str, Any] = json.loads(subprocess.check_output(command, cwd=folder, timeout=120))
    return found, (folder / "answer").read_bytes()


@pytest.fixture(scope="module", params=FRONTS)
def front(request: pytest.FixtureRequest, folder: Path, url: str) -> Iterator[str]:
    """The address of a proxy, by the name of its certificate."""
    need("curl")
    port = free_port()
    with FRONTS[request.param](folder, url, port):
        yield f"https://{NAME}:{port}"


def test_requests_share_a_connection_to_the_service(front: str, folder: Path, url: str) -> None:
    for _ in range(4):
        told, body = curl(folder, front, "-F", "image=@photo.png", f"{front}/segment?include=")
        assert (told["http_version"], told["response_code"]) == ("2", 200), body
        assert json.loads(body)["classes"][2]["pixels"] == 96 * 32
    port = urlsplit(url).port
    kept = [
        at for at in process_of(url).net_connections() if at.laddr.port == port and at.status == psutil.CONN_ESTABLISHED
    ]
    assert len(kept) == 1


def test_a_page_behind_the_proxy_is_ours_and_others_are_not(front: str, folder: Path) -> None:
    for origin, status in ((front, 200), ("https://other.example", 403)):
        told, body = curl(folder, front, "-H", f"Origin: {origin}", "-F", "image=@photo.png", f"{front}/segment")
        assert told["response_code"] == status, body


def test_the_service_itself_refuses_what_is_too_large(front: str, folder: Path) -> None:
    told, body = curl(folder, front, "-F", "image=@large", f"{front}/segment")
    assert (told["response_code"], json.loads(body)["code"]) == (413, "body_too_large")


def test_a_scan_passes_with_its_progress(front: str, folder: Path) -> None:
    _, body = curl(folder, front, "-H", "Accept: application/x-ndjson", "-F", "volume=@scan.nii.gz", f"{front}/volumes")
    *progress, last = map(json.loads, body.splitlines())
    assert [line["done"] for line in progress] == list(range(progress[0]["of"] + 1))
    assert last["result"]["model"]["name"] == "tissues"


def test_the_typed_client_trusts_the_certificate_that_it_is_told_to(
    front: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = front.replace(NAME, "localhost")
    with Client(address, key=KEY) as client, pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
        client.models()
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "segment.pem"))
    with Client(address, key=KEY) as client:
        assert client.models()[0].name == "street"


@pytest.mark.parametrize(("proxy", "language"), [("nginx", "nginx"), ("caddy", "text")])
def test_a_prefix_is_stripped_as_the_document_says(proxy: str, language: str, folder: Path, url: str) -> None:
    need("curl")
    (block,) = Document("docs/how-to/proxies.md").blocks(language)
    port = free_port()
    with FRONTS[proxy](folder, url, port, block.replace("127.0.0.1:8000", urlsplit(url).netloc)):
        under = f"https://{NAME}:{port}/segmentation"
        assert curl(folder, under, "-F", "image=@photo.png", f"{under}/segment")[0]["response_code"] == 200
        told, body = curl(folder, under, "--location", under)
        assert (told["url_effective"], b"page.js" in body) == (f"{under}/", True)
