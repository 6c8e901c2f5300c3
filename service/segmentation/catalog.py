"""A folder of model files -> the models on offer, by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from service.segmentation.batching import Batcher
from service.segmentation.errors import ContractBroken, InferenceFailed, ModelUnreadable, SelfTestFailed, UnknownModel
from service.segmentation.model import Model
from service.segmentation.segmenter import Segmenter
from service.segmentation.turns import Turns

EMBEDDED = Path(__file__).parents[1] / "models"
"""The folder of the models that come with the service."""


@dataclass(frozen=True)
class Engine:
    """How networks are run: on how many cores each (0 for all), how many at once, and where; how many images go
    together, and how long the first of them waits for others."""

    threads: int
    runs: int = 1
    providers: Sequence[str] = ("cpu",)
    batch: int = 1
    batch_wait_s: float = 0.0

    def segmenter(self, model: Model, turns: Turns) -> Segmenter:
        if self.batch > 1:
            return Segmenter(model, Batcher(model, self.batch, self.batch_wait_s).run)
        return Segmenter(model, turns.taking(model.run))


@dataclass(frozen=True)
class Catalog:
    """Segmenters by their models' names, in name order, and the one that serves requests which name none."""

    segmenters: dict[str, Segmenter]
    default: str

    def get(self, name: str | None) -> Segmenter:
        """The segmenter called `name`, or the default one. Raises UnknownModel."""
        try:
            return self.segmenters[self.default if name is None else name]
        except KeyError:
            known = ", ".join(self.segmenters)
            raise UnknownModel(f"There is no model {name!r}; these are served: {known}.") from None


def load(path: Path, default: str | None, engine: Engine) -> Catalog:
    """Load one model file, or every `.onnx` file of a folder; `default` is by default the first by name.

    Raises ModelError: one bad file is enough, so that nobody learns of it from a request. Raises UnknownModel where
    `default` is not among them, and ProviderMissing.
    """
    files = [path] if path.is_file() else sorted(path.glob("*.onnx"))
    if not files:
        raise ModelUnreadable(f"{path} is neither an .onnx file nor a folder that holds one.")
    models: dict[str, Model] = {}
    for file in files:
        model = Model.load(file, engine.threads, engine.providers)
        name = model.contract.name
        if name in models:
            raise ContractBroken(f"{file}: another file's model is called {name!r} too; rename one, or remove it.")
        models[name] = model
    turns = Turns(engine.runs)  # of all models: they share the cores
    segmenters = {name: engine.segmenter(models[name], turns) for name in sorted(models)}
    for name, segmenter in segmenters.items():
        try:
            segmenter.warm_up()
        except InferenceFailed as error:
            raise SelfTestFailed(f"{name} fails on an image of its native size: {error.__cause__}") from error
    if default is not None and default not in segmenters:
        raise UnknownModel(f"The default model {default!r} is not in {path}, which has: {', '.join(segmenters)}.")
    return Catalog(segmenters, default or next(iter(segmenters)))
