"""DeconvNet: unpooling, the mirrored decoder, and the same network in onnxruntime's operators."""

import copy
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from msgspec.structs import replace
from torch import Tensor, nn

from model_export.data import shapes
from model_export.data.folder import SegmentationFolder
from model_export.errors import CheckpointError, OptionError, ParityError
from model_export.networks import BACKBONES, DeconvNet
from model_export.networks.deconvnet import Unpooling
from model_export.networks.vgg import SmallVGG
from model_export.onnx import export, parity, quantize
from model_export.onnx.decoder import OnnxUnpooling, as_convolution
from model_export.reports.report import architecture
from model_export.training import checkpoint, published
from model_export.training.checkpoint import NOTHING_MEASURED, Trained
from service.segmentation.catalog import EMBEDDED
from service.segmentation.modelfile.reader import pattern
from service.segmentation.runtime.model import Model
from tests.support.networks import CARD
from tests.support.reference import by_reference
from tests.support.runs import quick


@pytest.fixture(scope="module")
def trained() -> Trained:
    """A random network whose norms have seen images."""
    torch.manual_seed(0)
    network = DeconvNet(SmallVGG(), classes=4)
    for parameter in network.score.parameters():
        nn.init.normal_(parameter)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = None  # the statistics of all that it sees
    pictures = [np.asarray(shapes.picture(128, 96, np.random.default_rng(seed))[0]) for seed in range(4)]
    with torch.no_grad():
        network.train()(torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float())
    options = replace(quick(Path("/home/me/shapes")), architecture="deconvnet", backbone="vgg-small")
    return Trained(network.eval(), shapes.CLASSES, options, 1, NOTHING_MEASURED)


@pytest.fixture(scope="module")
def source(trained: Trained) -> bytes:
    return export.packed(export.to_onnx(trained.network), export.describe(trained, CARD, (96, 64)))


def tied(*shape: int) -> Tensor:
    """Few different values, many of them zero, as a ReLU makes them: most cells have several maxima."""
    return torch.randint(-2, 2, shape, generator=torch.Generator().manual_seed(0)).clamp(min=0).float()


def by_hand(values: Tensor, pooled: Tensor) -> Tensor:
    """Unpooling, cell by cell, with the first maximum, row by row."""
    unpooled = torch.zeros_like(pooled)
    for image, channel, row, column in np.ndindex(*values.shape):
        cell = pooled[image, channel, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
        y, x = divmod(int(np.argmax(cell.numpy())), 2)
        unpooled[image, channel, 2 * row + y, 2 * column + x] = values[image, channel, row, column]
    return unpooled


def test_values_return_to_where_the_first_maxima_were() -> None:
    pooled, values = tied(2, 3, 8, 12), torch.randn(2, 3, 4, 6)
    assert torch.equal(Unpooling()(values, pooled), by_hand(values, pooled))


@pytest.mark.filterwarnings("ignore")  # the exporter's own housekeeping
def test_in_the_graph_too_ties_included() -> None:
    pooled, values = tied(2, 3, 8, 12), torch.randn(2, 3, 4, 6)
    program = torch.onnx.export(OnnxUnpooling().eval(), (values, pooled), input_names=["values", "pooled"], dynamo=True)
    assert program is not None
    graph = program.model_proto
    assert [node.op_type for node in graph.graph.node] == ["MaxPool", "MaxUnpool"]
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    (unpooled,) = session.run(None, {"values": values.numpy(), "pooled": pooled.numpy()})
    np.testing.assert_array_equal(unpooled, by_hand(values, pooled).numpy())


@pytest.mark.parametrize("side", [3, 7])
def test_a_deconvolution_of_stride_one_is_a_convolution(side: int) -> None:
    deconvolution = nn.ConvTranspose2d(5, 4, side, padding=side // 2, bias=False)
    x = torch.randn(1, 5, 9, 8)
    torch.testing.assert_close(as_convolution(deconvolution)(x), deconvolution(x))


def test_the_decoder_mirrors_the_encoder() -> None:
    network = DeconvNet(SmallVGG(), classes=3)
    deconvolutions = [layer for layer in network.modules() if isinstance(layer, nn.ConvTranspose2d)]
    convolutions = [layer for layer in network.backbone.modules() if isinstance(layer, nn.Conv2d)]
    encoder = [layer.out_channels for layer in convolutions[:13]]
    assert [layer.in_channels for layer in deconvolutions[1:]] == encoder[::-1]
    norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert len(norms) == len(convolutions) + len(deconvolutions)
    with torch.inference_mode():
        assert network.eval()(torch.zeros(2, 3, 64, 96)).shape == (2, 3, 64, 96)


@pytest.mark.parametrize("side", [1, 2])
def test_the_gradients_of_tiny_maps_are_numbers_and_not_what_was_in_memory(side: int) -> None:
    """Of pictures of 32 and 64 pixels, in bfloat16, after memory was full of large numbers."""
    network = DeconvNet(SmallVGG(), classes=3).train()
    weight = network.get_parameter("widen.0.weight")
    for _ in range(12):
        large = [torch.full((1 << 20,), 1e30) for _ in range(3)]
        del large
        x = torch.randn(4, network.backbone.channels[-1], side, side).contiguous(memory_format=torch.channels_last)
        x.requires_grad_()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            network.widened(x).float().square().mean().backward()
        for gradient in (x.grad, weight.grad):
            assert gradient is not None
            assert gradient.abs().max() < 1e3
        weight.grad = None


@pytest.mark.parametrize("backbone", sorted(BACKBONES.keys() - {"vgg16", "vgg16-bn", "vgg-small"}))
def test_what_does_not_pool_cannot_be_mirrored(backbone: str) -> None:
    with pytest.raises(OptionError, match="undoes max pools of 2x2, and"):
        DeconvNet(BACKBONES[backbone](), classes=3)


def test_files_of_before_there_were_others_are_fcns() -> None:
    network = Model.load(EMBEDDED / "street-small.onnx", threads=1).contract.network
    assert network is not None
    assert architecture(network) == "FCN-8s"


@pytest.mark.parametrize(("height", "width"), [(64, 96), (32, 32), (128, 64)])
def test_the_file_labels_as_the_network_does(source: bytes, trained: Trained, height: int, width: int) -> None:
    image = pattern(width, height)
    labels, cells = Model(source, threads=1).run(image, scores=True)
    expected, scores = export.run_torch(trained.network, image)
    assert cells is not None
    np.testing.assert_allclose(cells.logits(), scores, atol=1e-3 * np.abs(scores).max())
    assert (labels != expected).mean() < 1e-3
    assert len(np.unique(labels)) > 1


def test_scores_that_are_no_numbers_are_not_parity(source: bytes, trained: Trained) -> None:
    """Its scores may differ where a switch turns by rounding, and only its labels are held to torch's."""
    assert export.compare(source, trained.network, [pattern(96, 64)]).images == 1
    broken = copy.deepcopy(trained.network)
    with torch.no_grad():
        broken.get_parameter("score.0.bias")[0] = torch.nan
    with pytest.raises(ParityError, match="by up to nan in score"):
        export.compare(source, broken, [pattern(96, 64)])


def test_another_implementation_of_onnx_gives_the_same_labels(source: bytes) -> None:
    """On noise: where an image is flat, a cell's values differ by rounding alone, and so do the switches."""
    noise = np.random.default_rng(0).integers(0, 256, (32, 64, 3), dtype=np.uint8)
    measured = parity.measure(by_reference(source), parity.by_onnxruntime(source), [noise])
    assert measured.disagreeing_ppm < 1000


def test_its_graph_has_no_deconvolution_and_no_norm(source: bytes) -> None:
    operators = {node.op_type for node in onnx.load_model_from_string(source).graph.node}
    assert "MaxUnpool" in operators
    assert not operators & {"ConvTranspose", "BatchNormalization", "ScatterND", "ScatterElements"}


def test_the_file_tells_the_architecture(source: bytes, trained: Trained) -> None:
    contract = Model(source, threads=1).contract
    assert contract.network is not None
    assert (contract.network.architecture, contract.network.stride) == ("deconvnet", 1)
    assert architecture(contract.network) == "DeconvNet"
    assert contract.network.parameters == sum(parameter.numel() for parameter in trained.network.parameters())
    assert contract.training.options["architecture"] == "deconvnet"


def test_its_convolutions_are_integers(source: bytes, drawn: SegmentationFolder) -> None:
    images = export.samples(drawn, 2, Model(source, threads=1).contract.input)
    model = quantize.between_quantise_nodes(source, images, "min-max", "deconvnet")
    scale = quantize.integers_outside(model)
    makers = {output: node.op_type for node in model.graph.node for output in node.output}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    assert len(convolutions) == 30
    assert all(makers[name] == "DequantizeLinear" for node in convolutions for name in node.input[:2])
    labels, scores = parity.by_onnxruntime(model.SerializeToString(), scale)(images[0])
    expected = Model(source, threads=1).run(images[0], scores=True)[1]
    assert labels.shape == images[0].shape[:2]
    assert expected is not None
    assert scores is not None
    assert np.corrcoef(scores.ravel(), expected.logits().ravel())[0, 1] > 0.5  # its switches turn with every rounding


def test_checkpoints_and_published_weights_know_it(trained: Trained, tmp_path: Path) -> None:
    image = 255 * torch.rand(1, 3, 64, 64)
    checkpoint.save(trained, tmp_path / "best.pt")
    loaded = checkpoint.load(tmp_path / "best.pt")
    assert isinstance(loaded.network, DeconvNet)
    published.publish(trained, tmp_path / "shapes.safetensors")
    assert published.origin(tmp_path / "shapes.safetensors") == published.origin(tmp_path / "best.pt")
    with torch.inference_mode():
        torch.testing.assert_close(loaded.network(image), trained.network(image))
    with pytest.raises(CheckpointError, match="a deconvnet contains no FCN-16s"):
        checkpoint.coarser(loaded, 16)
