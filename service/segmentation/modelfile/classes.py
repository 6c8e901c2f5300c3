"""The classes of a model: read from a data set's classes.json, stored in the model file."""

from typing import Annotated

import msgspec

Color = Annotated[str, msgspec.Meta(pattern=r"^#[0-9a-fA-F]{6}\Z")]


class Class(msgspec.Struct, frozen=True):
    """One class: its id (the value in labels and masks), its name, and its colour as #rrggbb."""

    id: Annotated[int, msgspec.Meta(ge=0, le=254)]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    color: Color

    @property
    def rgb(self) -> tuple[int, int, int]:
        """Red, green, blue in 0..255."""
        return rgb(self.color)


def rgb(color: Color) -> tuple[int, int, int]:
    """Red, green, blue in 0..255 of #rrggbb."""
    red, green, blue = bytes.fromhex(color[1:])
    return red, green, blue


class ClassList(msgspec.Struct, frozen=True):
    """Classes in id order, and the id, if any, of unlabelled pixels (void)."""

    classes: Annotated[tuple[Class, ...], msgspec.Meta(min_length=1)]
    ignored: Annotated[int, msgspec.Meta(ge=0, le=255)] | None = None

    def __post_init__(self) -> None:
        if [c.id for c in self.classes] != list(range(len(self.classes))):
            raise ValueError("class ids must be 0, 1, 2, ... in this order")
        if len({c.name for c in self.classes}) != len(self.classes):
            raise ValueError("class names must differ")
        if len({c.rgb for c in self.classes}) != len(self.classes):
            raise ValueError("class colours must differ")
        if self.ignored is not None and self.ignored < len(self.classes):
            raise ValueError(f"the ignored id {self.ignored} is a class's id too")

    @property
    def names(self) -> list[str]:
        return [c.name for c in self.classes]
