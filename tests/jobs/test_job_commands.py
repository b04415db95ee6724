"""`savctl job` and `savctl scheduler` as scripts and people use them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock, system_clock
from savctl.scheduling.job import all_jobs
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.conversation import add_message
from tests.conftest import Cli
from tests.given import CUSTOMER, brought_to, rows, snapshot, write

ROOT = Path(__file__).parents[2]


@pytest.fixture
def due(database: Database, clock: SetClock) -> list[str]:
    """Two resolved tickets whose window was over long ago; the second is held by a reply."""
    free, held = (brought_to(database, clock, Status.RESOLVED) for _ in range(2))
    add_message(
        Operation(database, clock), held.id, sender=("customer", CUSTOMER), body="Not solved!"
    )
    return [free.ticket_number, held.ticket_number]


def answer(cli: Cli, *words: object, code: int = 0) -> Any:
    shown = cli(*words, "-o", "json")
    assert shown.code == code, shown.err
    return json.loads(shown.out)


def lease(database: Database, job: str, *, expires: str = "2099-01-01 00:00:00") -> None:
    write(
        database,
        "INSERT INTO savctl_leases (name, owner, token, expires_at)"
        f" VALUES ('{job}', 'web-2:99', 3, '{expires}')",
    )


def test_a_run_answers_with_its_report(cli: Cli, due: list[str]) -> None:
    report = answer(cli, "job", "run", "close-resolved")

    counts = {name: report[name] for name in ("seen", "changed", "skipped", "failed", "left")}
    assert counts == {"seen": 2, "changed": 1, "skipped": 1, "failed": 0, "left": 0}
    assert report["items"] == [
        {
            "id": 2,
            "ticket_number": due[1],
            "outcome": "skipped",
            "reason": "held: customer replied",
        }
    ]
    assert (report["job"], report["run_id"], report["dry_run"]) == ("close-resolved", 1, False)


def test_a_dry_run_lists_what_would_change_and_changes_nothing(
    cli: Cli, database: Database, due: list[str]
) -> None:
    before = snapshot(database)

    report = answer(cli, "job", "run", "close-resolved", "--dry-run")

    assert snapshot(database) == before
    assert [item["ticket_number"] for item in report["items"]] == due
    assert report["dry_run"] is True


def test_at_sets_the_clock_of_a_dry_run_only(cli: Cli, due: list[str]) -> None:
    early = ("job", "run", "close-resolved", "--at", "2025-10-03T12:00:00Z")

    assert answer(cli, *early, "--dry-run")["seen"] == 0
    assert cli(*early).code == 2


def test_a_table_tells_the_counts_and_the_tickets_worth_a_look(cli: Cli, due: list[str]) -> None:
    shown = cli("job", "run", "close-resolved")

    assert "close-resolved (run 1) ok: 2 seen, 1 changed, 1 skipped" in shown.out
    assert f"{due[1]}  skipped: held: customer replied" in shown.out


def test_too_many_closings_need_a_persons_word(
    cli: Cli, database: Database, due: list[str], monkeypatch: pytest.MonkeyPatch, clock: SetClock
) -> None:
    monkeypatch.setenv("SAVCTL_CLOSING_BRAKE", "1")
    brought_to(database, clock, Status.RESOLVED)

    braked = cli("job", "run", "close-resolved", "-o", "json")

    assert (braked.code, braked.out) == (6, "")
    payload = json.loads(braked.err)["error"]
    assert "savctl job run close-resolved --yes" in payload["hint"]
    assert rows(database, "SELECT id FROM support_tickets WHERE status = 'closed'") == []
    assert cli("job", "run", "close-resolved", "-n").code == 0  # no brake stops a dry run
    assert answer(cli, "job", "run", "close-resolved", "-n", "--yes")["changed"] == 2
    assert answer(cli, "job", "run", "close-resolved", "--yes")["changed"] == 2


def test_failed_items_exit_with_3_and_are_named(
    cli: Cli, database: Database, kind: str, due: list[str]
) -> None:
    refuse = (
        "BEGIN SELECT RAISE(ABORT, 'spoilt'); END"
        if kind == "sqlite"
        else "FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'spoilt'"
    )
    write(database, f"CREATE TRIGGER spoilt BEFORE UPDATE ON support_tickets {refuse}")
    try:
        report = answer(cli, "job", "run", "close-resolved", code=3)
    finally:
        write(database, "DROP TRIGGER spoilt")

    assert report["failed"] == 1
    assert [item["outcome"] for item in report["items"]] == ["failed", "skipped"]
    assert report["items"][0]["ticket_number"] == due[0]


def test_a_job_that_runs_elsewhere_exits_with_9(cli: Cli, database: Database) -> None:
    lease(database, "auto-close")

    shown = cli("job", "run", "auto-close")

    assert (shown.code, shown.out) == (9, "")
    assert "web-2:99" in shown.err
    assert cli("job", "run", "auto-close", "--dry-run").code == 0
    assert cli("job", "run", "close-resolved").code == 0


def test_unlock_frees_a_job_that_hangs(cli: Cli, database: Database) -> None:
    lease(database, "auto-close")

    assert cli("job", "unlock", "auto-close").code == 6
    assert answer(cli, "job", "unlock", "auto-close", "--dry-run")["changed"] is True
    assert cli("job", "run", "auto-close").code == 9
    freed = answer(cli, "job", "unlock", "auto-close", "--yes")

    assert freed == {
        "job": "auto-close",
        "was_held_by": "web-2:99",
        "changed": True,
        "dry_run": False,
    }
    assert cli("job", "run", "auto-close").code == 0
    assert answer(cli, "job", "unlock", "auto-close", "--yes")["changed"] is False


def test_a_dead_hosts_lease_needs_no_unlocking(cli: Cli, database: Database) -> None:
    lease(database, "auto-close", expires="2020-01-01 00:00:00")

    assert cli("job", "run", "auto-close").code == 0


def test_heal_is_for_jobs_that_know_it(cli: Cli, due: list[str]) -> None:
    assert cli("job", "run", "auto-close", "--heal").code == 0
    assert cli("job", "run", "close-resolved", "--heal").code == 2


def test_an_unknown_job_exits_with_4_and_a_guess(cli: Cli) -> None:
    shown = cli("job", "run", "autoclose")

    assert shown.code == 4
    assert "Did you mean 'auto-close'?" in shown.err


def test_due_runs_a_slot_once_and_says_so_otherwise(
    cli: Cli, database: Database, due: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = system_clock()  # its one slot of today
    monkeypatch.setenv("SAVCTL_SCHEDULE_CLOSE_RESOLVED", f"{now.minute} {now.hour} * * *")
    first = answer(cli, "job", "run", "close-resolved", "--due")

    again = cli("job", "run", "close-resolved", "--due", "-o", "json")

    assert first["changed"] == 1
    assert (again.code, again.out) == (0, "")
    assert "nothing to do" in again.err
    stored = rows(database, "SELECT started_by FROM savctl_runs")
    assert stored == [{"started_by": "cron"}]


def test_history_shows_runs_newest_first(cli: Cli, due: list[str]) -> None:
    cli("job", "run", "close-resolved")
    cli("job", "run", "auto-close")
    cli("job", "run", "close-resolved")

    assert [run["id"] for run in answer(cli, "job", "history")] == [3, 2, 1]
    assert [run["id"] for run in answer(cli, "job", "history", "close-resolved")] == [3, 1]
    assert len(answer(cli, "job", "history", "--limit", 1)) == 1
    first = answer(cli, "job", "history", "--run", 1)
    assert (first["status"], first["changed"], first["report"]["seen"]) == ("ok", 1, 2)
    assert cli("job", "history", "--run", 99).code == 4
    assert cli("job", "history", "nothing").code == 4


def test_list_shows_every_job_with_its_next_slot(cli: Cli, database: Database) -> None:
    lease(database, "auto-close")
    cli("job", "run", "close-resolved")

    listed = {row["job"]: row for row in answer(cli, "job", "list")}

    assert list(listed) == sorted(all_jobs())
    assert listed["auto-close"]["running_on"] == "web-2:99"
    assert listed["close-resolved"]["last_status"] == "ok"
    assert listed["close-resolved"]["next_slot"].endswith("Z")
    assert cli("job", "list", "-o", "ids").out.split() == sorted(all_jobs())


def test_why_names_the_reason(cli: Cli, database: Database, due: list[str]) -> None:
    before = snapshot(database)
    output = answer(cli, "job", "why", "auto-close", "--at", "2025-10-03T10:20:00Z")
    assert output["because"] == "it has never run; its first slot is in the future"
    output = answer(cli, "job", "why", "auto-close", "--at", "2025-10-03T10:30:20Z")
    assert output["because"].startswith("Overdue since 2025-10-03 10:30Z: no scheduler is running")
    assert snapshot(database) == before  # asking changes nothing

    lease(database, "auto-close")
    assert answer(cli, "job", "why", "auto-close")["because"] == "it is running on web-2:99"
    write(database, "DELETE FROM savctl_leases")

    cli("job", "run", "auto-close")
    write(database, "UPDATE savctl_runs SET status = 'braked', error = 'too many'")
    output = answer(cli, "job", "why", "auto-close")
    assert output["last_error"] == "too many"
    assert output["last_run"]["status"] == "braked"


def test_next_lists_coming_slots_soonest_first(cli: Cli) -> None:
    coming = answer(cli, "job", "next", "--count", 2, "--at", "2025-10-03T10:30:00Z")

    closings = [row for row in coming if row["job"] in {"auto-close", "close-resolved"}]
    assert [(row["job"], row["slot"]) for row in closings] == [
        ("close-resolved", "2025-10-03T10:37:00Z"),
        ("auto-close", "2025-10-03T10:45:00Z"),
        ("close-resolved", "2025-10-03T10:52:00Z"),
        ("auto-close", "2025-10-03T11:00:00Z"),
    ]


def test_the_example_crontab_is_what_the_command_prints(cli: Cli) -> None:
    assert cli("job", "crontab").out == (ROOT / "crontab.example").read_text()


def test_a_crontab_reads_the_file_that_it_was_made_with(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "of 100%.toml"
    file.write_text("embedded = true", encoding="utf-8")

    lines = cli("job", "crontab", "--config", file).out.splitlines()

    commands = [line for line in lines if "savctl job run" in line]
    escaped = str(file).replace("%", "\\%")
    assert commands
    assert all(f"--config '{escaped}' >/dev/null" in line for line in commands)


def test_every_line_of_the_crontab_runs_a_job_when_it_is_due(cli: Cli) -> None:
    lines = (ROOT / "crontab.example").read_text().splitlines()

    commands = [line.split("  ")[-1] for line in lines if "savctl job run" in line]

    assert len(commands) == len(all_jobs())
    for command in commands:
        words = command.removesuffix(" >/dev/null").split()[1:]
        assert cli(*words).code == 0


def test_a_job_that_is_off_has_no_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAVCTL_SCHEDULE_AUTO_CLOSE", "off")

    assert "auto-close" not in cli("job", "crontab").out
    assert {row["job"]: row["next_slot"] for row in answer(cli, "job", "list")}[
        "auto-close"
    ] is None


def test_a_wrong_schedule_is_a_configuration_error(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_SCHEDULE_AUTO_CLOSE", "0 3 * * 0")

    for words in (("job", "list"), ("scheduler", "tick"), ("scheduler", "run")):
        shown = cli(*words)
        assert shown.code == 2
        assert "SAVCTL_SCHEDULE_AUTO_CLOSE" in shown.err


def test_a_tick_runs_what_is_due(
    cli: Cli, database: Database, due: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_SCHEDULE_CLOSE_RESOLVED", "* * * * *")
    monkeypatch.setenv("SAVCTL_SCHEDULE_AUTO_CLOSE", "* * * * *")

    [ran] = answer(cli, "scheduler", "tick", "--only", "close-resolved")

    stored = rows(database, "SELECT job, started_by, changed FROM savctl_runs")
    assert stored == [{"job": "close-resolved", "started_by": "tick", "changed": 1}]
    assert (ran["job"], ran["run_id"], ran["outcome"]) == ("close-resolved", 1, "ok")
    assert (ran["seen"], ran["changed"], ran["skipped"], ran["failed"]) == (2, 1, 1, 0)
    assert cli("scheduler", "tick", "--only", "x").code == 4
    assert cli("scheduler", "tick", "--only", "auto-close", "--except", "auto-close").code == 2


def test_a_tick_that_was_braked_says_so(
    cli: Cli, database: Database, due: list[str], monkeypatch: pytest.MonkeyPatch, clock: SetClock
) -> None:
    brought_to(database, clock, Status.RESOLVED)
    monkeypatch.setenv("SAVCTL_SCHEDULE_CLOSE_RESOLVED", "* * * * *")
    monkeypatch.setenv("SAVCTL_CLOSING_BRAKE", "1")

    shown = cli("scheduler", "tick", "--only", "close-resolved", "-o", "json")

    assert shown.code == 6
    [ran] = json.loads(shown.out)
    assert (ran["outcome"], ran["run_id"]) == ("braked", None)
    assert "would close" in ran["reason"]
    assert "savctl job run close-resolved --yes" in shown.err


def test_a_tick_with_nothing_due_is_an_empty_list(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_SCHEDULE_AUTO_CLOSE", "off")

    shown = cli("scheduler", "tick", "--only", "auto-close", "-o", "json")

    assert (shown.code, json.loads(shown.out)) == (0, [])
    assert "no job is due" in shown.err


def test_status_says_when_no_scheduler_is_alive(cli: Cli) -> None:
    shown = cli("scheduler", "status", "-o", "json")

    assert (shown.code, json.loads(shown.out)) == (0, [])
    assert "no scheduler is alive" in shown.err


def test_a_scheduler_does_not_wait_for_a_schema_that_is_not_there(
    cli: Cli, servers: Any, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "sqlite":
        pytest.skip("an embedded database makes its schema by itself")
    servers.of(kind).drop_database("no_schema")
    monkeypatch.setenv("SAVCTL_DATABASE_URL", servers.of(kind).create_database("no_schema"))

    shown = cli("scheduler", "run")

    assert shown.code == 2
    assert "has no savctl schema" in shown.err


def test_history_is_narrowed_to_runs_that_ended_so(cli: Cli, database: Database) -> None:
    for status in ("ok", "failed", "running"):
        write(
            database,
            "INSERT INTO savctl_runs (job, started_by, status, attempt, host, token, started_at,"
            " seen, changed, skipped, failed, left_over) VALUES ('auto-close', 'hand',"
            f" '{status}', 1, 'web-1', 1, '2025-10-03 10:00:00', 0, 0, 0, 0, 0)",
        )

    found = {
        words: [row["status"] for row in answer(cli, "job", "history", "--status", words)]
        for words in ("failed", "abandoned", "running", "failed,ok")
    }

    assert found == {
        "failed": ["failed"],
        "abandoned": ["abandoned"],  # nobody holds the lease of the run that "runs"
        "running": [],
        "failed,ok": ["failed", "ok"],
    }
    assert cli("job", "history", "--status", "fialed").code == 2


def test_a_run_id_in_the_place_of_a_name_is_explained(cli: Cli) -> None:
    shown = cli("job", "history", "455", "-o", "json")

    assert (shown.code, shown.out) == (2, "")
    assert json.loads(shown.err)["error"]["hint"] == (
        "Run 'savctl job history --run 455' for that run."
    )


def test_the_list_shows_what_each_job_does(cli: Cli) -> None:
    assert all(job.summary in cli("job", "list").out for job in all_jobs().values())
