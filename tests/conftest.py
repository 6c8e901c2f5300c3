"""Fixtures: the colours model in a file, and the service with it on a real port."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from service.segmentation.runtime.model import Model
from tests.support import colours
from tests.support.server import serving


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "colours.onnx"
    path.write_bytes(colours.model_bytes())
    return path


@pytest.fixture(scope="session")
def model(model_file: Path) -> Model:
    return Model.load(model_file, threads=1)


@pytest.fixture(scope="session")
def url(model_file: Path) -> Iterator[str]:
    """The address of a running service that serves the colours model."""
    with serving(model_file) as address:
        yield address


@pytest.fixture
def client(url: str) -> Iterator[httpx2.Client]:
    """Talks to the running service; after the test, the service must still answer as before."""
    with httpx2.Client(base_url=url) as http:
        yield http
        assert http.get("/health/ready").json() == {"status": "ready"}
