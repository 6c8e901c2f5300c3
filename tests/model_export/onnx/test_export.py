"""A network is exported to an equivalent file, or to none."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from PIL import Image

from model_export.errors import ParityError
from model_export.onnx import export, parity
from model_export.training.checkpoint import Trained, fingerprint
from service.segmentation.errors import ModelUnreadable
from service.segmentation.modelfile.contract import Contract
from service.segmentation.modelfile.reader import pattern
from service.segmentation.runtime.model import Model
from service.segmentation.segmenter import Segmenter
from tests.support import networks
from tests.support.networks import CARD

SIZES = [(64, 96), (32, 32), (128, 64)]


@pytest.fixture(scope="module")
def trained() -> Trained:
    return networks.trained()


@pytest.fixture(scope="module")
def contract(trained: Trained) -> Contract:
    return export.describe(trained, CARD, (160, 128))


@pytest.fixture(scope="module")
def draft(exported: bytes, contract: Contract) -> bytes:
    return export.packed(onnx.load_from_string(exported), contract)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_the_file_labels_every_size_as_the_network_does(
    draft: bytes, trained: Trained, height: int, width: int
) -> None:
    image = pattern(width, height)
    labels, cells = Model(draft, threads=1).run(image, scores=True)
    expected, expected_scores = export.run_torch(trained.network, image)
    assert cells is not None
    assert (labels != expected).mean() < 1e-3
    np.testing.assert_allclose(cells.logits(), expected_scores, atol=1e-4)
    assert len(np.unique(labels)) > 1


def test_the_file_says_where_it_comes_from_without_naming_anybodys_folders(draft: bytes, trained: Trained) -> None:
    contract = Model(draft, threads=1).contract
    assert (contract.name, contract.version, contract.input.width, contract.input.height) == ("shapes", "3", 160, 128)
    assert contract.training.weights_sha256 == fingerprint(trained.network.state_dict())
    assert contract.training.options["weights"] == "tiny.pth"
    assert contract.training.options["also"][0]["data"] == "towns"
    assert b"/home/me" not in draft
    assert b"model_export" not in draft


def test_a_model_of_grey_scans_sees_a_photo_in_grey(exported: bytes, trained: Trained) -> None:
    contract = export.describe(trained, dataclasses.replace(CARD, color="grey"), (96, 64))
    segmenter = Segmenter(Model(export.packed(onnx.load_from_string(exported), contract), threads=1))
    photo = Image.fromarray(pattern(96, 64))
    in_grey = segmenter.segment(photo.convert("L").convert("RGB")).labels
    assert np.array_equal(segmenter.segment(photo).labels, in_grey)
    assert len(np.unique(in_grey)) > 1


def test_the_file_is_valid_onnx_of_free_sizes(draft: bytes) -> None:
    graph = onnx.load_from_string(draft)
    onnx.checker.check_model(graph)
    dimensions = graph.graph.input[0].type.tensor_type.shape.dim
    assert [bool(d.dim_param) for d in dimensions] == [True, True, True, False]


def test_parity_is_measured_on_the_images(draft: bytes, trained: Trained) -> None:
    parity = export.compare(draft, trained.network, [pattern(w, h) for h, w in SIZES])
    assert parity.images == 3
    assert 0 < parity.max_score_difference < 1e-3
    assert parity.disagreeing_ppm <= export.MAX_DISAGREEING_PPM


def test_another_networks_file_is_refused(draft: bytes) -> None:
    with pytest.raises(ParityError, match="not written: onnxruntime differs from torch"):
        export.compare(draft, networks.network(1), [pattern(96, 64)])


def test_a_file_that_labels_alike_but_scores_otherwise_is_refused(draft: bytes) -> None:
    louder = networks.network(0)
    with torch.no_grad():
        louder.upsample.weight *= 1.5
    with pytest.raises(ParityError, match="in score"):
        export.compare(draft, louder, [pattern(96, 64)])


def test_a_network_that_makes_nan_is_refused_though_its_file_agrees(exported: bytes, contract: Contract) -> None:
    broken, graph = networks.network(0), onnx.load_from_string(exported)
    with torch.no_grad():
        broken.upsample.weight.fill_(math.nan)
    last = next(node for node in graph.graph.node if "scores" in node.output)
    (weights,) = (tensor for tensor in graph.graph.initializer if tensor.name == last.input[1])
    nothing = np.full_like(numpy_helper.to_array(weights), math.nan)
    weights.CopyFrom(numpy_helper.from_array(nothing, weights.name))
    draft = export.packed(graph, contract)
    with pytest.raises(ParityError, match="nan in score"):
        export.compare(draft, broken, [pattern(96, 64)])


def test_writing_replaces_a_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "models" / "a.onnx"
    export.write(b"old", path)
    export.write(b"new", path)
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_a_network_is_compared_in_a_session_as_the_service_opens_it() -> None:
    """On processors whose products of bytes saturate, another session would compute another golden answer."""
    with pytest.raises(ModelUnreadable):
        parity.by_onnxruntime(b"no graph")
