"""One .onnx file -> Model: its seal, contract and graph are checked, and its golden answer is reproduced."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from service.segmentation.errors import (
    ContractBroken,
    InferenceFailed,
    ModelError,
    ModelUnreadable,
    OutOfMemory,
    SelfTestFailed,
)
from service.segmentation.modelfile import golden, reader, seal
from service.segmentation.modelfile.contract import METADATA_KEY, Contract, Labels, Pixels, Scale
from service.segmentation.runtime.call import Call
from service.segmentation.runtime.cells import Cells
from service.segmentation.runtime.session import one_line, open_session

NO_MEMORY = ("Failed to allocate memory", "bad_alloc")
"""What onnxruntime (1.32) says where it gets no memory: its exception is the one for every failure."""

Output = tuple[Labels, Cells | None]
"""Labels, and scores where they were asked for."""

Run = Callable[[Pixels, bool, Call | None], Output]
"""An image, whether scores are asked for, and by whom -> its labels, and scores."""


class Model:
    """A model ready to run. `contract` is what it says of itself; `digest` is what `sha256sum` prints of its file."""

    def __init__(self, data: bytes, threads: int, providers: Sequence[str] = ("cpu",), crowds: bool = False) -> None:
        """Load the bytes of a model file; `threads` is how many cores one run may use, 0 for all. With `crowds` it can
        `run_on_one_core` too.

        Raises ModelError: its subclasses name what is wrong. Raises ProviderMissing.
        """
        seal.check(data)
        self.digest = hashlib.sha256(data).hexdigest()
        self._session = open_session(data, threads, providers)
        self._narrow = open_session(data, 1, providers) if crowds else self._session
        self.contract = read_contract(self._session)
        self.has_scores = check_graph(self._session, self.contract.scale)
        self._one_at_a_time = self._session.get_inputs()[0].shape[0] == 1
        for session in {self._session, self._narrow}:
            self._self_test(session)

    @classmethod
    def load(cls, path: Path, threads: int, providers: Sequence[str] = ("cpu",), crowds: bool = False) -> "Model":
        """Load a file. Raises ModelError with the file's name in its sentence."""
        try:
            return cls(path.read_bytes(), threads, providers, crowds)
        except OSError as error:
            raise ModelUnreadable(f"{path}: it cannot be read: {error.strerror}.") from error
        except ModelError as error:
            raise type(error)(f"{path}: {error}") from error

    def run(self, image: Pixels, scores: bool = False, call: Call | None = None) -> Output:
        """Labels of one RGB image [H, W, 3], H and W multiples of the stride; scores where asked for and there.

        Raises InferenceFailed and OutOfMemory; TooLate and Abandoned by the call.
        """
        return self._run(self._session, image, scores, call or Call())

    def run_on_one_core(self, image: Pixels, scores: bool = False, call: Call | None = None) -> Output:
        """As `run`, and with the same answer, for when other images have the other cores."""
        return self._run(self._narrow, image, scores, call or Call())

    def run_batch(self, images: Sequence[Pixels], scores: bool = False) -> list[Output]:
        """`run` of several images of one shape, at once if the network can. Raises InferenceFailed and OutOfMemory."""
        if self._one_at_a_time:
            return [answer for image in images for answer in self._answers(self._session, [image], scores)]
        return self._answers(self._session, images, scores)

    def _run(self, session: onnxruntime.InferenceSession, image: Pixels, scores: bool, call: Call) -> Output:
        call.check()
        try:
            with call.timings.stage("network"):
                (answer,) = self._answers(session, [image], scores, call)
        except InferenceFailed:
            call.check()  # it may have been told to stop
            raise
        return answer

    def _answers(
        self, session: onnxruntime.InferenceSession, images: Sequence[Pixels], scores: bool, call: Call | None = None
    ) -> list[Output]:
        outputs = ["labels", "scores"] if scores and self.has_scores else ["labels"]
        try:
            batch = images[0][np.newaxis] if len(images) == 1 else np.stack(images)
            labels, *scored = session.run(outputs, {"image": batch}, call and call.options)
        except Exception as error:  # onnxruntime's exceptions share no base of their own
            if isinstance(error, MemoryError) or any(sign in str(error) for sign in NO_MEMORY):
                raise OutOfMemory from error
            raise InferenceFailed("The model failed on this image; the service's log has the cause.") from error
        shape, scale = labels.shape[1:], self.contract.scale
        cells = [Cells(one, shape, scale) for one in scored[0]] if scored else [None] * len(images)
        return list(zip(labels, cells, strict=True))

    def _self_test(self, session: onnxruntime.InferenceSession) -> None:
        try:
            picture = golden.picture(self.contract.golden)
        except ValueError as error:
            raise ContractBroken(f"{error}.") from error
        try:
            ((labels, cells),) = self._answers(session, [picture], scores=True)
            scores = None if cells is None else cells.logits()
        except (InferenceFailed, OutOfMemory) as error:
            raise SelfTestFailed(f"it fails on the golden picture: {one_line(error.__cause__)}") from error
        except ValueError as error:
            raise ContractBroken(f"its scores do not fit its labels: {error}.") from error
        classes = len(self.contract.labels.classes)
        if labels.shape != picture.shape[:2]:
            raise ContractBroken(f"it gives labels of shape {labels.shape} for an image of {picture.shape[:2]}.")
        if labels.max() >= classes or (scores is not None and len(scores) != classes):
            raise ContractBroken(f"it does not have the {classes} classes that it names.")
        if scores is not None and not np.isfinite(scores).all():
            raise SelfTestFailed("it gives scores that are not numbers (NaN or infinity).")
        try:
            golden.check(self.contract.golden, labels, scores)
        except ValueError as error:
            raise ContractBroken(f"{error}.") from error


def read_contract(session: onnxruntime.InferenceSession) -> Contract:
    document = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    if document is None:
        raise ContractBroken(f"its metadata lack {METADATA_KEY!r}; export it with `python -m model_export export`.")
    return reader.read(document)


def check_graph(session: onnxruntime.InferenceSession, scale: Scale | None) -> bool:
    """Whether the graph gives scores; raises ContractBroken where inputs or outputs are not the contract's."""
    inputs = {i.name: (i.type, len(i.shape), i.shape[-1]) for i in session.get_inputs()}
    if inputs != {"image": ("tensor(uint8)", 4, 3)}:
        raise ContractBroken(f"its input must be `image`, uint8 [N, H, W, 3], not {inputs}.")
    outputs = {o.name: (o.type, len(o.shape)) for o in session.get_outputs()}
    if outputs.get("labels") != ("tensor(uint8)", 3):
        raise ContractBroken(f"its output must be `labels`, uint8 [N, H, W], not {outputs}.")
    scores, said = ("float", "float32") if scale is None else ("uint8", "uint8, as it says their scale")
    if outputs.get("scores", (f"tensor({scores})", 4)) != (f"tensor({scores})", 4):
        raise ContractBroken(f"its output `scores` must be {said}, with four dimensions.")
    return "scores" in outputs
