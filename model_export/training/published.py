"""The float weights of a trained network, published in half precision: a start for networks with other classes."""

from pathlib import Path

import msgspec
import safetensors
import safetensors.torch

from model_export.errors import CheckpointError
from model_export.networks import Architecture, SegmentationNetwork
from model_export.training import checkpoint
from model_export.training.checkpoint import Trained
from service.segmentation.modelfile.classes import ClassList

FOLDER = Path(__file__).parents[1] / "weights"


class Origin(msgspec.Struct, frozen=True):
    """The network that the weights are of, in the file's metadata."""

    backbone: str
    stride: int
    classes: ClassList
    architecture: Architecture = "fcn"


def publish(trained: Trained, path: Path) -> None:
    """Write the weights as float16; integers (the norms' counters) are left out, as inference does not need them.

    Raises CheckpointError where a value exceeds float16.
    """
    state = trained.network.state_dict()
    halves = {name: value.half().contiguous() for name, value in state.items() if value.is_floating_point()}
    for name, value in halves.items():
        if not value.isfinite().all():
            raise CheckpointError(f"{name} has values that float16 cannot hold.")
    origin = _origin(trained)
    path.parent.mkdir(parents=True, exist_ok=True)
    safetensors.torch.save_file(halves, path, {"origin": msgspec.json.encode(origin).decode()})


def locate(name: str) -> Path:
    """The file of a shipped model's weights, or `name` itself where it is a path. Raises CheckpointError."""
    shipped = FOLDER / f"{name}.safetensors"
    path = shipped if shipped.exists() else Path(name)
    if path.exists():
        return path
    if not FOLDER.exists():
        raise CheckpointError(
            f"There is no file {name}, and the published weights are not part of the installed package: "
            "run the command in a checkout of the repository, or give the path of a weights file."
        )
    known = ", ".join(sorted(file.stem for file in FOLDER.glob("*.safetensors")))
    raise CheckpointError(f"There are no weights called {name}; give the path of a file, or one of: {known}.")


def origin(path: Path) -> Origin:
    """The network that a published file, or the best.pt of a run, is of. Raises CheckpointError."""
    if path.suffix == ".pt":
        return _origin(checkpoint.load(path))
    try:
        with safetensors.safe_open(path, "pt") as file:
            return msgspec.json.decode(file.metadata()["origin"], type=Origin)
    except Exception as error:  # safetensors and a missing key raise their own kinds
        raise CheckpointError(f"{path} does not hold weights that were published here: {error}") from error


def _origin(trained: Trained) -> Origin:
    chosen = trained.options
    return Origin(chosen.backbone, chosen.stride, trained.classes, chosen.architecture)


def initialise(network: SegmentationNetwork, path: Path, classes: ClassList) -> set[str]:
    """Load the weights: all of them where the classes are the same, else the backbone's. Returns their names.

    Raises CheckpointError where they are another backbone's.
    """
    source, own = origin(path), network.state_dict()
    weights = checkpoint.read(path)["network"] if path.suffix == ".pt" else safetensors.torch.load_file(path)
    same = source.classes.names == classes.names
    taken = {
        name: value.float()
        for name, value in weights.items()
        if value.is_floating_point()
        and name in own
        and own[name].shape == value.shape
        and (same or name.startswith("backbone."))
    }
    needed = {name for name, value in own.items() if name.startswith("backbone.") and value.is_floating_point()}
    if not needed <= set(taken):
        raise CheckpointError(f"{path} is of another backbone: use --backbone {source.backbone}.")
    network.load_state_dict(taken, strict=False)
    return set(taken)
