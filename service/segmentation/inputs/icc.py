"""ICC profiles (ICC.1:2022) of three primaries and their curves, or of a grey curve: what their samples mean.

Profiles of tables (printers, CMYK) are not read. The work is bounded whatever a profile says: a few hundred samples of
three curves, where a colour engine would follow every table.
"""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_BYTES = 2**18
"""Of a profile; those of primaries and curves have 0.5 to 20 kB."""
_MOST_TAGS = 100

_SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
"""The primaries of sRGB as the columns of XYZ, adapted to D50 as in a profile (IEC 61966-2-1)."""

_PARAMETERS = {0: "g", 1: "gab", 2: "gabc", 3: "gabcd", 4: "gabcdef"}
"""Of each type of parametric curve, in their order in the file."""


@dataclass(frozen=True)
class Profile:
    """curves: light, 0..1, of each of the 256 values of red, green and blue, [3, 256].

    matrix: light of these primaries to light of sRGB's, [3, 3]; white stays white.
    """

    curves: Floats
    matrix: Floats


def parse(data: bytes, *, grey: bool) -> Profile | None:
    """The profile of a grey image or a colour one; None where it is of another kind, or damaged."""
    try:
        tags = _tags(data)
        if grey:
            profile = Profile(np.stack([_curve(tags[b"kTRC"])] * 3), np.eye(3))
        else:
            curves = np.stack([_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")])
            primaries = np.stack([_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")], axis=1)
            matrix = np.linalg.solve(_SRGB, primaries)
            white = matrix.sum(axis=1, keepdims=True)
            if white.min() <= 0:
                return None
            profile = Profile(curves, matrix / white)
    except (KeyError, ValueError, struct.error):
        return None
    return profile if np.isfinite(profile.curves).all() and np.isfinite(profile.matrix).all() else None


def _tags(data: bytes) -> dict[bytes, bytes]:
    """The data of each tag. Raises struct.error."""
    (count,) = struct.unpack_from(">I", data, 128)
    entries = (struct.unpack_from(">4sII", data, 132 + 12 * number) for number in range(min(count, _MOST_TAGS)))
    return {name: data[start : start + size] for name, start, size in entries}


def _xyz(tag: bytes) -> Floats:
    return np.array(struct.unpack_from(">3i", tag, 8)) / 65536


def _curve(tag: bytes) -> Floats:
    """The light, 0..1, of the values 0..255. Raises ValueError and struct.error."""
    values = np.arange(256) / 255
    if tag.startswith(b"curv"):
        (count,) = struct.unpack_from(">I", tag, 8)
        table = np.frombuffer(tag, ">u2", count, 12).astype(float)
        if count == 0:
            return values
        if count == 1:
            return values ** float(table[0] / 256)
        return np.asarray(np.interp(values, np.linspace(0, 1, count), table / 65535))
    if not tag.startswith(b"para"):
        raise ValueError("not a curve")
    names = _PARAMETERS.get(struct.unpack_from(">H", tag, 8)[0])
    if names is None:
        raise ValueError("not a curve of the standard")
    given = dict(zip(names, (value / 65536 for value in struct.unpack_from(f">{len(names)}i", tag, 12)), strict=True))
    return _parametric(values, names, given)


def _parametric(values: Floats, names: str, given: dict[str, float]) -> Floats:
    """(a x + b)^g + e from d on, and c x + f below it; types 1 and 2 have one constant, c, for e and f."""
    g, a, b, c = (given.get(name, default) for name, default in (("g", 1), ("a", 1), ("b", 0), ("c", 0)))
    if names in {"gab", "gabc"}:
        start, slope, shift, below = (-b / a if a else 0), 0.0, c, c
    else:
        start, slope, shift, below = given.get("d", 0.0), c, given.get("e", 0.0), given.get("f", 0.0)
    with np.errstate(all="ignore"):
        above = np.maximum(a * values + b, 0) ** g + shift
    return np.clip(np.where(values >= start, above, slope * values + below), 0, 1)
