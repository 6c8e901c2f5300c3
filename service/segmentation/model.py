"""One .onnx file -> Model: sealed, its contract read, its graph checked against it, its golden answer given again."""

import hashlib
from pathlib import Path

import msgspec
import numpy as np
import onnxruntime

from service.segmentation import seal
from service.segmentation.contract import METADATA_KEY, Contract, Labels, Pixels, Scores, pattern
from service.segmentation.errors import (
    ContractBroken,
    InferenceFailed,
    ModelError,
    ModelUnreadable,
    SelfTestFailed,
)

# Arithmetic differs a little between processors, so a few pixels at the seams of classes may too.
GOLDEN_AGREEMENT = 0.98


class Model:
    """A model ready to run. `contract` is what it says of itself; `digest` is what `sha256sum` prints of its file."""

    def __init__(self, data: bytes, threads: int) -> None:
        """Load the bytes of a model file; `threads` is how many cores one run may use.

        Raises ModelError: its subclasses name what is wrong.
        """
        seal.check(data)
        self.digest = hashlib.sha256(data).hexdigest()
        self._session = open_session(data, threads)
        self.contract = read_contract(self._session)
        self.has_scores = check_graph(self._session)
        self._self_test()

    @classmethod
    def load(cls, path: Path, threads: int) -> "Model":
        """Load a file. Raises ModelError with the file's name in its sentence."""
        try:
            return cls(path.read_bytes(), threads)
        except OSError as error:
            raise ModelUnreadable(f"{path}: it cannot be read: {error.strerror}.") from error
        except ModelError as error:
            raise type(error)(f"{path}: {error}") from error

    def run(self, image: Pixels, scores: bool = False) -> tuple[Labels, Scores | None]:
        """Labels of one RGB image [H, W, 3], H and W multiples of the stride; scores where asked for and there.

        Raises InferenceFailed.
        """
        outputs = ["labels", "scores"] if scores and self.has_scores else ["labels"]
        try:
            results = self._session.run(outputs, {"image": image[np.newaxis]})
        except Exception as error:  # onnxruntime's exceptions share no base of their own
            raise InferenceFailed("The model failed on this image; try again or send a smaller one.") from error
        labels: Labels = results[0][0]
        return labels, unfolded(results[1][0], labels.shape) if len(results) > 1 else None

    def _self_test(self) -> None:
        golden = self.contract.golden
        try:
            expected = golden.expected()
        except ValueError as error:
            raise ContractBroken(f"{error}.") from error
        try:
            labels, scores = self.run(pattern(golden.width, golden.height), scores=True)
        except InferenceFailed as error:
            raise SelfTestFailed(f"it fails on the self-test's image: {error.__cause__}") from error
        except ValueError as error:
            raise ContractBroken(f"its scores do not fit its labels: {error}.") from error
        classes = len(self.contract.labels.classes)
        if labels.shape != expected.shape:
            raise ContractBroken(f"it gives labels of shape {labels.shape} for an image of {expected.shape}.")
        if labels.max() >= classes or (scores is not None and len(scores) != classes):
            raise ContractBroken(f"it tells more or fewer classes apart than the {classes} it names.")
        if scores is not None and not np.isfinite(scores).all():
            raise SelfTestFailed("it gives scores that are not numbers (NaN or infinity).")
        agreement = float((labels == expected).mean())
        if agreement < GOLDEN_AGREEMENT:
            raise SelfTestFailed(f"it gives the recorded label at {agreement:.1%} of the self-test's pixels only.")


def unfolded(cells: Scores, shape: tuple[int, int]) -> Scores:
    """Scores [classes * f * f, H / f, W / f] as planes [classes, H, W], H and W being `shape`."""
    height, width = shape
    factor = height // cells.shape[1]
    planes = cells.reshape(-1, factor, factor, *cells.shape[1:]).transpose(0, 3, 1, 4, 2)
    return planes.reshape(-1, height, width)


def open_session(data: bytes, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors; they reach the caller as exceptions
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions share no base of their own
        raise ModelUnreadable(f"onnxruntime cannot load it: {error}") from error


def read_contract(session: onnxruntime.InferenceSession) -> Contract:
    document = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    if document is None:
        raise ContractBroken(f"its metadata lack {METADATA_KEY!r}; export it with `python -m model_export export`.")
    try:
        return msgspec.json.decode(document, type=Contract)
    except msgspec.DecodeError as error:
        raise ContractBroken(f"its metadata are not understood: {error}.") from error


def check_graph(session: onnxruntime.InferenceSession) -> bool:
    """Whether the graph gives scores; raises ContractBroken where inputs or outputs are not the contract's."""
    inputs = {i.name: (i.type, len(i.shape), i.shape[-1]) for i in session.get_inputs()}
    if inputs != {"image": ("tensor(uint8)", 4, 3)}:
        raise ContractBroken(f"its input must be `image`, uint8 [N, H, W, 3], not {inputs}.")
    outputs = {o.name: (o.type, len(o.shape)) for o in session.get_outputs()}
    if outputs.get("labels") != ("tensor(uint8)", 3):
        raise ContractBroken(f"its output must be `labels`, uint8 [N, H, W], not {outputs}.")
    if outputs.get("scores", ("tensor(float)", 4)) != ("tensor(float)", 4):
        raise ContractBroken("its output `scores` must be float32, with four dimensions.")
    return "scores" in outputs
