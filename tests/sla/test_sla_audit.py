"""`savctl sla audit` and the job sla-audit: every clock again, against what is written down."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from savctl.domain.clock import second_text
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.sla.policy import Policies
from savctl.persistence.engine import Database
from savctl.ports import SetClock, system_clock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.operation import Operation
from savctl.usecases.sla.auditing import audit, last_audit
from savctl.usecases.sla.escalating import escalate
from savctl.usecases.tickets.assignment import assign_ticket
from savctl.usecases.tickets.conversation import add_message
from savctl.usecases.tickets.transitions import move_ticket
from tests.conftest import Cli
from tests.given import AGENT, BOSS, created, rows, snapshot, write
from tests.tickets.closing.test_closing import spoilt

pytestmark = pytest.mark.each_database("candidates are found by SQL")

HOUR = timedelta(hours=1)
NAMES = ("missed", "late", "doubled", "unfounded", "wiped", "unledgered", "partial")
CLEAN, FINDINGS = 0, 10


@pytest.fixture
def past(clock: SetClock) -> SetClock:
    """A clock ten days behind the machine's: the audit, which is a writer, runs by that one."""
    clock.at = system_clock().replace(microsecond=0) - timedelta(days=10)
    return clock


def scanned(database: Database, clock: SetClock) -> None:
    escalate(database, clock, terms=BatchContext(report=BatchReport()))


def solved_late(database: Database, clock: SetClock) -> int:
    """An urgent ticket that was solved after six hours, and that no scan has seen."""
    ticket = created(database, clock, priority=Priority.URGENT)
    assign_ticket(Operation(database, clock, actor=BOSS), ticket.id, to=AGENT)
    clock.advance(HOUR / 2)
    add_message(Operation(database, clock), ticket.id, sender=("agent", AGENT), body="We look.")
    clock.advance(5.5 * HOUR)
    move_ticket(Operation(database, clock, actor=AGENT), ticket.id, Status.RESOLVED)
    return ticket.id


def found_late(database: Database, clock: SetClock) -> int:
    """An urgent ticket of which a scan found the late answer in time."""
    ticket = created(database, clock, priority=Priority.URGENT)
    clock.advance(HOUR + timedelta(minutes=1))
    scanned(database, clock)
    add_message(Operation(database, clock), ticket.id, sender=("agent", AGENT), body="We look.")
    assign_ticket(Operation(database, clock, actor=BOSS), ticket.id, to=AGENT)
    move_ticket(Operation(database, clock, actor=AGENT), ticket.id, Status.RESOLVED)
    return ticket.id


def audited(cli: Cli, *words: str) -> tuple[int, dict[str, Any], dict[str, int]]:
    """The exit code, the report, and what was found."""
    outcome = cli("sla", "audit", *words, "-o", "json")
    report = json.loads(outcome.out)
    return outcome.code, report, {name: report[name] for name in NAMES if report[name]}


def breaches(database: Database) -> list[dict[str, Any]]:
    return rows(database, "SELECT * FROM savctl_sla_breaches ORDER BY ticket_id, side")


def events(database: Database) -> int:
    stored_rows = rows(database, "SELECT id FROM savctl_outbox WHERE event = 'TicketSLABreach'")
    return len(stored_rows)


def test_a_sound_desk_is_clean(cli: Cli, database: Database, past: SetClock) -> None:
    found_late(database, past)

    code, report, found = audited(cli)

    assert (code, found) == (CLEAN, {})
    assert report["tickets"] == 1


def test_a_breach_that_no_scan_saw_is_recorded_and_reported_and_raises_nothing(
    cli: Cli, database: Database, past: SetClock
) -> None:
    ticket = solved_late(database, past)

    code, report, found = audited(cli)

    assert (code, found) == (FINDINGS, {"missed": 1})
    (item,) = report["items"]
    assert (item["id"], item["finding"]) == (ticket, "missed")
    assert item["detail"] == "resolution: 360 of 240 min"
    (breach,) = breaches(database)
    assert (breach["side"], breach["actual_minutes"], breach["raised_to"]) == (
        *("resolution", 360),
        None,
    )
    assert events(database) == 1
    (row,) = rows(database, "SELECT priority, status FROM support_tickets")
    assert (row["priority"], row["status"]) == ("urgent", "resolved")


@pytest.mark.parametrize(("minutes", "missed"), [(0, 0), (10, 0), (11, 1)])
def test_what_passed_a_moment_ago_is_the_scans_to_find(
    database: Database, past: SetClock, minutes: int, missed: int
) -> None:
    """Else every audit of a busy desk would cry that the scan does not run."""
    created(database, past, priority=Priority.URGENT)
    past.advance(HOUR + timedelta(minutes=minutes, seconds=minutes == 0))

    report = audit(database, past, terms=BatchContext(report=BatchReport()), policies=Policies())

    assert (report.counts.total(), len(breaches(database))) == (missed, missed)


def test_the_second_audit_finds_only_that_the_first_was_late(
    cli: Cli, database: Database, past: SetClock
) -> None:
    solved_late(database, past)
    audited(cli)
    before = breaches(database)

    _, _, found = audited(cli)

    assert found == {"late": 1}
    assert breaches(database) == before
    assert events(database) == 1


def test_a_dry_run_tells_all_of_it_and_changes_nothing(
    cli: Cli, database: Database, past: SetClock
) -> None:
    solved_late(database, past)
    before = snapshot(database)

    code, _, found = audited(cli, "--dry-run")

    assert (code, found) == (FINDINGS, {"missed": 1})
    assert snapshot(database) == before


def test_what_another_program_removed_is_put_back_and_not_reported_again(
    cli: Cli, database: Database, past: SetClock
) -> None:
    found_late(database, past)
    write(
        database, "UPDATE support_tickets SET metadata = JSON_REMOVE(metadata, '$.sla.breaches')"
    )

    code, _, found = audited(cli)

    assert (code, found) == (FINDINGS, {"wiped": 1})
    (row,) = rows(database, "SELECT metadata FROM support_tickets")
    (stored,) = json.loads(row["metadata"])["sla"]["breaches"]
    assert (stored["type"], stored["expected_minutes"]) == ("response", 60)
    assert events(database) == 1
    assert audited(cli)[2] == {}


def test_what_only_the_metadata_has_comes_into_the_ledger(
    cli: Cli, database: Database, past: SetClock
) -> None:
    found_late(database, past)
    (known,) = breaches(database)
    write(database, "DELETE FROM savctl_sla_breaches")

    code, _, found = audited(cli)

    assert (code, found) == (FINDINGS, {"unledgered": 1})
    (again,) = breaches(database)
    assert {k: v for k, v in again.items() if k != "run_id"} == {
        k: v for k, v in known.items() if k != "run_id"
    }
    assert events(database) == 1


def test_a_partial_history_is_reported_and_left_alone(
    cli: Cli, database: Database, past: SetClock
) -> None:
    created(database, past, priority=Priority.URGENT)
    write(database, "UPDATE support_tickets SET status = 'in_progress', assigned_to = 10")

    code, report, found = audited(cli)

    assert (code, found) == (FINDINGS, {"partial": 1})
    assert "the history ends in open" in report["items"][0]["detail"]
    assert breaches(database) == []


def test_many_missed_breaches_need_a_persons_word(
    cli: Cli, database: Database, past: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_SLA_AUDIT_BRAKE", "1")
    for _ in range(2):
        solved_late(database, past)

    braked = cli("job", "run", "sla-audit")

    assert braked.code == 6
    assert "would publish 2 breaches that no scan saw, more than 1" in braked.err
    assert "savctl job run sla-audit --yes" in braked.err
    assert breaches(database) == []
    assert cli("job", "run", "sla-audit", "--yes").code == 0
    assert len(breaches(database)) == 2


def test_the_last_report_is_kept_and_shown(cli: Cli, database: Database, past: SetClock) -> None:
    none_yet = cli("sla", "audit", "--last")
    solved_late(database, past)

    _, made, _ = audited(cli)
    code, last, found = audited(cli, "--last")

    assert (none_yet.code, "no audit has run yet" in none_yet.err) == (4, True)
    assert (code, last, found) == (FINDINGS, made, {"missed": 1})


@pytest.mark.parametrize("pages", [0, 1, 3])
def test_an_audit_that_is_stopped_while_it_reads_is_not_done(
    database: Database, past: SetClock, pages: int
) -> None:
    """Else nobody would run it again before next week. At the end of its reading it is done."""
    for _ in range(3):
        found_late(database, past)
    answers = iter([False] * pages)
    report = BatchReport()
    terms = BatchContext(report=report, size=1, should_stop=lambda: next(answers, True))

    audit(database, past, terms=terms, policies=Policies())

    assert (report.seen, report.left) == (pages, 3 - pages)
    assert (last_audit(database) is not None) is (pages == 3)


def test_a_ticket_that_cannot_be_repaired_is_named_and_the_others_are(
    cli: Cli, database: Database, past: SetClock, kind: str
) -> None:
    bad, good = solved_late(database, past), solved_late(database, past)

    with spoilt(database, kind, bad):
        outcome = cli("sla", "audit", "-o", "json")

    report = json.loads(outcome.out)
    assert (outcome.code, report["changed"], report["failed"]) == (3, 1, 1)
    assert [(item["id"], item["outcome"]) for item in report["items"]] == [(bad, "failed")]
    assert [breach["ticket_id"] for breach in breaches(database)] == [good]


def test_people_get_it_in_words(cli: Cli, database: Database, past: SetClock) -> None:
    solved_late(database, past)

    outcome = cli("sla", "audit")

    assert outcome.code == FINDINGS
    assert "1 ticket audited at" in outcome.out
    assert "1  breaches that no scan saw, recorded now" in outcome.out
    assert "missed: resolution: 6 h of 4 h" in outcome.out


def test_the_scan_job_reports_what_it_found(cli: Cli, database: Database, past: SetClock) -> None:
    ticket = created(database, past)

    dry = json.loads(cli("job", "run", "sla-escalation", "--dry-run", "-o", "json").out)
    real = json.loads(cli("job", "run", "sla-escalation", "-o", "json").out)
    again = json.loads(cli("job", "run", "sla-escalation", "-o", "json").out)

    (item,) = dry["items"]
    assert (item["ticket_number"], item["outcome"]) == (ticket.ticket_number, "changed")
    assert "raised medium → high" in item["reason"]
    assert (real["changed"], real["failed"], again["changed"]) == (1, 0, 0)
    assert second_text(past()) < real["started_at"]
