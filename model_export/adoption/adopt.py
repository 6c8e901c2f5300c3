"""A foreign network -> a model file, written only where it labels photos as the network itself does."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
import numpy as np
import onnx
from onnx import numpy_helper
from PIL import Image

from model_export.adoption.classes import BACKGROUND, with_background
from model_export.adoption.foreign import Foreign, before_enlargement
from model_export.adoption.graph import adopted
from model_export.adoption.head import Head
from model_export.adoption.original import Original
from model_export.adoption.preprocessing import Preprocessing
from model_export.errors import AdoptionError, ParityError
from model_export.onnx import golden, parity
from model_export.onnx.export import MAX_DISAGREEING_PPM, Card, as_served, packed, without_traces
from service.segmentation.inputs.raster import Size
from service.segmentation.modelfile.classes import ClassList
from service.segmentation.modelfile.contract import Contract, Golden, Input, Network, Parity, Pixels, Training
from service.segmentation.runtime.model import Model


@dataclass(frozen=True, eq=False)
class Adoption:
    """A foreign network, what goes before it, and what its classes are: those of its scores, and `background` before
    them where there is a `threshold`. `size` (width, height) is that of its photos, sides multiples of `stride`."""

    foreign: Foreign
    preprocessing: Preprocessing
    classes: ClassList
    size: Size
    stride: int = 32
    threshold: float | None = None
    architecture: str = "foreign"

    @property
    def policy(self) -> Input:
        """How photos are brought to the network."""
        width, height = self.size
        fixed = self.foreign.size is not None
        stride = 1 if fixed else self.stride
        return Input(width, height, stride, self.preprocessing.padding, fixed=fixed)

    def photo(self, image: Image.Image) -> Pixels:
        """An RGB photo as the network sees it in service."""
        return as_served(image, self.policy)


def prepare(
    foreign: Foreign,
    preprocessing: Preprocessing,
    classes: ClassList,
    native: Size | None,
    stride: int,
    threshold: float | None,
    architecture: str,
) -> Adoption:
    """What is known of a network, put together: the size is its own, else `native`, else that of the preprocessing.

    Where there is a `threshold`, a class `background` is added before the others, unless the first is called so. Raises
    AdoptionError where no size is known, or another than the network's is wanted.
    """
    size = foreign.size or native or preprocessing.size
    if size is None:
        raise AdoptionError("It takes images of any size: state the size of the photos it was trained on by --native.")
    if foreign.size is not None and native not in (None, foreign.size):
        raise AdoptionError("It takes images of {}x{} alone: leave --native out.".format(*foreign.size))
    if threshold is not None and classes.names[0] != BACKGROUND:
        classes = with_background(classes)
    return Adoption(foreign, preprocessing, classes, size, stride, threshold, architecture)


def adopt(adoption: Adoption, card: Card, photos: Iterable[Image.Image]) -> bytes:
    """The float model file. Its parity with the network itself is measured on `photos`.

    Raises AdoptionError where the network is not understood, ParityError where the file labels otherwise.
    """
    original = Original(adoption.foreign, adoption.preprocessing)
    images = [adoption.photo(photo) for photo in photos]
    scored = len(adoption.classes.classes) - (adoption.threshold is not None)
    head = original.head(images[0], scored, adoption.threshold)
    if adoption.foreign.size is None:
        turned = original.head(images[0].transpose(1, 0, 2), scored, adoption.threshold)
        if turned != head:
            raise AdoptionError("Its output has another stride for an upright photo: export it with a fixed size.")
    served, coarse = trimmed(adoption, head, images[0], scored)
    graph = without_traces(adopted(served, adoption.preprocessing, coarse, scored))
    contract = describe(adoption, card, coarse, golden_of(adoption, card, original, head))
    data = packed(graph, contract)
    measured = parity.measure(lambda image: original.answer(image, head), parity.by_onnxruntime(data), images)
    require(measured)
    content = packed(graph, msgspec.structs.replace(contract, parity=measured))
    Model(content, threads=0)  # what is written has passed the service's own checks
    return content


def trimmed(adoption: Adoption, head: Head, image: Pixels, scored: int) -> tuple[Foreign, Head]:
    """The network without the enlargement at its end, and its head, where the graph can enlarge by whole cells."""
    inner = None if head.labels or head.stride != 1 else before_enlargement(adoption.foreign)
    if inner is None:
        return adoption.foreign, head
    coarse = Original(inner, adoption.preprocessing).head(image, scored, adoption.threshold)
    return (adoption.foreign, head) if coarse.stride is None else (inner, coarse)


def golden_of(adoption: Adoption, card: Card, original: Original, head: Head) -> Golden:
    """The network's own answer to the card's picture."""
    policy = adoption.policy
    size = (policy.width, policy.height) if policy.fixed else None
    picture = golden.prepared(card.picture or golden.drawn(), grey=False, size=size)
    return golden.of_torch(picture, *original.answer(picture, head))


def require(measured: Parity) -> None:
    """Raises ParityError where the file differs by more than rounding."""
    if not (np.isfinite(measured.max_score_difference) and measured.disagreeing_ppm <= MAX_DISAGREEING_PPM):
        raise ParityError(
            f"not written: the model file differs from the network in {measured.disagreeing_ppm:.1f} ppm of labels "
            f"(at most {MAX_DISAGREEING_PPM:g}) and by up to {measured.max_score_difference:.2g} in score; export it "
            f"as float32, or without the enlargement of its scores."
        )


def describe(adoption: Adoption, card: Card, head: Head, answer: Golden) -> Contract:
    """The contract of the float file, without its parity."""
    preprocessing = adoption.preprocessing
    said = {
        "mean": preprocessing.mean,
        "std": preprocessing.std,
        "scale": preprocessing.scale,
        "order": preprocessing.order,
        "threshold": head.threshold,
    }
    weights = [numpy_helper.to_array(tensor) for tensor in adoption.foreign.model.graph.initializer]
    training = Training(card.data, card.licence, said, 0, fingerprint(adoption.foreign.model))
    network = Network("", head.stride or 1, sum(w.size for w in weights), None, adoption.architecture)
    return card.draft(adoption.classes, adoption.policy, training, answer, network)


def fingerprint(model: onnx.ModelProto) -> str:
    """The sha256 of the weights in a graph, in its order."""
    digest = hashlib.sha256()
    for tensor in model.graph.initializer:
        digest.update(numpy_helper.to_array(tensor).tobytes())
    return digest.hexdigest()
