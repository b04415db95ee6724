"""Hostile content in an export: exact in the JSON, harmless in the page, in names and in paths."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote
from zipfile import ZipFile

import pytest
from sqlalchemy import insert

from savctl.persistence.engine import Database
from savctl.persistence.schema.tables import support_tickets
from savctl.ports import ObjectStore
from tests.cli import naughty
from tests.conftest import Cli
from tests.given import AGENT, CUSTOMER, NOW
from tests.pages.browser import lay_out
from tests.privacy.people import attachment, message, people, put, store_rows

pytestmark = pytest.mark.each_database("texts are stored as the columns hold them")

NAMES = (
    *("../../etc/passwd", "..\\..\\windows\\system32\\x.png", "/etc/passwd", "C:\\x.png"),
    *("\u202egnp.exe", "photo\u0000.png", "con.png", "nul", ".", "..", "", " ", "a" * 255),
    *(
        "<b>.html",
        "x.svg",
        "x.png\n.exe",
        "é中文.pdf",
        "👩\u200d👩.png",
        "%2e%2e%2fx.txt",
        "x.png. ",
    ),
)
PAGE = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section"),
    *("h1", "h2", "h3", "p", "div", "b", "span", "small", "dl", "dt", "dd", "article", "bdi"),
    *("ol", "ul", "li", "a", "table", "thead", "tbody", "tr", "th", "td"),
}
MESSAGES = {"em", "i", "strong", "u", "br", "blockquote", "code", "pre"}
ATTRIBUTES = {
    *("lang", "charset", "name", "content", "http-equiv", "class", "id", "dir", "href", "scope"),
    *("tabindex", "data-value", "rel", "title"),
}


class Seen(HTMLParser):
    """Elements, attributes and links of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [str(value) for name, value in attrs if name == "href"]


def texts(database: Database) -> list[str]:
    odd = ["a\0b"] if database.is_sqlite else []
    return [*naughty.OWN, *naughty.outside(), *odd]


def a_hostile_past(database: Database, store: ObjectStore) -> None:
    people(database)
    tickets = [
        {
            "ticket_number": f"{n}{text[:8]}" if n % 2 else f"TKT-{n:05d}",
            "user_id": CUSTOMER,
            "subject": text,
            "description": text,
            "category": text,
            "created_at": NOW,
            "updated_at": NOW,
        }
        for n, text in enumerate(texts(database), start=1)
    ]
    database.transaction(lambda c: c.execute(insert(support_tickets), tickets))
    values = [
        message(n, n, text, sender=("agent", AGENT))
        for n, text in enumerate(texts(database), start=1)
    ]
    names = [name for name in NAMES if database.is_sqlite or "\0" not in name]
    hung = [attachment(n, n, n, name) for n, name in enumerate(names, start=1)]
    store_rows(database, values, hung)
    put(store, hung)


@pytest.fixture
def hostile(
    cli: Cli, database: Database, home_store: ObjectStore, tmp_path: Path
) -> dict[str, bytes]:
    a_hostile_past(database, home_store)
    outcome = cli("gdpr", "export", CUSTOMER, "--out", "h.zip")
    assert outcome.code == 0, outcome.err
    with ZipFile(tmp_path / "h.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_json_holds_every_text_as_it_is_stored(
    hostile: dict[str, bytes], database: Database
) -> None:
    data = json.loads(hostile["data.json"])

    assert [t["subject"] for t in data["tickets"]] == texts(database)
    assert [t["messages"][0]["message"] for t in data["tickets"]] == texts(database)


def test_the_page_holds_no_element_but_its_own_and_those_that_messages_may(
    hostile: dict[str, bytes],
) -> None:
    page = hostile["index.html"].decode()

    seen = Seen(page)
    assert seen.tags <= PAGE | MESSAGES
    assert seen.attributes <= ATTRIBUTES
    assert "default-src 'none'; style-src 'unsafe-inline'" in page
    odd = [link for link in seen.links if not re.match(r"#t\d+$|https?://|mailto:", link)]
    assert {unquote(link) for link in odd} <= set(hostile)


def test_nothing_in_the_page_steers_or_turns_the_text_round(hostile: dict[str, bytes]) -> None:
    assert naughty.steering(hostile["index.html"].decode()) <= {"\t", "\u200c"}


def test_every_member_is_a_plain_path_below_its_folder(hostile: dict[str, bytes]) -> None:
    files = [name for name in hostile if name.startswith("files/")]

    assert len(files) >= len(NAMES) - 1
    for name in files:
        assert re.fullmatch(r"files/[A-Za-z0-9][A-Za-z0-9._-]*/\d+-[A-Za-z0-9._-]+", name)
        assert ".." not in name
        assert len(name) < 200
        assert name.rpartition(".")[2] in {"png", "pdf", "txt", "bin"}
    assert len({name.lower() for name in hostile}) == len(hostile)


def test_the_tools_of_others_unpack_it_whole(hostile: dict[str, bytes], tmp_path: Path) -> None:
    for unpack in ("unzip", "bsdtar"):
        if shutil.which(unpack) is None:
            continue
        folder = tmp_path / unpack
        folder.mkdir()
        words = {"unzip": ["-q", "../h.zip"], "bsdtar": ["-xf", "../h.zip"]}[unpack]
        subprocess.run([unpack, *words], cwd=folder, check=True, capture_output=True)
        found = {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file()}
        assert {name: p.read_bytes() for name, p in found.items()} == hostile
    with ZipFile(io.BytesIO((tmp_path / "h.zip").read_bytes())) as archive:
        archive.extractall(tmp_path / "python")
    assert not (tmp_path / "etc").exists()


@pytest.mark.slow("starts a browser")
@pytest.mark.only_on("sqlite")
def test_a_real_browser_lays_it_out_on_a_phone_and_a_desk_and_runs_nothing_of_it(
    hostile: dict[str, bytes], tmp_path: Path
) -> None:
    page = hostile["index.html"].decode()

    for layout in lay_out(page, (320, 390, 500, 700, 1280), tmp_path):  # skips where no browser is
        assert (layout.needed <= layout.width, layout.beyond) == (True, [])
    seen = Seen(shown_by_a_browser(page, tmp_path))
    assert seen.tags <= PAGE | MESSAGES
    assert seen.attributes <= ATTRIBUTES


def shown_by_a_browser(page: str, folder: Path) -> str:
    """The page as it stands once everything in it that runs has run."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium on this machine: the page was not opened in a browser")
    (folder / "index.html").write_text(page, encoding="utf-8")
    done = subprocess.run(
        [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
            *(f"--user-data-dir={folder / 'profile'}", "--dump-dom"),
            (folder / "index.html").as_uri(),
        ],
        capture_output=True,
        check=True,
        timeout=120,
    )
    return done.stdout.decode()
