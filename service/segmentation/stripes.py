"""A picture in stripes: intermediate results then take the memory of a stripe, not of the picture."""

from collections.abc import Iterator

PIXELS = 2**20
"""Of a stripe: few enough to stay in a processor's cache, many enough that the number of stripes costs nothing."""

Box = tuple[int, int, int, int]
"""Left, top, right and bottom, as Pillow has them."""


def stripes(size: tuple[int, int]) -> Iterator[Box]:
    """The boxes of whole rows, from the top, that make up a picture of `size` (width, height)."""
    width, height = size
    rows = max(1, PIXELS // width)
    for top in range(0, height, rows):
        yield 0, top, width, min(top + rows, height)
