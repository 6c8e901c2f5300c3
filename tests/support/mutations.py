"""Valid image files with a few random mutations, reproducible by seed."""

from collections.abc import Callable, Iterator
from random import Random

from PIL import Image

from tests.support.pictures import encoded, oriented, quarters

Wound = Callable[[bytes, bytes, int, int, Random], bytes]
"""A file, another one, where, how long, and chance -> the file with a wound."""

WOUNDS: dict[str, Wound] = {
    "flip": lambda file, _, at, __, chance: file[:at] + bytes([file[at] ^ 1 << chance.randrange(8)]) + file[at + 1 :],
    "delete": lambda file, _, at, size, __: file[:at] + file[at + size :],
    "insert": lambda file, _, at, size, chance: file[:at] + chance.randbytes(size) + file[at:],
    "duplicate": lambda file, _, at, size, __: file[: at + size] + file[at:],
    "splice": lambda file, other, at, _, chance: file[:at] + other[chance.randrange(len(other)) :],
    "ones": lambda file, _, at, size, __: file[:at] + b"\xff" * size + file[at + size :],
    "zeros": lambda file, _, at, size, __: file[:at] + bytes(size) + file[at + size :],
    "truncate": lambda file, _, at, __, ___: file[:at],
}


def valid() -> dict[str, bytes]:
    """A file of every kind that is accepted."""
    picture = quarters()
    transparent = picture.convert("RGBA")
    transparent.putalpha(Image.linear_gradient("L").resize(picture.size))
    return {
        "baseline.jpg": encoded(picture, "JPEG"),
        "progressive.jpg": encoded(picture, "JPEG", progressive=True, restart_marker_rows=1),
        "turned.jpg": oriented(6),
        "colour.png": encoded(picture),
        "alpha.png": encoded(transparent),
        "palette.png": encoded(picture.quantize(8), transparency=1),
        "lossy.webp": encoded(picture, "WEBP"),
        "lossless.webp": encoded(transparent, "WEBP", lossless=True, exif=Image.Exif()),
        "animated.webp": encoded(picture, "WEBP", save_all=True, append_images=[transparent]),
    }


def mutations(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """`count` wounded image files; see `wounded`."""
    return wounded(valid(), count, seed)


def wounded(files: dict[str, bytes], count: int, seed: int, head: int = 64) -> Iterator[tuple[str, bytes]]:
    """`count` wounded files, each with a name that tells how it came about.

    Half of the wounds are in the first `head` bytes, where all the structure is.
    """
    chance = Random(seed)
    names = list(files)
    for number in range(count):
        name = names[number % len(names)]
        file, story = files[name], [str(number), name]
        for _ in range(chance.choice((1, 1, 2, 4))):
            wound, other = chance.choice(list(WOUNDS)), files[chance.choice(names)]
            at = chance.randrange(min(len(file), chance.choice((head, len(file)))))
            file = WOUNDS[wound](file, other, at, chance.choice((1, 2, 4, 30, 300)), chance) or b"\0"
            story.append(f"{wound}@{at}")
        yield " ".join(story), file
