"""`savctl report sla, workload, volume`, `sla report` and `sla simulate`, with their pages."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from savctl.domain.clock import second_text
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.persistence.people.users import Users
from savctl.ports import SetClock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.operation import Operation
from savctl.usecases.sla.escalating import escalate
from savctl.usecases.tickets.assignment import assign_ticket
from savctl.usecases.tickets.conversation import add_message
from savctl.usecases.tickets.transitions import close_ticket, move_ticket
from tests.conftest import Cli
from tests.given import AGENT, BOSS, CUSTOMER, NOW, OTHER_AGENT, created, write
from tests.pages.reading import Cells

pytestmark = pytest.mark.each_database("the figures are summed by SQL")

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SIDES = ("response", "resolution")
HALVED = '[targets.high]\nresponse = "2h"\nresolution = "12h"\n'


@pytest.fixture
def month(database: Database, clock: SetClock) -> SetClock:
    """A month of a small desk; each figure below is counted by hand.

    kept     high, delivery: answered after 1 h, solved after 5 h, closed a day later
    late     high, delivery: answered after 3 h, solved after 30 h: the solution is late
    missed   high, refund, nobody's: never answered, both are late
    waiting  medium, refund: answered after 2 h by asking, waits since
    back     low, delivery: solved after 4 h, reopened after 10 h, in work since
    """
    kept = _ticket(database, clock, "high", "delivery")
    _later(database, clock, kept, (1, "say"), (4, "solve"), (24, "close"))
    late = _ticket(database, clock, "high", "delivery")
    _later(database, clock, late, (3, "say"), (27, "solve"))
    _ticket(database, clock, "high", "refund", agent=None)
    clock.advance(2 * DAY)
    escalate(database, clock, terms=BatchContext(report=BatchReport()))
    waiting = _ticket(database, clock, "medium", "refund")
    _later(database, clock, waiting, (2, "wait"))
    back = _ticket(database, clock, "low", "delivery", agent=OTHER_AGENT)
    _later(database, clock, back, (4, "solve"), (6, "back"), (2, "write"))
    clock.advance(HOUR)
    return clock


def _ticket(
    database: Database,
    clock: SetClock,
    priority: str,
    category: str,
    *,
    agent: int | None = AGENT,
) -> int:
    ticket = created(database, clock, priority=Priority(priority), category=category)
    if agent is not None:
        assign_ticket(Operation(database, clock, actor=BOSS), ticket.id, to=agent)
    return ticket.id


def _later(database: Database, clock: SetClock, ticket: int, *steps: tuple[float, str]) -> None:
    """What happens to a ticket, each step so many hours after the one before."""
    for hours, what in steps:
        clock.advance(hours * HOUR)
        if what in {"say", "write"}:
            sender = ("agent", AGENT) if what == "say" else ("customer", CUSTOMER)
            add_message(Operation(database, clock), ticket, sender=sender, body="Hello.")
        elif what == "close":
            close_ticket(Operation(database, clock, actor=BOSS), ticket, reason="confirmed")
        else:
            to = {"solve": "resolved", "wait": "waiting_customer", "back": "in_progress"}[what]
            move_ticket(Operation(database, clock, actor=AGENT), ticket, Status(to))


def asked(cli: Cli, clock: SetClock, *words: str) -> list[dict[str, Any]]:
    """The rows that a report answers with, at the end of the month."""
    period = ("--since", second_text(NOW - HOUR), "--at", second_text(clock()))
    outcome = cli(*words, *period, "-o", "json")
    assert outcome.code == 0, outcome.err
    found: list[dict[str, Any]] = json.loads(outcome.out)
    return found


def counts(row: dict[str, Any], side: str) -> tuple[int, int, int]:
    """Met, breached, pending."""
    met, breached, pending = (row[f"{side}_{part}"] for part in ("met", "breached", "pending"))
    return met, breached, pending


@pytest.mark.parametrize("words", [("sla", "report"), ("report", "sla")])
def test_kept_and_broken_promises_are_counted_by_priority(
    cli: Cli, month: SetClock, words: tuple[str, ...]
) -> None:
    found = {row["group"]: row for row in asked(cli, month, *words)}

    assert list(found) == ["high", "medium", "low", "total"]
    assert {name: row["tickets"] for name, row in found.items()} == {
        "high": 3,
        "medium": 1,
        "low": 1,
        "total": 5,
    }
    assert counts(found["high"], "response") == (2, 1, 0)
    assert counts(found["high"], "resolution") == (1, 2, 0)
    assert counts(found["medium"], "response") == (1, 0, 0)
    assert counts(found["medium"], "resolution") == (0, 0, 1)
    assert counts(found["low"], "resolution") == (0, 0, 1)
    assert counts(found["total"], "response") == (4, 1, 0)
    assert found["high"]["response_met_percent"] == 66.7
    assert found["high"]["response_median_minutes"] == 180


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("agent", {"10": 3, "11": 1, "none": 1}),
        ("category", {"delivery": 3, "refund": 2}),
        ("month", {"2025-10": 5}),
        ("week", {"2025-W40": 3, "2025-W41": 2}),
        ("day", {"2025-10-03": 1, "2025-10-04": 1, "2025-10-05": 1, "2025-10-07": 2}),
    ],
)
def test_they_are_counted_by_whatever_is_asked(
    cli: Cli, month: SetClock, by: str, groups: dict[str, int]
) -> None:
    *rows, total = asked(cli, month, "report", "sla", "--by", by)

    assert {row["group"]: row["tickets"] for row in rows} == groups
    assert total["tickets"] == 5


def test_a_ticket_that_was_merged_away_is_left_out_and_that_is_reported(
    cli: Cli, database: Database, month: SetClock
) -> None:
    merged = "JSON_SET(metadata, '$.merged_into', JSON_OBJECT('ticket_id', 1))"
    write(database, f"UPDATE support_tickets SET metadata = {merged} WHERE id = 2")

    rows = asked(cli, month, "report", "sla")
    note = cli("report", "sla", "--since", "2025-10-01", "--at", second_text(month())).err

    assert rows[-1]["tickets"] == 4
    assert "1 merged tickets are left out" in note


def test_a_history_that_contradicts_its_ticket_is_in_no_percentage(
    cli: Cli, database: Database, month: SetClock
) -> None:
    write(database, "UPDATE support_tickets SET status = 'open', assigned_to = NULL WHERE id = 2")

    total = asked(cli, month, "report", "sla")[-1]
    note = cli("report", "sla", "--since", "2025-10-01", "--at", second_text(month())).err

    assert (total["tickets"], total["partial"]) == (5, 1)
    assert sum(counts(total, "resolution")) == 4
    assert "1 histories contradict their ticket" in note


def test_an_earlier_moment_is_reported_as_it_was_known_then(cli: Cli, month: SetClock) -> None:
    then = second_text(NOW + 2 * HOUR)

    outcome = cli("report", "sla", "--since", "2025-10-01", "--at", then, "-o", "json")

    (high, total) = json.loads(outcome.out)
    assert total["tickets"] == 1
    assert counts(high, "response") == (1, 0, 0)
    assert counts(high, "resolution") == (0, 0, 1), "it was solved later"


def test_the_workload_says_who_holds_what_and_what_was_done(cli: Cli, month: SetClock) -> None:
    found = {row["agent_id"]: row for row in asked(cli, month, "report", "workload")}

    assert list(found) == ["10", "11", "none"]
    first = found["10"]
    assert (first["waiting_customer"], first["resolved"], first["in_progress"]) == (1, 1, 0)
    assert (first["solved_in_period"], first["median_resolution_minutes"]) == (2, 300)
    assert found["11"]["in_progress"] == 1
    nobody = found["none"]
    assert (nobody["open"], nobody["overdue"]) == (1, 1)
    assert (nobody["response_breaches"], nobody["resolution_breaches"]) == (1, 1)


@pytest.mark.parametrize(
    ("by", "key", "names"),
    [
        ("category", "category", ["delivery", "refund"]),
        ("priority", "priority", ["urgent", "high", "medium", "low"]),
    ],
)
def test_the_workload_is_grouped_by_category_or_priority(
    cli: Cli, month: SetClock, by: str, key: str, names: list[str]
) -> None:
    rows = asked(cli, month, "report", "workload", "--by", by)

    assert [row[key] for row in rows] == names
    assert sum(row["solved_in_period"] for row in rows) == 2
    assert sum(row["response_breaches"] for row in rows) == 1


def test_the_volume_says_what_came_and_went_and_what_is_left(cli: Cli, month: SetClock) -> None:
    rows = asked(cli, month, "report", "volume")
    by_day = {row.pop("period"): row for row in rows}

    assert by_day["2025-10-03"]["created"] == 1
    assert by_day["2025-10-03"]["resolved"] == 1
    assert by_day["2025-10-04"]["closed"] == 1
    assert sum(row["created"] for row in rows) == 5
    assert sum(row["resolved"] for row in rows) == 3
    assert sum(row["reopened"] for row in rows) == 1
    assert sum(row["customer_messages"] for row in rows) == 1
    assert rows[-1]["backlog"] == 3, "nobody's, the waiting one, the reopened one"


def test_the_backlog_begins_with_what_was_there_before(cli: Cli, month: SetClock) -> None:
    since = second_text(NOW + 30 * HOUR)

    outcome = cli(
        *("report", "volume", "--since", since, "--at", second_text(month())),
        *("--by", "month", "-o", "json"),
    )

    (row,) = json.loads(outcome.out)
    assert (row["created"], row["backlog"]) == (3, 3)


def test_the_end_of_the_calendar_may_be_the_end_of_a_period(cli: Cli) -> None:
    outcome = cli("report", "volume", "--since", "9999-12-30", "--until", "9999-12-31T23:59:59")

    assert outcome.code == 0, outcome.err
    assert [line.split()[0] for line in outcome.out.splitlines()[1:]] == [
        "9999-12-30",
        "9999-12-31",
    ]


PAGES = [
    ("report", "sla"),
    ("report", "sla", "--by", "category"),
    ("sla", "report", "--by", "day"),
    ("report", "workload"),
    ("report", "workload", "--by", "category"),
    ("report", "volume", "--by", "week"),
]


@pytest.mark.parametrize("words", PAGES, ids=" ".join)
def test_the_numbers_of_a_page_are_those_of_the_json(
    cli: Cli, month: SetClock, tmp_path: Path, words: tuple[str, ...]
) -> None:
    file = tmp_path / "page.html"

    rows = asked(cli, month, *words, "--html", str(file))
    page = Cells(file.read_text(encoding="utf-8"))

    merged = page.tables[0]
    if "sla" in words:  # its two clocks have a table each
        merged = [a | b for a, b in zip(*page.tables[:2], strict=True)]
    assert merged == [{k: v for k, v in row.items() if k != "partial"} for row in rows]
    assert all(isinstance(value, int | float) for value in page.tiles)


def test_the_headline_numbers_are_those_of_the_total(
    cli: Cli, month: SetClock, tmp_path: Path
) -> None:
    file = tmp_path / "page.html"

    total = asked(cli, month, "report", "sla", "--html", str(file))[-1]

    assert Cells(file.read_text(encoding="utf-8")).tiles == [
        total["tickets"],
        *(total[f"{side}_{part}"] for side in SIDES for part in ("met_percent", "median_minutes")),
    ]


@pytest.mark.parametrize("by", ["priority", "agent", "category"])
def test_bars_tables_and_tiles_have_one_denominator(
    cli: Cli, month: SetClock, tmp_path: Path, by: str
) -> None:
    file = tmp_path / "page.html"

    *groups, total = asked(cli, month, "report", "sla", "--by", by, "--html", str(file))
    page = file.read_text(encoding="utf-8")

    bars = re.findall(r"([0-9.]+)\u202f% of ([0-9]+)<", page)
    decided = [
        (row[f"{side}_met_percent"], row[f"{side}_met"] + row[f"{side}_breached"])
        for side in SIDES
        for row in groups
    ]
    assert sorted((float(share), int(of)) for share, of in bars) == sorted(
        (share, of) for share, of in decided if of
    )
    for side in SIDES:
        late = total[f"{side}_breached"]
        assert f"{total[f'{side}_met'] + late} decided, {late} late" in page
    assert "is undecided: it is in no percentage" in page


def test_agents_are_named_in_the_text_and_on_the_page_and_not_in_the_json(
    cli: Cli, database: Database, month: SetClock, tmp_path: Path
) -> None:
    database.transaction(lambda c: Users(c).add([(AGENT, "b@example.org", "Bob", "Smith")]))
    file = tmp_path / "page.html"

    rows = asked(cli, month, "report", "workload", "--html", str(file))
    table = cli("report", "workload", "--at", second_text(month())).out
    by_agent = cli("report", "sla", "--by", "agent", "--at", second_text(month())).out

    assert "name" not in rows[0]
    page = file.read_text(encoding="utf-8")
    for text in (f"Bob Smith ({AGENT})", f"Agent {OTHER_AGENT}", "Nobody"):
        assert f">{text}<" in page
    for shown in (table, by_agent):
        assert re.search(rf"^{AGENT} +Bob Smith ", shown, re.MULTILINE)


def test_who_asks_for_a_page_gets_where_it_is_instead_of_the_table(
    cli: Cli, month: SetClock, tmp_path: Path
) -> None:
    for words in PAGES:
        file = tmp_path / f"{words[-1]}.html"

        outcome = cli(*words, "--html", str(file), "--force", "-q")

        assert (outcome.code, outcome.out, outcome.err) == (0, f"written: {file}\n", "")


def test_each_column_of_a_page_bears_its_name(cli: Cli, month: SetClock, tmp_path: Path) -> None:
    file = tmp_path / "page.html"

    asked(cli, month, "report", "sla", "--html", str(file))

    page = Cells(file.read_text(encoding="utf-8"))
    for table, side in enumerate(SIDES):
        assert page.columns(table) == {
            "group": "Group",
            "tickets": "Tickets",
            f"{side}_met": "In time",
            f"{side}_breached": "Late",
            f"{side}_pending": "Undecided",
            f"{side}_met_percent": "In time %",
            f"{side}_median_minutes": "Median",
            f"{side}_p90_minutes": "90 % within",
        }


def test_a_page_stands_alone_and_runs_nothing(
    cli: Cli, database: Database, month: SetClock, tmp_path: Path
) -> None:
    evil = '<script>alert(1)</script><img src=//evil.example/x>" onload="x'
    write(
        database,
        f"UPDATE support_tickets SET category = '{evil}' WHERE category = 'refund'",
    )
    file = tmp_path / "page.html"

    asked(cli, month, "report", "sla", "--by", "category", "--html", str(file))
    text = file.read_text(encoding="utf-8")
    page = Cells(text)

    assert page.tags.isdisjoint({"script", "link", "img", "iframe", "object", "form", "base"})
    assert page.addresses == []
    assert "default-src 'none'" in text
    assert "url(" not in text
    assert "&lt;script&gt;" in text


def test_the_same_report_is_the_same_page(cli: Cli, month: SetClock, tmp_path: Path) -> None:
    first, second = tmp_path / "a.html", tmp_path / "b.html"

    for file in (first, second):
        asked(cli, month, "report", "sla", "--html", str(file))

    assert first.read_bytes() == second.read_bytes()
    assert first.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.glob("*.html*")) == ["a.html", "b.html"]


def test_a_page_follows_no_link(cli: Cli, month: SetClock, tmp_path: Path) -> None:
    victim, link = tmp_path / "victim", tmp_path / "today.html"
    victim.write_text("precious", encoding="utf-8")
    link.symlink_to(victim)

    for more in ((), ("--force",), ("--yes",)):
        outcome = cli("report", "sla", "--html", str(link), *more)

        assert (outcome.code, "is not a regular file" in outcome.err, outcome.out) == (2, True, "")
    assert (link.is_symlink(), victim.read_text(encoding="utf-8")) == (True, "precious")


def test_a_page_replaces_a_file_only_when_it_is_reported_to(
    cli: Cli, month: SetClock, tmp_path: Path
) -> None:
    file = tmp_path / "page.html"
    for words in PAGES:
        file.write_text("mine", encoding="utf-8")
        refused = cli(*words, "--html", str(file))
        assert (refused.code, refused.out, file.read_text(encoding="utf-8")) == (6, "", "mine")
        assert "exists" in refused.err

        for more in ("--force", "--yes"):
            file.write_text("mine", encoding="utf-8")
            asked(cli, month, *words, "--html", str(file), more)
            assert file.read_bytes()[:15] == b"<!doctype html>"


def test_a_page_leaves_nothing_where_there_is_no_room(
    cli: Cli, month: SetClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "page.html"
    asked(cli, month, "report", "sla", "--html", str(file))
    made = file.read_bytes()
    monkeypatch.setattr("savctl.usecases.batch.atomic_file._seal", no_room)

    failed = cli("report", "sla", "--html", str(file), "--force")

    assert (failed.code, "No space left on device" in failed.err) == (8, True)
    assert [path.name for path in tmp_path.glob("page*")] == ["page.html"]
    assert file.read_bytes() == made


def no_room(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_csv_has_the_columns_of_the_json(cli: Cli, month: SetClock) -> None:
    period = ("--since", "2025-10-01", "--at", second_text(month()))

    outcome = cli("report", "workload", *period, "-o", "csv")

    (first, *_) = csv.DictReader(io.StringIO(outcome.out))
    assert list(first) == list(asked(cli, month, "report", "workload")[0])


def test_another_policy_is_tried_on_the_past_and_changes_nothing(
    cli: Cli, database: Database, month: SetClock, tmp_path: Path
) -> None:
    file = tmp_path / "stricter.toml"
    file.write_text(HALVED, encoding="utf-8")

    rows = asked(cli, month, "sla", "simulate", "--policy", str(file))

    found = {row["priority"]: row for row in rows}
    assert list(found) == ["high", "medium", "low"]
    high = found["high"]
    assert high["tickets"] == 3
    # answered after 1 h, 3 h and never: 4 h were promised, 2 h are tried
    assert (high["response_breached"], high["response_breached_then"]) == (1, 2)
    assert (high["response_newly_breached"], high["response_no_more_breached"]) == (1, 0)
    # solved after 5 h, 30 h and never: 24 h and 12 h
    assert (high["resolution_breached"], high["resolution_breached_then"]) == (2, 2)
    assert found["medium"]["response_breached_then"] == 0
    assert asked(cli, month, "report", "sla")[0]["response_breached"] == 1


def test_a_kinder_policy_takes_breaches_away(cli: Cli, month: SetClock, tmp_path: Path) -> None:
    file = tmp_path / "kinder.toml"
    file.write_text('[targets.high]\nresponse = "20h"\nresolution = "2d"\n', encoding="utf-8")

    high = asked(cli, month, "sla", "simulate", "--policy", str(file))[0]

    assert (high["resolution_breached"], high["resolution_breached_then"]) == (2, 1)
    assert high["resolution_no_more_breached"] == 1


@pytest.mark.parametrize(
    ("words", "stated"),
    [
        (("report", "sla", "--by", "moth"), "Did you mean 'month'"),
        (("report", "workload", "--by", "day"), "agent, category, priority"),
        (("report", "volume", "--by", "hour"), "day, week, month"),
        (("report", "sla", "--at", "9999-12-31"), "'9999-12-31' is out of range"),
        (("report", "volume", "--until", "0001-01-02"), "must be earlier than --until"),
        (("report", "sla", "--since", "yesterday"), "--since: 'yesterday' is not a time"),
        (("report", "sla", "--since", "1d", "--until", "2d"), "must be earlier than --until"),
        (("report", "sla", "--html", "nowhere/x.html"), "nowhere/x.html: No such file"),
        (("report", "sla", "--html", "."), "is not a regular file"),
        (("report", "sla", "--html", "-"), "is not a regular file"),
        (("report", "sla", "--html", "/dev/null"), "is not a regular file"),
        (("sla", "simulate"), "Missing option '--policy'"),
        (("sla", "simulate", "--policy", "none.toml"), "none.toml: No such file"),
    ],
)
def test_what_cannot_be_reported_is_refused_by_name(
    cli: Cli, words: tuple[str, ...], stated: str
) -> None:
    outcome = cli(*words)

    assert outcome.code == 2
    assert stated in outcome.err
    assert outcome.out == ""


def test_an_empty_desk_has_reports(cli: Cli, tmp_path: Path) -> None:
    for words in PAGES:
        page = ("--html", str(tmp_path / "page.html"), "--force")
        outcome = cli(*words, *page, "-o", "json")

        assert outcome.code == 0, outcome.err
        assert "</html>" in (tmp_path / "page.html").read_text(encoding="utf-8")
