"""A page in a real browser, where one is installed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# A frame for each width; a wide table of figures may scroll by itself, a table of contents not.
_FRAME = '<iframe style="border:0;width:{width}px;height:900px" srcdoc="{page}"></iframe>'
_FRAMES = """<!doctype html><meta charset="utf-8"><title>measuring</title>
{frames}
<script>
function measured(frame) {{
  const inner = frame.contentDocument, view = frame.contentWindow.innerWidth;
  const boxes = (list) => [...list].map((one) => one.getBoundingClientRect())
    .filter((box) => box.width);
  const beyond = [...inner.querySelectorAll("body *")].filter((one) => {{
    const box = one.getBoundingClientRect();
    return box.width && (box.right > view + 1 || box.left < -1) &&
      (one.closest(".toc") || !one.closest(".scroll"));
  }});
  const crosses = (one, other) => one.left < other.right && other.left < one.right &&
    one.top + 2 < other.bottom && other.top + 2 < one.bottom;
  const overlaps = [...inner.querySelectorAll("svg")]
    .map((svg) => boxes(svg.querySelectorAll(":scope > text")))
    .flatMap((all) => all.filter((one, n) => all.slice(n + 1).some((it) => crosses(one, it))));
  return {{
    width: view, needed: inner.documentElement.scrollWidth, overlaps: overlaps.length,
    beyond: beyond.map((one) => one.tagName + " " + one.textContent.slice(0, 40)),
    smallest: Math.min(...[...inner.querySelectorAll("svg text, td, th, small, li")]
      .map((one) => parseFloat(getComputedStyle(one).fontSize))),
  }};
}}
window.onload = () => {{
  document.title = JSON.stringify([...document.querySelectorAll("iframe")].map(measured));
}};
</script>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How wide the screen was and the page wanted to be, in pixels, and what went wrong."""

    width: int
    needed: int
    overlaps: int
    beyond: list[str]
    smallest: float


def lay_out(page: str, widths: Sequence[int], folder: Path) -> list[Layout]:
    """Lay a page out in windows of these widths; skips the test where no browser is."""
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        pytest.skip("no Chromium on this machine: install it to see the pages laid out")
    frames = "".join(_FRAME.format(width=width, page=escape(page)) for width in widths)
    file = folder / "frames.html"
    file.write_text(_FRAMES.format(frames=frames), encoding="utf-8")
    done = subprocess.run(
        [
            *(program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
            *(f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=5000"),
            *("--window-size=1400,1000", "--dump-dom", file.as_uri()),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    found = re.search(r"<title>(\[.*?\])</title>", done.stdout)
    assert found, done.stderr[-2_000:]
    return [Layout(**layout) for layout in json.loads(unescape(found[1]))]
