"""A training run of seconds."""

from pathlib import Path

from model_export.training.options import Options


def quick(data: Path) -> Options:
    """Four epochs of three steps of the tiny network on pictures of 64x64, twelve of them."""
    return Options(
        data=str(data),
        backbone="tiny",
        epochs=4,
        batch_size=4,
        crop=(64, 64),
        learning_rate=1e-2,
        ema_decay=0.9,
        lovasz_weight=1.0,
        seed=7,
    )
