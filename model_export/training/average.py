"""The average of two networks of which one was trained on from the other.

Wortsman et al.: Robust fine-tuning of zero-shot models, CVPR 2022: it keeps what the first one knew of other data, and
most of what the second one learned.
"""

from dataclasses import replace

from model_export.errors import CheckpointError
from model_export.training.checkpoint import NOTHING_MEASURED, Trained


def average(first: Trained, second: Trained, share: float) -> Trained:
    """`second`, its weights mixed with those of `first`; `share`, 0..1, is the part of `second`. Nothing is measured.

    Raises CheckpointError where they are networks of another kind.
    """
    kinds = {
        (one.options.architecture, one.options.backbone, one.options.stride, one.classes) for one in (first, second)
    }
    if len(kinds) > 1:
        raise CheckpointError(
            "Only networks of one architecture, one backbone, one stride and the same classes can be averaged."
        )
    own, others = second.network.state_dict(), first.network.state_dict()
    mixed = {
        name: others[name].lerp(value, share) if value.is_floating_point() else value for name, value in own.items()
    }
    second.network.load_state_dict(mixed)
    return replace(second, metrics=NOTHING_MEASURED)
