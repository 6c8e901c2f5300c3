"""docs/how-to/deploy.md is true: its keys, its probes and its figures are those of the code."""

import re
import subprocess
from pathlib import Path

import pytest

from service.http.app import create_app
from service.segmentation import footprint
from service.segmentation.inputs.header import Header
from service.serving.keys import Keys, Role
from service.serving.settings import Settings
from tests.support.document import Document

DOCUMENT = Document("docs/how-to/deploy.md")


@pytest.mark.parametrize("document", [DOCUMENT, Document("README.md")], ids=repr)
def test_the_commands_for_keys_make_a_file_that_serves(document: Document, tmp_path: Path) -> None:
    (block,) = [block for block in document.blocks("sh") if "keys" in block]
    *lines, last = block.strip().splitlines()
    assert last == "SEGMENT_KEYS=keys SEGMENT_HOST=0.0.0.0 make serve"
    subprocess.run(["bash", "-c", "\n".join(lines)], cwd=tmp_path, check=True)
    keys = Keys.read(tmp_path / "keys")
    words = dict(line.split() for line in (tmp_path / "keys").read_text().splitlines())
    assert {role: keys.role(word) for role, word in words.items()} == {"segment": Role.SEGMENT, "admin": Role.ADMIN}


def test_the_probes_are_routes_and_the_grace_is_long_enough(model_file: Path) -> None:
    (block,) = DOCUMENT.blocks("yaml")
    (grace,) = re.findall(r"terminationGracePeriodSeconds: (\d+)", block)
    assert int(grace) > Settings().grace_s
    paths = re.findall(r"httpGet: \{path: (\S+),", block)
    assert len(paths) == 2
    assert set(paths) <= set(create_app(Settings(models=model_file)).openapi()["paths"])


def test_the_memory_per_megapixel_is_that_which_admission_reserves() -> None:
    (told,) = re.findall(r"(\d+) MB per megapixel", DOCUMENT.text)
    header = Header("WEBP", (1000, 1000))
    assert round(footprint.of_picture(header, None, maps=1) / 1e6) == int(told)
