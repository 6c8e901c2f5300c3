"""The site of docs/ builds, every page is in its navigation, every link resolves, and no other host is needed."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from docsite import api, commands, settings
from tests.support.server import ROOT

EXTERNAL = re.compile(r"^(?:https?:)?//")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site. A warning of MkDocs, such as a page that is in no navigation or a broken link, is an error."""
    folder = tmp_path_factory.mktemp("site")
    built = build(ROOT, folder)
    assert built.returncode == 0, built.stderr
    return folder


def build(repository: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run MkDocs. With --quiet it would count no warnings, and --strict would find none."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)


def test_a_stray_page_and_a_broken_link_or_anchor_stop_the_build(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(
        "# Home\n[a](index.md#nowhere) [b](gone.md) [c](../gone.py) [d](../kept.py)"
    )
    (tmp_path / "docs" / "stray.md").write_text("# Stray")
    (tmp_path / "kept.py").touch()
    settings_of_site = (ROOT / "mkdocs.yml").read_text().partition("\nnav:")[0]
    (tmp_path / "mkdocs.yml").write_text(f"{settings_of_site}\nnav: [index.md]\n")
    (tmp_path / "docsite").symlink_to(ROOT / "docsite")
    built = build(tmp_path, tmp_path / "site")
    assert built.returncode == 1
    assert all(name in built.stderr for name in ("stray.md", "#nowhere", "gone.md", "gone.py"))
    assert "kept.py" not in built.stderr


def test_no_page_is_in_the_navigation_twice() -> None:
    pages = re.findall(r"([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    assert len(pages) > 20
    assert len(pages) == len(set(pages))


class Loaded(HTMLParser):
    """What a browser loads for a page: scripts, styles, pictures, frames; not where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        loads = {"link": "href", "script": "src", "img": "src", "source": "srcset", "iframe": "src"}
        self.urls += [value for name, value in attrs if name == loads.get(tag) and value]


def test_a_page_loads_nothing_from_another_host(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 15
    for page in pages:
        loaded = Loaded()
        loaded.feed(page.read_text())
        assert [url for url in loaded.urls if EXTERNAL.match(url)] == [], page
    styles = [style.read_text() for style in site.rglob("*.css")]
    assert [url for style in styles for url in re.findall(r"url\(([^)]*)\)", style) if EXTERNAL.match(url)] == []


def test_the_generated_parts_are_on_their_pages(site: Path) -> None:
    written = {name: (site / "reference" / f"{name}.html").read_text() for name in ("api", "settings", "command-line")}
    assert all(name in written["settings"] for name, _, _ in settings.rows())
    assert 'id="fcn-serve-segment"' in written["command-line"]
    assert 'id="python-m-model_export-train"' in written["command-line"]
    assert 'id="post-segment"' in written["api"]
    assert not [text for text in written.values() if "generated:" in text]


def test_a_command_has_its_options_and_their_defaults() -> None:
    text = commands.markdown()
    assert "| `--output DIRECTORY` | Folder for the files. [default: segmented] |" in text
    assert "fcn-serve segment [OPTIONS] PATH..." in text


def test_an_operation_has_its_parameters_bodies_and_answers() -> None:
    text = api.markdown().partition("## POST /segment\n")[2].partition("\n## ")[0]
    assert "| `include` | query | string |" in text
    assert "`multipart/form-data`" in text
    assert "| 200 | Success. | `application/json`: [SegmentAnswer](#segmentanswer)<br>`image/png`" in text
