"""Faults that alerts are there for: how each is made, and how it is mended.

What takes hours to grow old is made old where it is stored: a slot, a backup, a waiting event.
Limits of alerts are never changed.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path

from savctl.adapters.directory.store import DirectoryStore
from savctl.domain.clock import micro_text
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.persistence.backups import records
from savctl.persistence.backups.records import BackupKind, BackupRecord, BackupState
from savctl.persistence.metrics.refusals import RefusalKind, count_refusal
from savctl.ports import system_clock
from tests.crash.processes import wait_until
from tests.given import brought_to, created, rows, write
from tests.metrics.monitored_site import MonitoredSite
from tests.servers.network.tcp_proxy import Towards
from tests.servers.ports import free_port
from tests.sync.outside import Service

Work = Callable[[MonitoredSite], object]
_MANY = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault in words, the alert that notices it, and how it is made and mended."""

    alert: str
    fault: str
    make: Work
    mend: Work = lambda _: None
    labels: tuple[tuple[str, str], ...] = ()


def shift(site: MonitoredSite, table: str, column: str, where: str = "1 = 1", **by: float) -> None:
    """Make rows so much older."""
    seconds = timedelta(**by).total_seconds()
    write(
        site.database,
        f"UPDATE {table} SET {column} = {column} - INTERVAL {seconds:.0f} SECOND WHERE {where}",
    )


def backup_again(site: MonitoredSite) -> None:
    site.savctl("backup", "create")


def prove_again(site: MonitoredSite) -> None:
    site.savctl("job", "run", "backup-verify")


def no_dump_for_a_day(site: MonitoredSite) -> None:
    shift(site, "savctl_backups", "made_at", "kind = 'dump'", hours=27)


def no_proof_for_days(site: MonitoredSite) -> None:
    shift(site, "savctl_backups", "verified_at", "kind = 'dump'", days=9)


def drilled(state: BackupState) -> Work:
    def work(site: MonitoredSite) -> None:
        now = system_clock()
        record = BackupRecord(
            id=f"drill-{now:%H%M%S%f}",
            kind=str(BackupKind.DRILL),
            state=str(state),
            made_at=now,
            verified_at=now,
            bytes=1,
            place="",
        )
        site.database.transaction(lambda connection: records.store(connection, record))

    return work


def nobody_runs_auto_close(site: MonitoredSite) -> None:
    """This site's scheduler does not run it; somebody knows it for two hours."""
    since = micro_text(system_clock() - timedelta(hours=2))
    write(site.database, "DELETE FROM savctl_meta WHERE name = 'job-known-since:auto-close'")
    write(
        site.database,
        f"INSERT INTO savctl_meta (name, value) VALUES ('job-known-since:auto-close', '{since}')",
    )


def run_auto_close(site: MonitoredSite) -> None:
    site.savctl("job", "run", "auto-close", "--due")


def job_without_its_keys(site: MonitoredSite) -> None:
    site.savctl("job", "run", "backup", code=2, SAVCTL_BACKUP_ENCRYPT="true")


def job_without_its_store(site: MonitoredSite) -> None:
    away = {
        "SAVCTL_STORAGE_URL": "s3://bucket",
        "SAVCTL_STORAGE_ENDPOINT": f"http://127.0.0.1:{free_port()}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    for _ in range(3):
        site.savctl("job", "run", "orphan-cleanup", code=8, **away)


def too_many_closings(site: MonitoredSite) -> None:
    for _ in range(2):
        brought_to(site.database, site.clock(days=9), Status.RESOLVED)
    site.savctl("job", "run", "close-resolved", code=6, SAVCTL_CLOSING_BRAKE="1")


def close_them(site: MonitoredSite) -> None:
    site.savctl("job", "run", "close-resolved")


def a_run_that_left_items(site: MonitoredSite) -> None:
    site.savctl("job", "run", "cache-cleanup")
    write(site.database, "UPDATE savctl_runs SET left_over = 7 WHERE job = 'cache-cleanup'")


def a_run_that_hangs(site: MonitoredSite) -> None:
    began = f"{system_clock() - timedelta(hours=7):%Y-%m-%d %H:%M:%S}"
    write(
        site.database,
        "INSERT INTO savctl_runs (job, started_by, status, host, token, started_at) VALUES"
        f" ('archive', 'cron', 'running', 'web-2:99', 3, '{began}')",
    )
    write(
        site.database,
        "INSERT INTO savctl_leases (name, owner, token, expires_at)"
        " VALUES ('archive', 'web-2:99', 3, '2099-01-01 00:00:00')",
    )


def end_that_run(site: MonitoredSite) -> None:
    write(site.database, "DELETE FROM savctl_leases WHERE name = 'archive'")
    write(site.database, "DELETE FROM savctl_runs WHERE job = 'archive'")


def figures_that_grew_old(site: MonitoredSite) -> None:
    site.savctl("job", "run", "auto-close")
    shift(site, "savctl_figures", "made_at", "name = 'tables'", hours=7)


def count_them_again(site: MonitoredSite) -> None:
    site.savctl("job", "run", "auto-close")


class Visitors:
    """Connections to the server that others hold, or use for slow statements."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def take_most_connections(self, site: MonitoredSite) -> None:
        for _ in range(85):
            connection = site.server.connect()
            self._open.callback(connection.close)

    def leave(self, _: MonitoredSite) -> None:
        self._open.close()

    def ask_slowly(self, site: MonitoredSite) -> None:
        def work() -> None:
            connection = site.server.connect()
            with connection, connection.cursor() as cursor:
                cursor.execute("SET SESSION long_query_time = 0.1")
                while not self._over.is_set():
                    cursor.execute("SELECT SLEEP(0.12)")
                    cursor.fetchall()

        self._thread = threading.Thread(target=work)
        self._thread.start()

    def ask_no_more(self, _: MonitoredSite) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()


def an_index_dropped(site: MonitoredSite) -> None:
    write(site.database, "ALTER TABLE support_tickets DROP INDEX support_tickets_order_id_index")
    write(site.database, "DELETE FROM savctl_figures WHERE name = 'indexes'")
    site.savctl("job", "run", "auto-close")


def the_index_made(site: MonitoredSite) -> None:
    columns = "support_tickets_order_id_index (order_id)"
    write(site.database, f"ALTER TABLE support_tickets ADD INDEX {columns}")
    write(site.database, "DELETE FROM savctl_figures WHERE name = 'indexes'")
    site.savctl("job", "run", "auto-close")


def files_on(path: Callable[[MonitoredSite], Path]) -> Work:
    def work(site: MonitoredSite) -> None:
        new = site.folder / "new"
        new.symlink_to(path(site))
        new.replace(site.files)

    return work


def an_object_that_is_lost(site: MonitoredSite) -> None:
    file = site.folder / "note.txt"
    file.write_text("hello")
    ticket = created(site.database, system_clock).id
    site.savctl("attachment", "add", f"id:{ticket}", str(file))
    shift(site, "ticket_attachments", "created_at", days=2)
    write(site.database, "UPDATE ticket_attachments SET file_path = CONCAT(file_path, '.lost')")
    site.savctl("job", "run", "orphan-cleanup", "--force")


def the_object_found(site: MonitoredSite) -> None:
    write(
        site.database,
        "UPDATE ticket_attachments SET file_path = LEFT(file_path, CHAR_LENGTH(file_path) - 5)",
    )
    site.savctl("job", "run", "orphan-cleanup", "--force")


def many_objects_without_a_record(site: MonitoredSite) -> None:
    """Of another program, a day old: savctl knows none of them."""
    store = DirectoryStore(site.disk)
    for number in range(1_001):
        key = f"tickets/9/{number:032x}.png"
        store.put(key, BytesIO(b"x"), size_bytes=1, content_type="image/png")
    store.close()
    with closing(sqlite3.connect(site.disk / "index.db")) as index, index:
        index.execute("UPDATE versions SET modified_at = modified_at - 2 * 86400")
    site.savctl("job", "run", "orphan-cleanup", code=6)


def they_are_removed(site: MonitoredSite) -> None:
    site.savctl("job", "run", "orphan-cleanup", "--force")
    site.savctl("job", "run", "orphan-cleanup")


def a_ticket_that_cannot_be_closed(site: MonitoredSite) -> None:
    """A trigger of another program refuses it."""
    ticket = brought_to(site.database, site.clock(days=9), Status.RESOLVED)
    write(
        site.database,
        "CREATE TRIGGER zz_refuses BEFORE UPDATE ON support_tickets FOR EACH ROW"
        f" IF OLD.id = {ticket.id} THEN SIGNAL SQLSTATE '45000'; END IF",
    )
    site.savctl("job", "run", "close-resolved", code=3)


def it_can_be_closed(site: MonitoredSite) -> None:
    write(site.database, "DROP TRIGGER zz_refuses")
    site.savctl("job", "run", "close-resolved")


def events_without_a_queue(site: MonitoredSite) -> None:
    created(site.database, system_clock)


def a_queue_for_them(site: MonitoredSite) -> None:
    site.bind_queue()
    for row in rows(site.database, "SELECT id FROM savctl_outbox WHERE dead_at IS NOT NULL"):
        site.savctl("event", "retry", str(row["id"]))


def an_event_waits(site: MonitoredSite) -> None:
    created(site.database, system_clock)
    shift(site, "savctl_outbox", "occurred_at", "published_at IS NULL", hours=1)


def broker_away(site: MonitoredSite) -> None:
    site.to_broker.refuse()
    site.to_broker.cut()
    an_event_waits(site)


def broker_back(site: MonitoredSite) -> None:
    site.to_broker.refuse(False)


def broker_slow(site: MonitoredSite) -> None:
    site.to_broker.delay(1.2, Towards.CLIENT)
    for _ in range(3):
        created(site.database, system_clock)


def broker_fast(site: MonitoredSite) -> None:
    site.to_broker.delay(0, Towards.CLIENT)


def tickets_without_an_answer(site: MonitoredSite) -> None:
    for _ in range(_MANY):
        created(site.database, site.clock(hours=20), priority=Priority.URGENT)
    site.savctl("job", "run", "sla-escalation")


def tickets_of_last_week(site: MonitoredSite) -> None:
    where = "priority = 'urgent'"
    shift(site, "support_tickets", "created_at", where, days=3)
    write(site.database, f"UPDATE support_tickets SET status = 'closed' WHERE {where}")


def a_message_nobody_understands(site: MonitoredSite) -> None:
    site.savctl("sync", "setup", "--exchanges")
    service = Service(site.broker_url)
    service.send(b"no JSON at all")
    service.close()


def messages_dropped(site: MonitoredSite) -> None:
    for row in rows(site.database, "SELECT id FROM savctl_dead_messages"):
        site.savctl("sync", "dead", "drop", str(row["id"]), "--yes")


def erasure(user: int, **due_in: float) -> Work:
    def work(site: MonitoredSite) -> None:
        site.savctl("gdpr", "requests", "add", str(user))
        due = f"{system_clock() + timedelta(**due_in):%Y-%m-%d %H:%M:%S}"
        write(
            site.database,
            f"UPDATE savctl_erasures SET due_at = '{due}' WHERE user_id = {user}",
        )

    return work


def no_erasures(site: MonitoredSite) -> None:
    write(site.database, "DELETE FROM savctl_erasures")


def many_refusals(site: MonitoredSite) -> None:
    for _ in range(60):
        site.database.transaction(lambda c: count_refusal(c, RefusalKind.TOKEN))


def database_away(site: MonitoredSite) -> None:
    site.to_database.refuse()
    site.to_database.cut()


def database_back(site: MonitoredSite) -> None:
    site.to_database.refuse(False)


def no_scheduler(site: MonitoredSite) -> None:
    """What cron writes for node_exporter goes on telling of the database."""
    site.stop_scheduler()
    refresh_text(site)


def refresh_text(site: MonitoredSite) -> None:
    file = site.folder / "savctl.prom"
    site.savctl("metrics", "--textfile", str(file))
    site.text_server.text = file.read_text("utf-8")


def scheduler_again(site: MonitoredSite) -> None:
    site.start_scheduler()
    alive = "SELECT name FROM savctl_leases WHERE LEFT(name, 10) = 'scheduler:'"
    wait_until(lambda: rows(site.database, alive), what="the scheduler")


OF_A_DRILL = (("kind", "drill"),)
OF_A_DUMP = (("kind", "dump"),)
VISITORS = Visitors()
NOTHING_TO_DO: Work = lambda _: None  # noqa: E731 - a fault that is there from the beginning

# What is broken at the same time; each stage begins when all of the one before is mended.
STAGES: tuple[tuple[Fault, ...], ...] = (
    (
        Fault(
            alert="SavctlJobOverdue",
            fault="no scheduler runs a job",
            make=nobody_runs_auto_close,
            mend=run_auto_close,
            labels=(("job", "auto-close"),),
        ),
        Fault(alert="SavctlJobFailed", fault="a job fails", make=job_without_its_keys),
        Fault(
            alert="SavctlJobRunsLong",
            fault="a run hangs",
            make=a_run_that_hangs,
            mend=end_that_run,
        ),
        Fault(
            alert="SavctlEventsDead",
            fault="the broker refuses an event again and again: no queue takes it",
            make=events_without_a_queue,
            mend=a_queue_for_them,
        ),
        Fault(
            alert="SavctlEventsRefused",
            fault="no queue takes the events",
            make=NOTHING_TO_DO,
        ),
        Fault(
            alert="SavctlConnectionsNearLimit",
            fault="connections are used up",
            make=VISITORS.take_most_connections,
            mend=VISITORS.leave,
        ),
        Fault(
            alert="SavctlSlowQueries",
            fault="slow statements",
            make=VISITORS.ask_slowly,
            mend=VISITORS.ask_no_more,
        ),
        Fault(
            alert="SavctlBucketNearlyFull",
            fault="the disk of the files is full",
            make=files_on(lambda _: Path("/proc")),
            mend=files_on(lambda site: site.disk),
        ),
        Fault(
            alert="SavctlBackupFailed",
            fault="a drill failed",
            make=drilled(BackupState.FAILED),
            mend=drilled(BackupState.OK),
            labels=OF_A_DRILL,
        ),
        Fault(
            alert="SavctlErasuresLate",
            fault="an erasure is late",
            make=erasure(1001, days=-1),
            mend=no_erasures,
        ),
        Fault(alert="SavctlRefusals", fault="commands are refused", make=many_refusals),
    ),
    (
        Fault(
            alert="SavctlBackupNever",
            fault="backup_url is set, and no backup was ever made",
            make=NOTHING_TO_DO,
            mend=backup_again,
            labels=OF_A_DUMP,
        ),
        Fault(
            alert="SavctlBackupNeverProven",
            fault="no backup was ever restored for proof",
            make=NOTHING_TO_DO,
            mend=prove_again,
        ),
        Fault(
            alert="SavctlJobInterrupted",
            fault="the store of the files is away",
            make=job_without_its_store,
        ),
        Fault(
            alert="SavctlJobBraked",
            fault="a job waits for a confirmation",
            make=too_many_closings,
            mend=close_them,
        ),
        Fault(
            alert="SavctlJobBacklog",
            fault="a job leaves items undone",
            make=a_run_that_left_items,
            mend=lambda site: site.savctl("job", "run", "cache-cleanup"),
        ),
        Fault(
            alert="SavctlSlaBelowTarget",
            fault="tickets of the day are answered too late",
            make=tickets_without_an_answer,
            mend=tickets_of_last_week,
        ),
        Fault(
            alert="SavctlRunningBreaches",
            fault="many tickets are over their target",
            make=NOTHING_TO_DO,
        ),
        Fault(
            alert="SavctlIndexMissing",
            fault="an index is missing",
            make=an_index_dropped,
            mend=the_index_made,
        ),
        Fault(
            alert="SavctlSyncDead",
            fault="a message of another service cannot be read",
            make=a_message_nobody_understands,
            mend=messages_dropped,
        ),
        Fault(
            alert="SavctlErasuresDueSoon",
            fault="an erasure is due",
            make=erasure(1002, days=2),
            mend=no_erasures,
        ),
    ),
    (
        Fault(
            alert="SavctlBackupOld",
            fault="no backup for a day",
            make=no_dump_for_a_day,
            mend=backup_again,
            labels=OF_A_DUMP,
        ),
        Fault(
            alert="SavctlBackupUnproven",
            fault="no proof for a week",
            make=no_proof_for_days,
            mend=prove_again,
        ),
        Fault(
            alert="SavctlFiguresOld",
            fault="figures are not counted",
            make=figures_that_grew_old,
            mend=count_them_again,
        ),
        Fault(
            alert="SavctlFilesMissing",
            fault="an object is lost",
            make=an_object_that_is_lost,
            mend=the_object_found,
        ),
        Fault(
            alert="SavctlEventsLate",
            fault="the broker is away",
            make=broker_away,
            mend=broker_back,
        ),
    ),
    (
        Fault(
            alert="SavctlConfirmsSlow",
            fault="the broker is slow",
            make=broker_slow,
            mend=broker_fast,
        ),
        Fault(
            alert="SavctlOrphans",
            fault="objects without a record",
            make=many_objects_without_a_record,
            mend=they_are_removed,
        ),
        Fault(
            alert="SavctlItemsFail",
            fault="a ticket cannot be closed",
            make=a_ticket_that_cannot_be_closed,
            mend=it_can_be_closed,
        ),
    ),
    (
        Fault(
            alert="SavctlNotScraped",
            fault="the scheduler is gone",
            make=no_scheduler,
            mend=scheduler_again,
        ),
        Fault(
            alert="SavctlNoScheduler",
            fault="no scheduler is alive on any host",
            make=NOTHING_TO_DO,
            mend=refresh_text,
        ),
    ),
    (
        Fault(
            alert="SavctlDatabaseAway",
            fault="the database is away",
            make=database_away,
            mend=database_back,
        ),
    ),
)

USUAL_STAGES = (STAGES[0], STAGES[-1])

# What cannot be made in seconds, and why; the unit tests of the rules fire these.
NOT_MADE = {
    "SavctlClockOff": "this host has one clock, and its database shares it",
    "SavctlTableGrowsFast": "a gigabyte",
    "SavctlIndexUnused": "no index of a new database was read for a day, and none is mended",
    "SavctlBucketFillsUp": "a trend of hours",
    "SavctlSyncLate": "the lag is asked for after a run of event-relay: each minute",
}
