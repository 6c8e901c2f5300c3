"""The fields of a model file's document, from `service.segmentation.modelfile.contract`."""

import msgspec

from docsite import schemas
from service.segmentation.modelfile.contract import Contract


def markdown() -> str:
    """A section for the document, then one for each part of it."""
    _, parts = msgspec.json.schema_components((Contract,), ref_template=schemas.AT + "{name}")
    names = sorted(parts, key=lambda name: name != Contract.__name__)
    return "\n\n".join(schemas.section(name, parts[name]) for name in names)
