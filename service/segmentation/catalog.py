"""A folder of model files -> the served models, by name. A changed file replaces its model between two requests."""

import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from service.segmentation.errors import (
    ContractBroken,
    InferenceFailed,
    ModelError,
    ModelUnreadable,
    OutOfMemory,
    SegmentationError,
    SelfTestFailed,
    UnknownModel,
)
from service.segmentation.files import Stamp, digest, stamp_of
from service.segmentation.inputs import clinical
from service.segmentation.runtime.batching import Batcher
from service.segmentation.runtime.model import Model
from service.segmentation.runtime.session import one_line
from service.segmentation.runtime.turns import Turns
from service.segmentation.segmenter import Segmenter

EMBEDDED = Path(__file__).parents[1] / "models"
"""The folder of the models that come with the service."""

USUAL = "street"
"""The model that is the default where it is among those that are served."""

log = logging.getLogger("fcn_serve.models")


@dataclass(frozen=True)
class Engine:
    """How networks run: on how many cores and which providers, how many images form a batch, and how long the first of
    them waits for others."""

    threads: int
    providers: Sequence[str] = ("cpu",)
    batch: int = 1
    batch_wait_s: float = 0.0

    @property
    def crowds(self) -> bool:
        """Whether in a crowd each image gets one core; accelerators take one image, or batch, after the other."""
        return tuple(self.providers) == ("cpu",) and self.batch == 1 and self.threads > 1

    def segmenter(self, model: Model, turns: Turns) -> Segmenter:
        if self.batch > 1:
            return Segmenter(model, Batcher(model, turns, self.batch, self.batch_wait_s).run)
        return Segmenter(model, turns.taking(model.run, model.run_on_one_core))


class Catalog:
    """Segmenters by model name, in name order, and the name of the default one.

    `refused` has the error of each file that is not served, by the file's name without `.onnx`. Safe to use from
    several threads: `segmenters` and `refused` are replaced as a whole.
    """

    def __init__(self, path: Path, default: str | None, engine: Engine) -> None:
        """Load one model file, or every `.onnx` file of a folder; `default` is by default USUAL, or else the first by
        name, models for scans last.

        An invalid file is logged and left out. Raises its ModelError if it is, or may be, the default's; UnknownModel
        if `default` is not among the models; ProviderMissing.
        """
        self._path, self._engine = path, engine
        self._turns = Turns(engine.threads if engine.crowds else 1)  # one for all models: they share the cores
        self._changing = Lock()
        self._files: dict[str, Path] = {}
        self._taken: dict[Path, Stamp] = {}
        self.segmenters: dict[str, Segmenter] = {}
        self.refused: dict[str, ModelError] = {}
        self._last = self._stamps()
        if not self._last:
            raise ModelUnreadable(f"{path} is neither an .onnx file nor a folder that holds one.")
        for file in self._last:
            with suppress(ModelError):
                self._serve(file)
        photos = [name for name, served in self.segmenters.items() if not served.model.contract.for_scans]
        offered = [*(photos or self.segmenters), *self.refused]
        self.default = default or (USUAL if USUAL in offered else min(offered))
        if self.default not in self.segmenters:
            known = ", ".join(self.segmenters)
            missing = UnknownModel(f"The default model {default!r} is not in {path}, which has: {known}.")
            raise self.refused.get(self.default, missing)
        for error in self.refused.values():
            log.error("not served: %s", error)

    def get(self, name: str | None) -> Segmenter:
        """The segmenter called `name`, or the default one. Raises UnknownModel."""
        wanted, segmenters = self.default if name is None else name, self.segmenters
        if wanted not in segmenters:
            known = ", ".join(segmenters)
            raise UnknownModel(f"There is no model {wanted[:100]!r}; these are served: {known}.")
        return segmenters[wanted]

    def for_scans(self, name: str | None) -> Segmenter:
        """The segmenter called `name`, or the first for scans. Raises UnknownModel."""
        if name is None and not self._scans:
            raise UnknownModel("No model for scans is served; its operator can put one into the folder of the models.")
        return self.get(name) if name is not None else self._scans[0]

    @property
    def has_scans(self) -> bool:
        """Whether a model for scans is served."""
        return bool(self._scans)

    @property
    def _scans(self) -> list[Segmenter]:
        return [served for served in self.segmenters.values() if served.model.contract.for_scans]

    def reasons(self) -> dict[str, str]:
        """Why files are not served, by their names without `.onnx`, in sentences that do not name the folder."""
        folder = self._path if self._path.is_dir() else self._path.parent
        return {stem: str(error).replace(f"{folder}{os.sep}", "") for stem, error in self.refused.items()}

    def reload(self, name: str) -> Segmenter:
        """Load the model's file again. Raises UnknownModel, and ModelError; the old model then stays."""
        with self._changing:
            served = self.get(name)
            file = self._files[name]
            if digest(file) != served.model.digest:
                self._serve(file)
            return self.get(name)

    def look(self) -> None:
        """Load every new or changed file. If it is invalid, the error is logged and the old model stays.

        A file that also changed since the last look may still be being written, and waits for the next look. The model
        of a removed file is served until the service stops.
        """
        with self._changing:
            stamps = self._stamps()
            for file, stamp in stamps.items():
                if stamp != self._taken.get(file) and stamp == self._last.get(file):
                    self._look_at(file)
            self._last = stamps

    def _look_at(self, file: Path) -> None:
        try:
            segmenter = self._serve(file)
        except SegmentationError as error:
            log.error("not served: %s", error)  # noqa: TRY400  # the sentence says it
        except Exception:
            log.exception("not served: %s", file)
        else:
            contract = segmenter.model.contract
            log.info("now served: %s, version %s, from %s", contract.name, contract.version, file)

    def _serve(self, file: Path) -> Segmenter:
        """Load a file, and replace the model that came from it before. Raises ModelError, ProviderMissing."""
        try:
            segmenter = self._loaded(file)
        except ModelError as error:
            self.refused = self.refused | {file.stem: error}
            raise
        name = segmenter.model.contract.name
        self._files[name] = file
        self.segmenters = dict(sorted((self.segmenters | {name: segmenter}).items()))
        self.refused = {stem: error for stem, error in self.refused.items() if stem != file.stem}
        return segmenter

    def _loaded(self, file: Path) -> Segmenter:
        self._taken[file] = stamp_of(file)
        model = Model.load(file, self._engine.threads, self._engine.providers, self._engine.crowds)
        name = model.contract.name
        before = next((name for name, its_file in self._files.items() if its_file == file), name)
        if before != name:
            raise ContractBroken(f"{file}: its model was called {before!r} and is {name!r} now; restart the service.")
        if self._files.get(name, file) != file:
            raise ContractBroken(f"{file}: another file's model is called {name!r} too; rename one, or remove it.")
        segmenter = self._engine.segmenter(model, self._turns)
        if model.contract.for_scans:
            clinical.load()
        try:
            segmenter.warm_up()
        except (InferenceFailed, OutOfMemory) as error:
            raise SelfTestFailed(
                f"{file}: it fails on an image of its native size: {one_line(error.__cause__)}"
            ) from error
        return segmenter

    def _stamps(self) -> dict[Path, Stamp]:
        return {file: stamp_of(file) for file in model_files(self._path)}


def model_files(path: Path) -> list[Path]:
    """The model file at `path`, or those in a folder, by name."""
    # Not .*: macOS puts a file `._street.onnx` beside each that it copies to another file system.
    return [path] if path.is_file() else sorted(path.glob("[!.]*.onnx"))
