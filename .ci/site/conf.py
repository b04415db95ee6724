"""How `make docs` builds the site: Markdown as it stands in docs/, every link and anchor checked.

The pages need no network when they are read: fonts are the system's, scripts are files of the
site.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_PROJECT = Path(__file__).resolve().parents[2]
_VERSION = re.search(r'__version__ = "(.*)"', (_PROJECT / "savctl" / "__init__.py").read_text())

project = "savctl"
author = "savctl"
release = version = _VERSION[1] if _VERSION else ""
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["examples", "schemas", "*.py"]

myst_heading_anchors = 4  # as GitHub names them: the same links work in both places
myst_enable_extensions = ["colon_fence"]
smartquotes = False  # an option keeps its two hyphens
suppress_warnings = ["misc.highlighting_failure"]  # a block of text that is nearly a language

html_theme = "furo"
html_title = f"savctl {release}"
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_show_sphinx = False
html_permalinks_icon = "#"
html_theme_options = {"top_of_page_buttons": [], "footer_icons": []}
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_PAGE = re.compile(r"\]\(([a-z-]+)\.md[)#]")


def setup(app: Any) -> None:
    """Take the order of the pages from the tables of the first one."""
    app.connect("source-read", _with_contents)


def _with_contents(app: Any, name: str, content: list[str]) -> None:
    """The first page with a table of contents for each of its headings.

    A page that none of the tables names is a warning, which `make docs` takes for an error.
    """
    if name != root_doc:
        return
    _, *parts = _HEADING.split(content[0])
    known: set[str] = set()
    for heading, text in zip(parts[::2], parts[1::2], strict=True):
        pages = [page for page in dict.fromkeys(_PAGE.findall(text)) if page not in known]
        known.update(pages)
        listed = "\n".join(pages)
        content[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {heading}\n\n{listed}\n```\n"
