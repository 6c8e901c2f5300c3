"""Fixtures: a few drawn shapes, and the float file of a random network."""

from pathlib import Path

import onnx
import pytest

from model_export.data import shapes
from model_export.data.folder import SegmentationFolder
from model_export.data.place import Place
from model_export.onnx import export
from service.segmentation.runtime.model import Model
from tests.support import networks


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> SegmentationFolder:
    root: Path = tmp_path_factory.mktemp("drawn")
    shapes.write(root, train=9, val=5, width=96, height=64, seed=0)
    return SegmentationFolder(root, "val")


@pytest.fixture(scope="session")
def place(drawn: SegmentationFolder) -> Place:
    return Place("drawn", drawn.root)


@pytest.fixture(scope="session")
def exported() -> bytes:
    """The graph of `networks.trained()`, which takes seconds to export."""
    graph: bytes = export.to_onnx(networks.trained().network).SerializeToString()
    return graph


@pytest.fixture(scope="session")
def source(exported: bytes) -> bytes:
    contract = export.describe(networks.trained(), networks.CARD, (96, 64))
    return export.packed(onnx.load_from_string(exported), contract)


@pytest.fixture(scope="session")
def served(source: bytes) -> Model:
    return Model(source, threads=1)
