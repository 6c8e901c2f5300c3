"""The metadata document of a model file -> Contract, also of files of the older format."""

from typing import Any

import msgspec
import numpy as np

from service.segmentation.errors import ContractBroken
from service.segmentation.modelfile import golden
from service.segmentation.modelfile.contract import Contract, Pixels, Side


class Golden1(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The golden answer of format 1: the file's own labels of `pattern(width, height)`, as those of format 2."""

    width: Side
    height: Side
    labels: str


CONTRACT = msgspec.json.Decoder(Contract)
"""Made at import: msgspec 0.22 crashes where two threads use a type for the first time."""


def read(document: str) -> Contract:
    """The document of a model file of format 1 or 2. Raises ContractBroken where it is neither."""
    try:
        content = msgspec.json.decode(document)
        if isinstance(content, dict) and content.get("format") == 1:
            document = msgspec.json.encode(from_format_1(content)).decode()
        return CONTRACT.decode(document)
    except msgspec.DecodeError as error:
        raise ContractBroken(f"its metadata are not understood: {error}.") from error


def from_format_1(content: dict[str, Any]) -> dict[str, Any]:
    """The document in format 2. Raises msgspec.ValidationError."""
    old = msgspec.convert(content.get("golden"), Golden1)
    picture = pattern(old.width, old.height)
    lifted = golden.record(picture, picture[..., 0], picture[..., 0], None, None)
    return content | {
        "format": 2,
        "golden": msgspec.to_builtins(msgspec.structs.replace(lifted, labels=old.labels, agreement=1.0)),
    }


def pattern(width: int, height: int) -> Pixels:
    """The golden picture of format 1: blocks of colour by integer arithmetic alone, the same on every machine."""
    y, x, channel = np.indices((height, width, 3))
    blocks: Pixels = ((x // 8 * 37 + y // 8 * 91 + channel * 61) % 256).astype(np.uint8)
    return blocks
