"""Every place where text from outside is stored or shown, and what it does to hostile text.

docs/security.md lists the same places; whatever is missing on either side fails here.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import re
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import String, Text

from savctl.adapters.s3.disposition import content_disposition
from savctl.cli.framework.output import Answer, Format, Look, write
from savctl.cli.framework.stderr.errors import message_line
from savctl.cli.framework.text import cell, safe
from savctl.domain.files.file_names import FileName, file_name, local_name
from savctl.domain.files.file_types import BY_EXTENSION, FileRefused
from savctl.domain.privacy.disclosure import member_name
from savctl.html import clean
from savctl.log import json_line, to_stderr
from savctl.pages._prose import prose
from savctl.pages.values import exact, safe_text
from savctl.persistence.schema.tables import metadata
from savctl.persistence.types import MetadataType
from savctl.ports.objects import Delivery
from tests.cli.naughty import OWN, outside, steering
from tests.text_safety.attacks import ATTACKS
from tests.text_safety.test_no_script import problems

PAGE = Path(__file__).resolve().parents[2] / "docs" / "security.md"
# Columns of text that hold words, ids and digests of savctl or of a program, never a person's.
NO_TEXT_FROM_OUTSIDE = {
    "savctl_archive_bundles": {"object_key", "state", "sha256"},
    "savctl_archived_files": {"object_key"},
    "savctl_archived_tickets": {"ticket_number", "number_key", "line_sha256"},
    "savctl_audit": {"action"},
    "savctl_backups": {"id", "kind", "state", "place", "details"},
    "savctl_commits": {"token"},
    "savctl_dead_messages": {"queue"},
    "savctl_erasure_places": {"erasure_id", "place", "state"},
    "savctl_erasure_tickets": {"erasure_id", "outcome"},
    "savctl_erasures": {"id", "person", "key_id", "state", "source", "mode", "bundles", "mac"},
    "savctl_files": {"sha256"},
    "savctl_idempotency": {"command", "input_digest"},
    "savctl_inbox": {"message_key", "batch", "queue"},
    "savctl_leases": {"name", "owner"},
    "savctl_meta": {"name", "value"},
    "savctl_outbox": {"event_id", "event", "routing_key"},
    "savctl_purges": {"key_digest", "object_key", "reason"},
    "savctl_rate_limits": {"used"},
    "savctl_reports": {"kind"},
    "savctl_runs": {"job", "started_by", "status", "host"},
    "savctl_sla_breaches": {"side", "priority", "raised_to"},
    "savctl_sla_policies": {"body"},
    "savctl_suppressions": {"person", "key_id", "erasure_id"},
    "savctl_sync_state": {"kind", "subject"},
    "savctl_figures": {"name", "body"},
    "savctl_totals": {"name", "labels"},
    "savctl_uploads": {"id", "key_digest", "object_key", "temp_key", "upload_id"},
    "support_tickets": {"priority", "status"},
    "ticket_messages": {"sender_type"},
    # the service's own, which savctl shows nowhere
    "cache": {"key", "value"},
    "cache_locks": {"key", "owner"},
    "jobs": {"queue", "payload"},
}
DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
TEXTS = st.one_of(
    st.text(max_size=60),
    st.text(
        alphabet=f"a.<>&\"'/\\=+-@\t\r\n\0\x1b\x9b\u200b\u2028\ufeff{DIRECTIONS}", max_size=20
    ),
    st.sampled_from([*OWN, *outside()]),
)


def rows_of(heading: str) -> list[list[str]]:
    """The cells of the table below a heading of the page."""
    section = PAGE.read_text(encoding="utf-8").split(f"### {heading}\n")[1].split("\n#")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[one.strip() for one in row] for row in rows[2:]]


def test_the_page_lists_every_column_that_holds_text_from_outside() -> None:
    listed = [row[0].strip("`") for row in rows_of("Where it is stored")]
    columns = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, String | Text | MetadataType)
        and column.name not in NO_TEXT_FROM_OUTSIDE.get(table.name, ())
    }

    assert sorted(listed) == sorted(columns)


def printed(text: str, form: Format, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    write(Answer(rows=[{"subject": text}], columns=("subject",)), Look(form=form))
    return capsys.readouterr().out


def logged(text: str, form: str, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    to_stderr(logging.INFO, form=form)
    logging.getLogger("savctl").error(
        "failed: %s", text, extra={"event": "item_failed", "problem": text}
    )
    return capsys.readouterr().err


def terminal(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert steering(printed(text, Format.TABLE, capsys)) == set()
    assert not steering(safe(text)) | steering(cell(text))
    assert "\n" not in safe(text) + cell(text)


def as_json(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    for form in (Format.JSON, Format.JSONL):
        shown = printed(text, form, capsys)
        found = json.loads(shown)
        assert (found[0] if form is Format.JSON else found) == {"subject": text}
        assert not steering(shown) - {"\ud800"}


def as_csv(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = csv.DictReader(io.StringIO(printed(text, Format.CSV, capsys), newline=""))
    assert not row["subject"].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert row["subject"].removeprefix("'") == text.replace("\0", "\ufffd").removeprefix("'")


def on_stderr(text: str, _: pytest.CaptureFixture[str]) -> None:
    line = message_line("warning", text)
    assert json.loads(line) == {"warning": text}
    assert not steering(line) | steering(safe(text))
    assert "\n" not in line


def text_log(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    line = logged(text, "text", capsys)
    assert line.count("\n") == 1
    assert steering(line) == set()


def json_log(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    for line in (logged(text, "json", capsys), f"{json_line('error', 'failed', text)}\n"):
        assert line.count("\n") == 1
        assert line.isascii()
        assert text in json.loads(line)["message"]


def html_report(text: str, _: pytest.CaptureFixture[str]) -> None:
    for shown in (safe_text(text), exact(text)):
        assert steering(shown) == set()
        assert not set(shown) & set("<>\"'\n")


def persons_page(text: str, _: pytest.CaptureFixture[str]) -> None:
    shown = prose(text)
    inner = shown[shown.index(">") + 1 :].removesuffix("</div>")
    assert not [one for one in problems(inner) if one != "div"]
    assert steering(shown) <= {"\t"}


def zip_name(text: str, _: pytest.CaptureFixture[str]) -> None:
    name = member_name(text, 7, text)
    assert re.fullmatch(r"files/[A-Za-z0-9][A-Za-z0-9._-]*/7-[A-Za-z0-9][A-Za-z0-9._-]*", name)
    assert ".." not in PurePosixPath(name).parts


def saved_name(text: str, _: pytest.CaptureFixture[str]) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", local_name(text, 7))


def link_header(text: str, _: pytest.CaptureFixture[str]) -> None:
    header = content_disposition(Delivery(filename=text, content_type="text/plain"))
    assert header.isascii()
    assert header.isprintable()
    quoted = re.fullmatch(r'attachment; filename="([^"\\]+)"; filename\*=UTF-8\'\'\S*', header)
    assert quoted is not None, header


PLACES: Mapping[str, Callable[[str, pytest.CaptureFixture[str]], None]] = {
    "table or page on a terminal": terminal,
    "JSON, JSON lines": as_json,
    "CSV": as_csv,
    "error, note, warning on stderr": on_stderr,
    "log line, text": text_log,
    "log line, JSON": json_log,
    "HTML report": html_report,
    "message in the page of a person": persons_page,
    "name in the ZIP of a person": zip_name,
    "name of a downloaded file": saved_name,
    "header of a link": link_header,
}


def test_the_page_lists_every_place_where_text_is_shown() -> None:
    assert [row[0] for row in rows_of("Where it is shown")] == list(PLACES)


@pytest.mark.parametrize("place", PLACES)
def test_no_listed_text_does_anything_where_it_is_shown(
    place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for text in (*OWN, *outside(), *ATTACKS):
        PLACES[place](text, capsys)


@pytest.mark.parametrize("place", PLACES)
@given(text=TEXTS)
@example(text="\u061c\u200b\U000e0041\ue000")
def test_no_random_text_does_anything_where_it_is_shown(
    place: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    PLACES[place](text, capsys)


@given(TEXTS)
def test_a_message_is_stored_without_anything_that_acts(typed: str) -> None:
    assert problems(clean(typed)) == []


@given(TEXTS, st.sampled_from([".jpg", ".pdf", "", ".exe", ".php.png"]))
def test_a_file_name_is_stored_harmless_or_refused(stem: str, extension: str) -> None:
    try:
        name: FileName = file_name(f"{stem}{extension}")
    except FileRefused:
        return
    if name.extension not in BY_EXTENSION:
        return  # refused by its type
    assert not {c for c in name.original if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}}
    assert not set(name.original) & set(DIRECTIONS)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", name.safe)


def test_the_list_of_columns_without_text_names_no_table_that_is_gone() -> None:
    known = {table.name: set(table.columns.keys()) for table in metadata.tables.values()}

    assert {t: n - known.get(t, set()) for t, n in NO_TEXT_FROM_OUTSIDE.items()} == {
        t: set() for t in NO_TEXT_FROM_OUTSIDE
    }
