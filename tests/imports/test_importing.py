"""`ticket import`: the good rows are stored once, with their traces; the bad ones are named."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from savctl.domain.imports.imported_ticket import ImportContext
from savctl.domain.imports.mapping import Mapped, mapped
from savctl.errors import InvalidInput, Refused
from savctl.html import clean
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.database.integrity import CheckOptions, check_integrity
from savctl.usecases.imports.importing import ImportReport, ImportRun, import_tickets
from savctl.usecases.imports.rows import reading
from tests.given import NOW, rows

BASE = {"user_id": 456, "subject": "Order not received", "description": "Where is it?"}


def write(path: Path, lines: Iterable[Mapping[str, object] | str]) -> Path:
    """A file of JSON lines; a text stands as it is."""
    file = path / "tickets.jsonl"
    values = [line if isinstance(line, str) else json.dumps({**BASE, **line}) for line in lines]
    file.write_text("\n".join(values) + "\n")
    return file


def run(
    database: Database,
    file: Path,
    *,
    mapping: Mapped | None = None,
    form: str = "jsonl",
    **more: Any,
) -> ImportReport:
    """One import of a file."""
    terms = {name: more.pop(name) for name in ("keeps_times", "publishes", "by") if name in more}
    mapping = mapping or Mapped()
    source = more.pop("source", "old")
    with reading(file, form) as found:
        return import_tickets(
            database,
            found,
            mapping,
            ImportRun(
                terms=ImportContext(
                    now=NOW, source=source, stamps=mapping.stamps, clean=clean, **terms
                ),
                **more,
            ),
        )


def stored(database: Database, what: str = "COUNT(*)") -> Any:
    """One value of all tickets."""
    return next(iter(rows(database, f"SELECT {what} AS n FROM support_tickets")))["n"]


def holds(database: Database) -> bool:
    """Whether every invariant of the data holds."""
    return not check_integrity(database, SetClock(NOW), terms=CheckOptions()).is_broken


def test_every_row_becomes_a_ticket_with_its_traces(database: Database, tmp_path: Path) -> None:
    file = write(tmp_path, [{"external_id": str(n)} for n in range(25)])

    report = run(database, file, size=10, by=5)

    assert (report.seen, report.imported, report.rejected) == (25, 25, 0)
    assert stored(database) == 25
    audited = rows(database, "SELECT action, actor FROM savctl_audit WHERE ticket_id IS NOT NULL")
    assert [(row["action"], row["actor"]) for row in audited] == [("imported", 5)] * 25
    notes = rows(database, "SELECT entry FROM savctl_audit WHERE action = 'import'")
    assert [json.loads(str(note["entry"]))["lines"] for note in notes] == [
        [1, 10],
        [11, 20],
        [21, 25],
    ]
    assert rows(database, "SELECT id FROM savctl_outbox") == []
    assert holds(database)


def test_events_are_published_only_when_asked_for(database: Database, tmp_path: Path) -> None:
    file = write(tmp_path, [{}, {"ticket_number": "TKT-1", "status": "closed"}])

    run(database, file, publishes=True)

    stored_rows = rows(
        database, "SELECT event, envelope, ticket_id FROM savctl_outbox ORDER BY id"
    )
    assert [row["event"] for row in stored_rows] == ["TicketCreated"] * 2
    data = json.loads(str(stored_rows[1]["envelope"]))["data"]
    assert (data["ticket_number"], data["status"], data["ticket_id"]) == (
        "TKT-1",
        "closed",
        stored_rows[1]["ticket_id"],
    )


def test_bad_rows_are_named_by_line_and_the_rest_imported(
    database: Database, tmp_path: Path
) -> None:
    values: list[tuple[int, str]] = []
    file = write(
        tmp_path,
        [
            {"ticket_number": "TKT-A"},
            {"status": "in_progress"},
            "{broken",
            {"subject": "x" * 300},
            {"ticket_number": "tkt-a"},
            {"ticket_number": "TKT-B"},
        ],
    )

    report = run(database, file, on_reject=lambda record, why: values.append((record.line, why)))

    assert (report.imported, report.rejected) == (2, 4)
    assert [line for line, _ in values] == [2, 3, 4, 5]
    assert [(bad.line, bad.reason) for bad in report.rejects] == values
    assert "TKT-A already" in values[3][1].upper().replace("ALREADY", "already")


def test_a_number_that_exists_already_is_a_bad_row(database: Database, tmp_path: Path) -> None:
    run(database, write(tmp_path, [{"ticket_number": "TKT-A"}]), source="first")

    report = run(database, write(tmp_path, [{"ticket_number": "Tkt-A"}, {}]), source="second")

    assert (report.imported, report.rejects[0].reason) == (1, "there is a ticket Tkt-A already")


def test_a_row_that_only_the_database_refuses_costs_itself(
    database: Database, tmp_path: Path
) -> None:
    deep: object = 1
    for _ in range(150):
        deep = [deep]
    name = "TKT-É"  # for MariaDB and MySQL the same as TKT-E, for Python not
    file = write(tmp_path, [{"ticket_number": "TKT-E"}, {"ticket_number": name}, {}, {}])

    report = run(database, file)

    assert report.imported + report.rejected == 4
    assert report.imported == (4 if database.is_sqlite else 3)
    assert holds(database)


def test_the_same_source_is_not_imported_twice(database: Database, tmp_path: Path) -> None:
    file = write(tmp_path, [{"external_id": "1"}, {"external_id": "2"}])
    run(database, file)

    with pytest.raises(Refused, match="'old' were imported before") as refused:
        run(database, file)

    assert "--resume" in str(refused.value.hint)
    assert stored(database) == 2


def test_resuming_imports_what_is_not_here_yet(database: Database, tmp_path: Path) -> None:
    run(database, write(tmp_path, [{"external_id": "1"}, {"external_id": "2"}]))

    more = write(tmp_path, [{"external_id": str(n)} for n in (1, 2, 3, 4)])
    report = run(database, more, resume=True)

    assert (report.imported, report.skipped, stored(database)) == (2, 2, 4)


def test_rows_without_an_id_are_called_by_number_or_line(
    database: Database, tmp_path: Path
) -> None:
    file = write(tmp_path, [{"ticket_number": "TKT-A"}, {}])

    run(database, file)

    known = rows(database, "SELECT external_id FROM savctl_imports ORDER BY external_id")
    assert [row["external_id"] for row in known] == ["TKT-A", "line 2"]


def test_a_repeated_external_id_is_a_bad_row(database: Database, tmp_path: Path) -> None:
    file = write(tmp_path, [{"external_id": name} for name in ("1", "2", "1", "2")])

    report = run(database, file, size=3)

    assert (report.imported, [bad.line for bad in report.rejects]) == (2, [3, 4])


@pytest.mark.parametrize("size", [2, 100])
def test_a_dry_run_tells_what_the_real_one_does(
    database: Database, tmp_path: Path, size: int
) -> None:
    values = [
        {"external_id": "1", "ticket_number": "TKT-A"},
        {"external_id": "2", "ticket_number": "tkt-a"},
        {"external_id": "1"},
        {"external_id": "2", "ticket_number": "TKT-B"},
        {"status": "nowhere"},
    ]
    file = write(tmp_path, values)

    dry = run(database, file, dry_run=True, size=size)
    assert stored(database) == 0
    assert rows(database, "SELECT * FROM savctl_audit") == []
    real = run(database, file, size=size)

    assert dry == real
    assert (real.imported, real.rejected) == (2, 3)


def test_a_stop_ends_after_the_batch_and_a_resume_goes_on(
    database: Database, tmp_path: Path
) -> None:
    file = write(tmp_path, [{"external_id": str(n)} for n in range(30)])
    answers = iter([False, True])

    report = run(database, file, size=10, should_stop=lambda: next(answers))

    assert (report.is_stopped, report.imported, stored(database)) == (True, 20, 20)
    assert run(database, file, resume=True).imported == 10


def test_columns_savctl_does_not_know_need_a_mapping(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("user_id,subject,description,colour\n1,a,b,red\n")

    with pytest.raises(InvalidInput, match="does not know: colour"):
        run(database, file, form="csv")

    report = run(database, write(tmp_path, [{"colour": "red"}, {}]))
    assert [bad.line for bad in report.rejects] == [1]


@pytest.mark.parametrize(
    ("header", "message"), [("subject,description", "user_id"), ("user_id,subject", "description")]
)
def test_a_column_that_a_ticket_needs_is_missed_at_once(
    database: Database, tmp_path: Path, header: str, message: str
) -> None:
    file = tmp_path / "x.csv"
    file.write_text(f"{header}\na,b\n")

    with pytest.raises(InvalidInput, match=message):
        run(database, file, form="csv")


def test_a_mapping_may_not_write_what_is_savctls(database: Database, tmp_path: Path) -> None:
    values = {"fields": {name: name for name in BASE}, "metadata": {"history": "subject"}}

    with pytest.raises(InvalidInput, match=r"\[metadata\] history: belongs to savctl"):
        run(database, write(tmp_path, [{}]), mapping=mapped(values))


def test_what_savctl_lists_it_imports_again(database: Database, tmp_path: Path) -> None:
    first: dict[str, object] = {
        "ticket_number": "TKT-A",
        "status": "closed",
        "priority": "high",
        "created_at": "2025-01-01T00:00:00Z",
        "resolved_at": "2025-01-02T00:00:00Z",
        "closed_at": "2025-01-03T00:00:00Z",
        "metadata": {"vip": True},
    }
    run(database, write(tmp_path, [first]), keeps_times=True)
    kept = ("subject", "status", "priority", "created_at", "resolved_at", "closed_at")
    before = rows(database, f"SELECT {', '.join(kept)} FROM support_tickets")

    again = {**first, "id": 99, "ticket_number": "TKT-B", "updated_at": "2025-01-03T00:00:00Z"}
    run(database, write(tmp_path, [again]), keeps_times=True, source="again")

    after = rows(database, f"SELECT {', '.join(kept)} FROM support_tickets ORDER BY id")
    assert [dict(row) for row in after] == [dict(row) for row in before] * 2


def test_a_drawn_number_that_exists_is_drawn_again(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def always(_: Sequence[str]) -> str:
        return "7"

    monkeypatch.setattr("savctl.usecases.imports.import_rows._quick_choice", lambda: always)

    report = run(database, write(tmp_path, [{}, {}, {}]))

    assert (report.imported, report.rejected) == (3, 0)
