"""Links of a page, from the repository, where they are files, to the site, where they are pages.

ARCHITECTURE.md and its like are pages by a symbolic link in docs/, so their links start at the repository's root.
A link to a file that the site does not have, such as a source file, becomes its text.
"""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from mkdocs.structure.files import File, Files

FENCED = re.compile(r"(^ *```.*?^ *```$)", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


class Links:
    """The files of a site, by where they lie in the repository."""

    def __init__(self, docs: Path, files: Files) -> None:
        self.files = {Path(file.abs_src_path).resolve(): file for file in files if file.abs_src_path}
        self.files[docs.parent.resolve() / "README.md"] = self.files[docs.resolve() / "index.md"]

    def for_site(self, markdown: str, page: File) -> str:
        """The page's text with its links changed; code stays as it is."""
        assert page.abs_src_path is not None
        folder = Path(page.abs_src_path).resolve().parent
        at = Path(page.src_uri).parent
        parts = FENCED.split(markdown)
        parts[::2] = [LINK.sub(lambda link: self._changed(link, folder, at), text) for text in parts[::2]]
        return "".join(parts)

    def _changed(self, link: re.Match[str], folder: Path, at: Path) -> str:
        image, text, target = link.groups()
        url = urlsplit(target)
        if url.scheme or not url.path:
            return link[0]
        place = (folder / url.path).resolve()
        file = self.files.get(place)
        if file is None:
            return text if place.exists() and not image else link[0]  # MkDocs reports what is nowhere
        anchor = f"#{url.fragment}" if url.fragment else ""
        return f"{image}[{text}]({os.path.relpath(file.src_uri, at)}{anchor})"
