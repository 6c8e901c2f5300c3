"""A checkpoint -> one self-describing .onnx file, written only when it answers like the network it comes from."""

import logging
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec
import onnx
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from model_export.data.folder import SegmentationFolder
from model_export.data.place import Place
from model_export.errors import ParityError
from model_export.networks import COARSEST, FCN, SegmentationNetwork
from model_export.onnx import golden, parity
from model_export.onnx.decoder import runnable
from model_export.onnx.graph import SubPixel, fold_normalisation, norms_as_convolutions
from model_export.reports.evaluate import Track, evaluate
from model_export.training.checkpoint import Trained, fingerprint
from model_export.training.options import FILES, Options
from service.segmentation.inputs.raster import Size
from service.segmentation.modelfile import seal
from service.segmentation.modelfile.classes import ClassList
from service.segmentation.modelfile.contract import (
    METADATA_KEY,
    Contract,
    Golden,
    Input,
    Labels,
    Network,
    Parity,
    Pixels,
    Scan,
    Scores,
    Training,
)
from service.segmentation.runtime.model import Model
from service.segmentation.segmenter import fitted

# The exporter warns of operators of a package that is neither installed nor used.
logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)

# What torch and onnxruntime may differ by: sums in another order, so the last bits of a float32 score, and labels
# only where two classes score the same to these bits. Scores behind switches are judged by their labels alone.
MAX_SCORE_DIFFERENCE = 1e-2
MAX_DISAGREEING_PPM = 100.0


class Served(nn.Module):
    """The graph of the contract around a network: uint8 [N, H, W, 3] in; labels and scores out.

    It computes what the network does, its deconvolutions in another form.
    """

    def __init__(self, network: SegmentationNetwork) -> None:
        super().__init__()
        self.factor = network.stride
        self.network = runnable(network)
        self.cells: nn.Module = SubPixel(network.upsample).convolution if isinstance(network, FCN) else nn.Identity()

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        sums = self.network.sums(self.network.features(image.permute(0, 3, 1, 2).float()))
        cells = self.cells(sums[-1])
        # Labels are chosen before they are rearranged: one byte a pixel is moved, not a score per class.
        places = cells.unflatten(1, (-1, self.factor**2)).argmax(1).to(torch.uint8)
        return F.pixel_shuffle(places, self.factor).squeeze(1), cells


@dataclass(frozen=True)
class Card:
    """The model's name, its origin in words, and whether it sees photos in grey.

    `picture` is for the golden answer and is published in the file: it should look like what the model is for and show
    its classes. By default one is drawn. `scan` is there if it is for scans.
    """

    name: str
    version: str
    description: str
    data: str
    licence: str
    use: str = ""
    limits: str = ""
    color: Literal["rgb", "grey"] = "rgb"
    picture: Image.Image | None = None
    scan: Scan | None = None

    def draft(self, labels: ClassList, policy: Input, training: Training, answer: Golden, network: Network) -> Contract:
        """The contract of a float file of which nothing is measured."""
        return Contract(
            format=2,
            name=self.name,
            version=self.version,
            description=self.description,
            precision="float32",
            labels=labels,
            input=policy,
            training=training,
            evaluation=None,
            parity=None,
            golden=answer,
            use=self.use,
            limits=self.limits,
            network=network,
        )


def export(
    trained: Trained,
    card: Card,
    native: Size,
    place: Place,
    parity_count: int,
    track: Track = range,
) -> bytes:
    """The model file of a trained network; photos will be scaled to fit `native` (width, height).

    Its parity is over `parity_count` images of the place, its figures over all. Raises ParityError where its labels or
    scores are not the network's.
    """
    contract, graph = describe(trained, card, native), to_onnx(trained.network)
    images = samples(place.judged(trained.classes), parity_count, contract.input)
    draft = checked(graph, contract, trained.network, images)
    content = packed(graph, msgspec.structs.replace(draft.contract, evaluation=evaluate(draft, place, track)))
    Model(content, threads=0)  # what is written has passed the service's own checks
    return content


def unmeasured(trained: Trained, card: Card, native: Size, images: list[Pixels]) -> bytes:
    """As `export`, with parity over `images` and nothing else measured. Raises ParityError."""
    contract, graph = describe(trained, card, native), to_onnx(trained.network)
    return packed(graph, checked(graph, contract, trained.network, images).contract)


def checked(graph: onnx.ModelProto, contract: Contract, network: SegmentationNetwork, images: list[Pixels]) -> Model:
    """The model, through the service's own checks, its contract with the parity over `images`. Raises ParityError."""
    measured = compare(packed(graph, contract), network, images)
    return Model(packed(graph, msgspec.structs.replace(contract, parity=measured)), threads=0)


def to_onnx(network: SegmentationNetwork) -> onnx.ModelProto:
    """The network as an ONNX graph with free N, H and W, H and W multiples of the stride."""
    example = torch.zeros(2, 2 * COARSEST, 3 * COARSEST, 3, dtype=torch.uint8)
    count, rows, columns = (torch.export.Dim(name) for name in ("images", "rows", "columns"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own housekeeping; what it makes is checked below
        program = torch.onnx.export(
            Served(network).eval(),
            (example,),
            input_names=["image"],
            output_names=["labels", "scores"],
            dynamic_shapes=({0: count, 1: COARSEST * rows, 2: COARSEST * columns},),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    graph = program.model_proto
    norms_as_convolutions(graph)
    fold_normalisation(graph)
    return without_traces(graph)


def without_traces(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same model without the stack traces, and so the folders of this machine, that the exporter leaves in it."""
    for part in (model, model.graph, *model.graph.node, *model.graph.value_info, *model.graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    return model


def describe(trained: Trained, card: Card, native: Size) -> Contract:
    """The contract of a network; photos will be scaled to fit `native` (width, height). Measured figures are filled in
    later."""
    width, height = native
    picture = golden.prepared(card.picture or golden.drawn(), card.color == "grey")
    return card.draft(
        trained.classes,
        Input(width, height, COARSEST, trained.options.outside, card.color, card.scan),
        Training(
            data=card.data,
            licence=card.licence,
            options=portable(trained.options),
            epoch=trained.epoch,
            weights_sha256=fingerprint(trained.network.state_dict()),
        ),
        golden.of_torch(picture, *run_torch(trained.network, picture)),
        complexity(trained, width, height),
    )


def complexity(trained: Trained, width: int, height: int) -> Network:
    """Parameters, and multiply-accumulates of one photo of the size that the network is served at."""
    counter = FlopCounterMode(display=False)
    padded = torch.zeros(1, 3, height + -height % COARSEST, width + -width % COARSEST)
    with torch.inference_mode(), counter:
        trained.network(padded)
    parameters = sum(parameter.numel() for parameter in trained.network.parameters())
    network, macs = trained.network, counter.get_total_flops() // 2
    return Network(trained.options.backbone, network.stride, parameters, macs, network.architecture)


def portable(options: Options) -> dict[str, Any]:
    """The run's options with the names of its files, not the folders of the machine it ran on."""
    document: dict[str, Any] = msgspec.to_builtins(options)
    document["also"] = [source | {"data": Path(source["data"]).name} for source in document["also"]]
    return document | {name: Path(document[name]).name for name in FILES if document[name]}


def packed(graph: onnx.ModelProto, contract: Contract) -> bytes:
    """The bytes of the model file: the graph with its contract, sealed."""
    onnx.helper.set_model_props(graph, {METADATA_KEY: msgspec.json.encode(contract).decode()})
    return seal.sealed(graph.SerializeToString())


def compare(data: bytes, network: SegmentationNetwork, images: list[Pixels]) -> Parity:
    """Run torch and onnxruntime on the same images. Raises ParityError where they differ by more than rounding."""
    measured = parity.measure(partial(run_torch, network), parity.by_onnxruntime(data), images)
    difference = measured.max_score_difference
    most = MAX_SCORE_DIFFERENCE if network.continuous else math.inf
    # Written so that NaN fails too.
    if not (difference <= most and measured.disagreeing_ppm <= MAX_DISAGREEING_PPM):
        raise ParityError(
            f"not written: onnxruntime differs from torch by up to {difference:.2g} in score "
            f"(at most {most}) and in {measured.disagreeing_ppm:.1f} ppm of labels "
            f"(at most {MAX_DISAGREEING_PPM:g})."
        )
    return measured


@torch.inference_mode()
def run_torch(network: SegmentationNetwork, image: Pixels) -> tuple[Labels, Scores]:
    """Labels and scores of one image [H, W, 3] by torch."""
    scores = network.eval()(torch.from_numpy(image.copy())[None].permute(0, 3, 1, 2).float())[0]
    return scores.argmax(0).to(torch.uint8).numpy(), scores.numpy()


def samples(data: SegmentationFolder, count: int, policy: Input) -> list[Pixels]:
    """`count` images spread evenly over the data set, as the service gives them to the network."""
    photos = (data.read(index)[0] for index in evenly(len(data), count))
    return [as_served(photo, policy) for photo in photos]


def as_served(photo: Image.Image, policy: Input) -> Pixels:
    """An RGB photo as the service gives it to the network."""
    return fitted(photo, policy, photo.size)[0]


def evenly(length: int, count: int) -> range:
    """Up to `count` of `length` places, spread evenly over them."""
    return range(0, length, max(1, length // count))[:count]


def spread(length: int, count: int, track: Track) -> Iterator[int]:
    """The places of `evenly`, tracked."""
    places = evenly(length, count)
    return (places[index] for index in track(len(places)))


def write(data: bytes, path: Path) -> None:
    """Write whole or not at all, so that a service watching the folder never sees half a model."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(data)
    partial.replace(path)
