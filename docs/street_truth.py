"""Writes street.pov with every object in the colour of its class, and without light: the truth of street.jpg.

    python docs/street_truth.py docs/street.pov classes.json > truth.pov
    povray +WT1 -D +W640 +H480 -A +Itruth.pov +Otruth.png

classes.json is that of a data set with CamVid's classes.
"""

import json
import re
import sys
from pathlib import Path

LIT = ("sky_sphere", "fog", "radiosity", "light_source", "interior", "normal")
CYCLIST = "union { /* cyclist */"
STARTS = {
    "#macro Flat": "building",
    "plane { y, -0.02": "road",
    "  #for (Z, -10, 150, 0.92)": "pavement",
    "  box { <S*(Kerb - 0.30)": "road",
    "House(-1, Front, 4,": "building",
    "#declare Tree1": "tree",
    "Car(0, -1.05": "car",
    "Walker(-5.15": "pedestrian",
    CYCLIST: "bicyclist",
    "Lamp(4.75, 15.2)": "pole",
    "union { cylinder { <-4.7, 2.65": "sign",
    "SignPost(4.8, 13.2": "pole",
    "box { <4.5, 2.45": "sign",
    "SignPost(-4.75, 34": "pole",
    "box { <-5.15, 2.2, 33.9>": "sign",
    "#for (Z, 8, 32.4, 0.14)": "fence",
    "#for (Z, 7.2, 8.5, 1.2)": "pole",
}
"""What each class begins with; it lasts to the next one."""


def replaced(text: str, word: str, by: str) -> str:
    """The scene with every `word { ... }` replaced."""
    parts, at = list[str](), 0
    for match in re.finditer(rf"\b{word}\s*\{{", text):
        if match.start() < at:
            continue
        depth, end = 1, match.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        parts += [text[at : match.start()], by]
        at = end
    return "".join([*parts, text[at:]])


def scene(text: str, colours: dict[str, str]) -> str:
    """The scene in the colours of these classes."""

    def srgb(name: str) -> str:
        red, green, blue = (int(colours[name][at : at + 2], 16) / 255 for at in (1, 3, 5))
        return f"srgb <{red:.6f}, {green:.6f}, {blue:.6f}>"

    text = re.sub(r"union \{ +// a cyclist.*", CYCLIST, text)
    text = re.sub(r"//.*", "", text)
    for word in LIT:
        text = replaced(text, word, "")
    text = replaced(replaced(text, "texture", "texture { Label }"), r"(?<!texture )pigment", "texture { Label }")
    text = re.sub(r"(texture \{ Label \}\s*)+", "texture { Label } ", text)
    for start, name in STARTS.items():
        label = (
            f"#declare Label = texture {{ pigment {{ {srgb(name)} }} finish {{ ambient 0 diffuse 0 emission 1 }} }};\n"
        )
        text = text.replace(start, label + start, 1)
    return f"{text}\nbackground {{ {srgb('sky')} }}\n"


if __name__ == "__main__":
    source, classes = map(Path, sys.argv[1:])
    named = {one["name"]: one["color"] for one in json.loads(classes.read_text())["classes"]}
    sys.stdout.write(scene(source.read_text(), named))
