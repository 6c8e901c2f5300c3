"""The table of settings, from `service.serving.settings`."""

from pydantic.fields import FieldInfo

from service.segmentation.catalog import EMBEDDED
from service.serving.settings import Settings


def rows() -> list[tuple[str, str, str]]:
    """Name, default and meaning of every setting, in Markdown; a default that depends on the machine is empty."""
    return [
        (f"SEGMENT_{name.upper()}", default(field), field.description or "")
        for name, field in Settings.model_fields.items()
    ]


def default(field: FieldInfo) -> str:
    value = field.default
    if value == EMBEDDED:
        return "the models that come with it"
    if field.default_factory is not None or value in (None, (), ""):
        return ""
    return f"`{','.join(value) if isinstance(value, tuple) else value}`"


def markdown() -> str:
    head = ["| setting | default | |", "|---|---|---|"]
    return "\n".join(head + [f"| `{name}` | {standard} | {meaning} |" for name, standard, meaning in rows()])
