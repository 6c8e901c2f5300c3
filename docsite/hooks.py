"""Hooks of MkDocs: parts of pages come from the code, and links lead where their targets are on the site.

A page has the line `<!-- generated: settings -->` where the table of settings belongs. So a page is read without the
site too, and what the code knows is written down once.
"""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

from docsite import api, commands, contract, settings
from docsite.links import Links

MARKER = re.compile(r"^<!-- generated: (\w+) -->$", re.MULTILINE)
PARTS = {
    "api": api.markdown,
    "commands": commands.markdown,
    "contract": contract.markdown,
    "settings": settings.markdown,
}


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The page with its generated parts, and with links for the site.

    Raises KeyError for a marker that names no part.
    """
    links = Links(Path(config.docs_dir), files)
    written = links.for_site(markdown, page.file)
    return MARKER.sub(lambda marker: PARTS[marker[1]](), written)
