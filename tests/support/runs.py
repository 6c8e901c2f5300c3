"""A training run of seconds."""

from pathlib import Path

from model_export.training.checkpoint import Config


def quick(data: Path) -> Config:
    """Four epochs of three steps of the tiny network on pictures of 64x64, twelve of them."""
    return Config(
        data=str(data),
        backbone="tiny",
        stride=8,
        weights=None,
        init=None,
        epochs=4,
        batch=4,
        crop_width=64,
        crop_height=64,
        smallest=0.75,
        largest=2.0,
        scale=1.0,
        rate=1e-2,
        backbone_rate=1e-2,
        decay=0.03,
        average=0.9,
        freeze=True,
        fixed=False,
        deep=0.3,
        lovasz=1.0,
        teacher=None,
        distil=1.0,
        hold_out=None,
        seed=7,
    )
