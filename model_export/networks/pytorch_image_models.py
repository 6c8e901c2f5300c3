"""Any network of PyTorch Image Models (timm) that has features at strides 4, 8, 16 and 32, by its name there."""

from importlib.util import find_spec
from pathlib import Path

from torch import Tensor

from model_export.errors import CheckpointError, OptionError
from model_export.networks.backbone import Backbone, Features

PREFIX = "timm:"
STRIDES = [4, 8, 16, 32]


class PyTorchImageModel(Backbone):
    """`timm.create_model(name, features_only=True)`, normalised as timm says.

    Raises OptionError where timm is not installed or has no such network, or one without these strides.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        if find_spec("timm") is None:
            raise OptionError(f"{PREFIX}{name} takes timm, which is not installed: pip install timm.")
        try:
            import timm  # noqa: PLC0415  # only who asks for it needs it
        except RuntimeError as error:  # of torchvision, where it was built for another torch
            raise OptionError(f"timm cannot be imported: {error}; install the torchvision of this torch.") from error
        self.name = name
        try:
            network = timm.create_model(name, features_only=True, pretrained=False)
        except (RuntimeError, AttributeError) as error:  # timm's words for an unknown name, and for what has no stages
            raise OptionError(f"timm makes no features with {name}: {error}.") from error
        strides = network.feature_info.reduction()
        if not set(STRIDES) <= set(strides):
            raise OptionError(f"{PREFIX}{name} has features at strides {strides}, and 4, 8, 16 and 32 are needed.")
        self.places = [strides.index(stride) for stride in STRIDES]
        channels = network.feature_info.channels()
        x4, x8, x16, x32 = (channels[place] for place in self.places)
        self.channels = (x4, x8, x16, x32)
        self.mean, self.std = network.default_cfg["mean"], network.default_cfg["std"]
        self.network = network

    def forward(self, image: Tensor) -> Features:
        maps = self.network(image)
        x4, x8, x16, x32 = (maps[place] for place in self.places)
        return x4, x8, x16, x32

    def load_pretrained(self, path: Path) -> set[str]:
        """As `Backbone` does, from a file of timm's whole classifier."""
        import timm  # noqa: PLC0415

        try:
            loaded = timm.create_model(
                self.name, features_only=True, pretrained=True, pretrained_cfg_overlay={"file": str(path)}
            )
            self.network.load_state_dict(loaded.state_dict())
        except Exception as error:  # safetensors, pickle, zip, timm and load_state_dict each raise their own kinds
            raise CheckpointError(f"{path} does not hold weights that fit {PREFIX}{self.name}: {error}") from error
        return {name for name, _ in self.named_parameters()}
