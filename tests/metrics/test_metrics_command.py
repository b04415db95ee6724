"""`savctl metrics`: names, values, the text file, the database away (rules 18.1)."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.persistence.schema import versions
from savctl.ports import Clock, system_clock
from tests.conftest import Cli
from tests.given import brought_to, created, write
from tests.metrics.conftest import Metrics, samples

pytestmark = pytest.mark.each_database
SETTLED = [
    "savctl_up",
    "savctl_build_info",
    "savctl_schema_revision_info",
    "savctl_clock_skew_seconds",
    "savctl_tickets",
    "savctl_tickets_unassigned",
    "savctl_sla_running_breaches",
    "savctl_sla_breaches_total",
    "savctl_sla_met_ratio",
    "savctl_sla_due_soon",
    "savctl_job_last_start_timestamp_seconds",
    "savctl_job_last_end_timestamp_seconds",
    "savctl_job_last_success_timestamp_seconds",
    "savctl_job_last_duration_seconds",
    "savctl_job_runs_total",
    "savctl_job_items_total",
    "savctl_job_backlog",
    "savctl_job_running",
    "savctl_job_overdue_seconds",
    "savctl_lease_held",
    "savctl_events_waiting",
    "savctl_events_dead",
    "savctl_events_oldest_age_seconds",
    "savctl_events_published_total",
    "savctl_events_refused_total",
    "savctl_event_confirm_seconds",
    "savctl_db_connections",
    "savctl_db_slow_queries_total",
    "savctl_table_rows",
    "savctl_table_bytes",
    "savctl_table_free_bytes",
    "savctl_bucket_objects",
    "savctl_bucket_bytes",
    "savctl_bucket_free_bytes",
    "savctl_orphans",
    "savctl_files_missing",
    "savctl_index_unused",
    "savctl_index_missing",
    "savctl_backup_last_success_timestamp_seconds",
    "savctl_backup_last_proven_timestamp_seconds",
    "savctl_backup_bytes",
    "savctl_erasures",
    "savctl_sync_messages_total",
    "savctl_sync_dead",
    "savctl_sync_lag_seconds",
    "savctl_refusals_total",
]
AWAY = "mysql+pymysql://nobody@127.0.0.1:1/nothing"


def test_every_settled_name_has_its_kind_and_a_help(cli: Cli) -> None:
    shown = cli("metrics").out

    kinds = dict(re.findall(r"^# TYPE (\S+) (\w+)$", shown, re.MULTILINE))
    helps = set(re.findall(r"^# HELP (\S+) \S", shown, re.MULTILINE))
    for name in SETTLED:
        kind = "counter" if name.endswith("_total") else "gauge"
        assert kinds[name] == ("histogram" if name == "savctl_event_confirm_seconds" else kind)
        assert name in helps


def test_tickets_are_counted_by_status_and_priority(database: Database, metrics: Metrics) -> None:
    for status in (Status.OPEN, Status.OPEN, Status.WAITING_CUSTOMER, Status.CLOSED):
        brought_to(database, system_clock, status)

    found = metrics()

    assert found['savctl_tickets{priority="medium",status="open"}'] == 2
    assert found['savctl_tickets{priority="medium",status="waiting_customer"}'] == 1
    assert found['savctl_tickets{priority="medium",status="closed"}'] == 1
    assert found['savctl_tickets{priority="urgent",status="open"}'] == 0
    assert found["savctl_tickets_unassigned"] == 2
    assert found["savctl_up"] == 1
    assert found[f'savctl_schema_revision_info{{revision="{versions.HEAD}"}}'] == 1


def test_connections_and_slow_queries_are_those_of_a_server(
    database: Database, metrics: Metrics
) -> None:
    found = metrics()

    is_there = 'savctl_db_connections{state="used"}' in found
    assert is_there is not database.is_sqlite
    assert ("savctl_db_slow_queries_total" in found) is not database.is_sqlite
    if is_there:
        assert found['savctl_db_connections{state="used"}'] >= 1
        assert found['savctl_db_connections{state="allowed"}'] > 1
    assert found['savctl_table_rows{table="support_tickets"}'] == 0
    assert found['savctl_table_bytes{table="support_tickets"}'] > 0


def test_runs_of_jobs_are_counted(database: Database, cli: Cli, metrics: Metrics) -> None:
    created(database, system_clock)

    assert cli("job", "run", "sla-escalation").code == 0
    assert cli("job", "run", "sla-escalation").code == 0

    found = metrics()
    assert found['savctl_job_runs_total{job="sla-escalation",outcome="ok"}'] == 2
    assert found['savctl_job_items_total{job="sla-escalation",kind="seen"}'] >= 1
    assert found['savctl_job_running{job="sla-escalation"}'] == 0
    end = found['savctl_job_last_end_timestamp_seconds{job="sla-escalation"}']
    assert abs(end - system_clock().timestamp()) < 600
    assert found['savctl_job_last_success_timestamp_seconds{job="sla-escalation"}'] == end


def test_a_counter_does_not_fall_when_its_rows_are_removed(
    database: Database, cli: Cli, metrics: Metrics
) -> None:
    cli("job", "run", "sla-escalation")
    before = metrics()

    with database.connection() as connection:
        for table in ("savctl_runs", "savctl_sla_breaches", "savctl_outbox", "savctl_inbox"):
            connection.execute(text(f"DELETE FROM {table}"))
        connection.commit()

    after = metrics()
    counters = [name for name in before if "_total" in name]
    assert len(counters) > 100
    assert {name: after[name] for name in counters} == {name: before[name] for name in counters}


def test_the_text_file_is_whole_and_readable_by_everybody(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "savctl.prom"

    assert cli("metrics", "--textfile", file).code == 0

    assert samples(file.read_text(encoding="utf-8"))["savctl_up"] == 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert [path.name for path in tmp_path.glob("*.prom*")] == ["savctl.prom"]


def test_a_folder_that_is_not_there_is_wrong_usage(cli: Cli, tmp_path: Path) -> None:
    assert cli("metrics", "--textfile", tmp_path / "no" / "savctl.prom").code == 2


@pytest.mark.only_on("sqlite")
def test_without_a_database_the_text_file_holds_that_and_nothing_else(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "savctl.prom"
    file.write_text("savctl_up 1\nsavctl_tickets 5\n", encoding="utf-8")
    monkeypatch.setenv("SAVCTL_DATABASE_URL", AWAY)

    assert cli("metrics", "--textfile", file).code == 8
    printed = cli("metrics")

    lines = file.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["savctl_up 0"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert (printed.code, printed.out) == (8, "")


def test_refusals_are_counted_by_kind(
    cli: Cli, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("SAVCTL_TOKEN", "no.such.token")
        patched.setenv("SAVCTL_TOKEN_KEY", "x" * 40)
        assert cli("ticket", "list").code == 7

    assert metrics()['savctl_refusals_total{kind="token"}'] == 1


def test_what_other_programs_name_is_in_no_label(
    database: Database, cli: Cli, clock: Clock
) -> None:
    ticket = created(
        database,
        system_clock,
        subject="MARKERSUBJECT",
        description="MARKERTEXT",
        category="MARKERCATEGORY",
    )
    write(
        database,
        "INSERT INTO ticket_attachments (ticket_id, original_name, filename, file_path, mime_type,"
        f" file_size, created_at, updated_at) VALUES ({ticket.id}, 'MARKERFILE.pdf', 'MARKERFILE',"
        " 'tickets/MARKERFILE', 'application/marker', 5, '2025-10-03 08:00:00',"
        " '2025-10-03 08:00:00')",
    )
    write(
        database,
        "INSERT INTO users (id, email, firstname, lastname) VALUES"
        " (456, 'marker@example.org', 'MARKERNAME', 'MARKERNAME')",
    )
    with database.connection() as connection:
        connection.execute(text("CREATE TABLE markertable (id INTEGER PRIMARY KEY)"))
        connection.commit()
    try:
        shown = cli("metrics").out + cli("metrics", "-o", "json").out
    finally:
        with database.connection() as connection:
            connection.execute(text("DROP TABLE markertable"))
            connection.commit()

    assert "marker" not in shown.lower()
    assert len([line for line in shown.splitlines() if line[:1].isalpha()]) < 1_500
