"""Fixtures: one service for the examples, with a model that knows roads and one for scans, which asks for a key."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.segmentation.modelfile.classes import Class, ClassList
from tests.support import slow, tissues
from tests.support.server import ROOT, serving
from tests.support.site import site

KEY = "k" * 40
CLASSES = ClassList((Class(0, "road", "#e00000"), Class(1, "pedestrian", "#00b000"), Class(2, "sky", "#0000e0")))


@pytest.fixture(scope="package")
def pages() -> Iterator[str]:
    """The origin of another site, whose pages are the examples."""
    with site(ROOT / "examples") as origin:
        yield origin


@pytest.fixture(scope="package")
def url(pages: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service. Its model for streets is slow where the first pixel is bright red."""
    models = tmp_path_factory.mktemp("models")
    (models / "street.onnx").write_bytes(slow.model_bytes(name="street", labels=CLASSES))
    (models / "tissues.onnx").write_bytes(tissues.model_bytes())
    keys: Path = tmp_path_factory.mktemp("keys") / "keys"
    keys.write_text(f"segment {KEY}\n")
    with serving(models, keys=keys, origins=pages) as address:
        yield address
