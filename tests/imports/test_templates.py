"""Fields made of several columns, and mistakes of a mapping named by file, section, key, line."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from savctl.persistence.engine import Database
from tests.conftest import Cli
from tests.given import rows, snapshot

LOG = """\
Number,Caller,Category,Short description,State,Kind,Date,Time
A-1,456,Parcel,Not here,New,task,2025-09-01,08:00
A-1,456,Parcel,Not here,Work,task,2025-09-01,09:30
A-2,457,,Broken {box},New,task,2025-09-01,09:00
A-1,456,Parcel,Not here,Done,task,2025-09-02,10:15
"""
FIELDS = """\
times = ["YYYY-MM-DD HH:MM"]

[fields]
external_id = "Number"
user_id = "Caller"
subject = "{Category}: {Short description}"
description = "{{{Category}}} {Short description}"
created_at = "{Date} {Time}"
updated_at = "{Date} {Time}"

[metadata]
kind = "{State}/{Kind}"
"""
REPLAY = """
[replay]
case = "case {Number}"
at = "{Date} {Time}"
what = "{State}/{Kind}"
stand_in = 10

[replay.means]
"New/task" = "create"
"Work/task" = "take"
"Done/task" = "resolve"
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    path.write_text(LOG, encoding="utf-8")
    (tmp_path / "map.toml").write_text(FIELDS + REPLAY, encoding="utf-8")
    return path


def error_of(err: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(err.splitlines()[-1])["error"]
    return found


@pytest.mark.each_database("texts are stored in bulk")
def test_an_import_fills_fields_from_several_columns(
    cli: Cli, database: Database, log: Path
) -> None:
    kept = [line for line in LOG.splitlines() if ",Work," not in line and ",Done," not in line]
    log.write_text("\n".join(kept) + "\n", encoding="utf-8")

    outcome = cli("ticket", "import", log, "--map", "map.toml", "--keep-times")

    assert outcome.code == 0, outcome.err
    found = rows(database, "SELECT subject, description, created_at FROM support_tickets")
    assert [(row["subject"], row["description"]) for row in found] == [
        ("Parcel: Not here", "{Parcel} Not here"),
        (": Broken {box}", "{} Broken {box}"),
    ]
    assert [str(row["created_at"])[:16] for row in found] == [
        "2025-09-01 08:00",
        "2025-09-01 09:00",
    ]
    listed = json.loads(cli("ticket", "list", "-o", "json").out)
    assert [ticket["metadata"]["kind"] for ticket in listed] == ["New/task"] * 2


def test_a_replay_reads_what_happened_and_when_from_several_columns(cli: Cli, log: Path) -> None:
    outcome = cli(
        *("demo", "--replay", log, "--map", "map.toml", "--jobs", "off", "--home", "h"),
        *("-o", "json"),
    )

    assert outcome.code == 0, outcome.err
    answer = json.loads(outcome.out)
    assert (answer["events"], answer["cases"]) == (4, 2)
    assert (answer["first_at"], answer["last_at"]) == (
        "2025-09-01T08:00:00Z",
        "2025-09-02T10:15:00Z",
    )
    assert {status: n for status, n in answer["final"].items() if n} == {"open": 1, "resolved": 1}


def test_an_event_without_meaning_names_the_template(cli: Cli, log: Path) -> None:
    log.write_text(LOG.replace("Done,task", "Done,other"), encoding="utf-8")

    outcome = cli("demo", "--replay", log, "--map", "map.toml", "--jobs", "off", "--home", "h")

    assert outcome.code == 3
    assert "line 5: {State}/{Kind} 'Done/other' means nothing to this mapping" in outcome.err


@pytest.mark.parametrize(
    ("old", "new", "section", "key", "line", "reason"),
    [
        (
            "{Short description}",
            "{Short descr}",
            "fields",
            "subject",
            6,
            "no column 'Short descr'",
        ),
        ('"Caller"', '"Calller"', "fields", "user_id", 5, "no column 'Calller'"),
        ("{Category}:", "{Category:", "fields", "subject", 6, "the { at character 1"),
        ("subject", "subjct", "fields", "subjct", 6, "no key 'subjct'"),
        ('"{State}/{Kind}"', '"{States}"', "metadata", "kind", 12, "no column 'States'"),
        ('times = ["', 'times = ["HH', "", "times", 1, "names the hour twice"),
        ('"Caller"', '{ colum = "Caller" }', "fields.user_id", "colum", 5, "no key 'colum'"),
        ("kind =", "history =", "metadata", "history", 12, "belongs to savctl"),
    ],
)
def test_a_mistake_of_a_mapping_is_found_before_the_first_row(
    cli: Cli,
    database: Database,
    log: Path,
    old: str,
    new: str,
    section: str,
    key: str,
    line: int,
    reason: str,
) -> None:
    mapping = log.with_name("map.toml")
    mapping.write_text(FIELDS.replace(old, new, 1), encoding="utf-8")
    before = snapshot(database)

    outcome = cli("ticket", "import", log, "--map", mapping, "-o", "json")

    assert (outcome.code, outcome.out) == (2, "")
    error = error_of(outcome.err)
    assert (error["file"], error["section"], error["key"], error["line"]) == (
        str(mapping),
        section,
        key,
        line,
    )
    named = f"{mapping}, line {line}, {f'[{section}] ' if section else ''}{key}: "
    assert str(error["message"]).startswith(named)
    assert reason in str(error["message"])
    assert snapshot(database) == before


@pytest.mark.parametrize(
    ("old", "new", "key", "line", "reason"),
    [
        ("{State}", "{Stat}", "what", 17, "no column 'Stat'"),
        ('at = "{Date} {Time}"', 'at = "{Date} {Hour}"', "at", 16, "no column 'Hour'"),
        ('"take"', '"taken"', "Work/task", 22, "'taken' is no deed"),
        ("what =", "whats =", "whats", 17, "no key 'whats'"),
        ('what = "{State}/{Kind}"\n', "", "what", 14, "is missing"),
        ("stand_in = 10", 'stand_in = "x"', "stand_in", 18, "must be a whole number"),
    ],
)
def test_a_mistake_in_replay_names_its_line(
    cli: Cli, log: Path, old: str, new: str, key: str, line: int, reason: str
) -> None:
    log.with_name("map.toml").write_text(FIELDS + REPLAY.replace(old, new, 1), encoding="utf-8")

    outcome = cli(
        *("demo", "--replay", log, "--map", "map.toml", "--jobs", "off", "--home", "h"),
        *("-o", "json"),
    )

    assert (outcome.code, outcome.out) == (2, "")
    error = error_of(outcome.err)
    assert (error["key"], error["line"]) == (key, line)
    assert reason in str(error["message"])


def test_a_mapping_in_json_names_its_line_too(cli: Cli, log: Path) -> None:
    fields = {"user_id": "Caller", "subject": "{Nothing}", "description": "Number"}
    mapping = log.with_name("map.json")
    mapping.write_text(json.dumps({"null": ["?"], "fields": fields}, indent=1), encoding="utf-8")

    error = error_of(cli("ticket", "import", log, "--map", mapping, "-o", "json").err)

    assert (error["section"], error["key"], error["line"]) == ("fields", "subject", 7)


def test_a_column_whose_name_has_braces_is_named_in_a_table(cli: Cli, tmp_path: Path) -> None:
    with (tmp_path / "odd.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["who", "{text}"], ["456", "Broken"]])
    (tmp_path / "map.toml").write_text(
        '[fields]\nuser_id = "who"\nsubject = { column = "{text}" }\ndescription = "{who}"\n'
    )

    outcome = cli("ticket", "import", "odd.csv", "--map", "map.toml")

    assert outcome.code == 0, outcome.err
    [ticket] = json.loads(cli("ticket", "list", "-o", "json").out)
    assert (ticket["subject"], ticket["description"]) == ("Broken", "456")
