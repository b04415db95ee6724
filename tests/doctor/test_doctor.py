"""`doctor`: what is wrong is found and named, each on its own, and nothing is changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from savctl.domain.events.publish_window import OutboxEvent
from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.persistence.jobs import leases
from savctl.persistence.schema import privilege_checks
from savctl.persistence.schema.tables import VERSION_TABLE
from savctl.persistence.schema.versions import HEAD
from savctl.ports import BrokerUnavailable, Publisher, SetClock, system_clock
from savctl.usecases.doctor.checks import CheckLevel, CheckResult, Diagnosis, Environment, diagnose
from savctl.usecases.doctor.database import DATABASE
from savctl.usecases.doctor.work import BROKER, WORK, age_text
from tests.conftest import Servers
from tests.given import brought_to, snapshot, write

ALL = {**DATABASE, **WORK, **BROKER}


class Broker:
    """A broker that answers, or does not."""

    name = "amqp://broker"

    def __init__(self, *, answers: bool = True) -> None:
        self._answers = answers

    def check(self) -> None:
        if not self._answers:
            raise BrokerUnavailable("the broker does not answer", hint="Is it up?")

    def check_each(self) -> dict[str, BrokerUnavailable | None]:
        try:
            self.check()
        except BrokerUnavailable as problem:
            return {self.name: problem}
        return {self.name: None}

    def declare(self) -> None:
        raise AssertionError("a doctor changes nothing")

    def connect(self, *, held: Iterable[int]) -> Publisher:
        raise AssertionError(f"a doctor sends nothing: {held} {OutboxEvent}")


def examined(database: Database, clock: SetClock, **more: object) -> Diagnosis:
    environment = Environment(database=database, clock=clock, **more)  # type: ignore[arg-type]
    return diagnose(environment, ALL)


def results(diagnosis: Diagnosis, check: str) -> list[CheckResult]:
    return [result for result in diagnosis.results if result.check == check]


def levels(diagnosis: Diagnosis) -> Mapping[str, CheckLevel]:
    worst: dict[str, CheckLevel] = {}
    for result in sorted(diagnosis.results, key=lambda s: list(CheckLevel).index(s.level)):
        worst[result.check] = result.level
    return worst


def test_a_healthy_database_has_no_warning(database: Database, clock: SetClock) -> None:
    brought_to(database, clock, Status.WAITING_CUSTOMER)

    diagnosis = examined(database, clock)

    fine = {CheckLevel.OK, CheckLevel.OFF}
    assert {s.check: s.found for s in diagnosis.results if s.level not in fine} == {}
    assert all(s.advice is None for s in diagnosis.results)
    assert diagnosis.is_reachable


def test_a_doctor_changes_nothing(database: Database, clock: SetClock) -> None:
    brought_to(database, clock, Status.RESOLVED)
    before = snapshot(database)

    examined(database, clock)

    assert snapshot(database) == before


@pytest.mark.parametrize(
    ("seconds", "level"),
    [
        (0, CheckLevel.OK),
        (0.5, CheckLevel.OK),
        (5, CheckLevel.WARN),
        (-5, CheckLevel.WARN),
        (90, CheckLevel.ERROR),
    ],
)
def test_clocks_that_differ_are_found(
    database: Database, clock: SetClock, seconds: float, level: CheckLevel
) -> None:
    def host() -> datetime:  # the database is on this machine: its clock is the system's
        return system_clock() - timedelta(seconds=seconds)

    diagnosis = examined(database, clock, host_clock=host)

    assert levels(diagnosis)["clock"] is level
    if level is not CheckLevel.OK:
        found = results(diagnosis, "clock")[0].found
        assert ("ahead" if seconds > 0 else "behind") in found


def test_an_old_schema_and_a_newer_one_are_errors(database: Database, clock: SetClock) -> None:
    for revision, advice in (("0001", "upgrade"), ("9999", "newer")):
        write(database, f"UPDATE {VERSION_TABLE} SET version_num = '{revision}'")

        diagnosis = examined(database, clock)

        result = results(diagnosis, "schema")[0]
        assert (result.level, advice in str(result.advice)) == (CheckLevel.ERROR, True)
        assert results(diagnosis, "outbox") == []
    write(database, f"UPDATE {VERSION_TABLE} SET version_num = '{HEAD}'")


def test_a_database_without_schema_is_reported_what_to_do(
    empty_database: Database, clock: SetClock
) -> None:
    with empty_database.reading() as connection:
        connection.exec_driver_sql("SELECT 1")

    diagnosis = examined(empty_database, clock)

    assert "savctl db upgrade" in str(results(diagnosis, "schema")[0].advice)


def test_a_database_that_does_not_answer_ends_the_examination(clock: SetClock) -> None:
    diagnosis = examined(Database("mysql+pymysql://root@127.0.0.1:1/none"), clock)

    assert not diagnosis.is_reachable
    assert [(s.check, s.level) for s in diagnosis.results] == [("database", CheckLevel.ERROR)]


def test_a_missing_embedded_file_is_no_error_and_is_not_made(
    clock: SetClock, tmp_path: object
) -> None:
    database = Database(f"sqlite:///{tmp_path}/none.db")

    diagnosis = examined(database, clock)

    assert [s.level for s in diagnosis.results] == [CheckLevel.WARN]
    assert examined(database, clock).results == diagnosis.results


def test_a_lease_that_ran_out_is_named_with_its_owner(database: Database, clock: SetClock) -> None:
    for name in ("auto-close", "close-resolved"):
        database.transaction(lambda c, n=name: leases.acquire(c, n, owner="host-a:1", seconds=60))  # type: ignore[misc]
    write(
        database,
        "UPDATE savctl_leases SET expires_at = '2025-10-03 08:00:00.000000' "
        "WHERE name = 'auto-close'",
    )

    found = results(examined(database, clock), "leases")

    assert [s.level for s in found] == [CheckLevel.OK, CheckLevel.WARN]
    assert "close-resolved by host-a:1" in found[0].found
    assert found[1].found.startswith("auto-close: host-a:1")


@pytest.mark.parametrize(
    ("status", "level"),
    [
        ("ok", CheckLevel.OK),
        ("failed", CheckLevel.ERROR),
        ("partly", CheckLevel.WARN),
        ("braked", CheckLevel.WARN),
        ("running", CheckLevel.WARN),
    ],
)
def test_the_last_run_of_each_job_is_judged(
    database: Database, clock: SetClock, status: str, level: CheckLevel
) -> None:
    write(
        database,
        "INSERT INTO savctl_runs (job, started_by, status, host, token, started_at, error) VALUES "
        "('auto-close', 'cron', 'failed', 'host-a', 1, '2025-10-03 08:00:00.000000', 'old'), "
        f"('auto-close', 'cron', '{status}', 'host-a', 2, '2025-10-03 09:00:00.000000', NULL)",
    )

    found = results(examined(database, clock), "jobs")

    assert [s.level for s in found] == [level]
    assert "auto-close" in found[0].found


def test_overdue_jobs_are_named(database: Database, clock: SetClock) -> None:
    def due() -> Mapping[str, datetime]:
        return {
            "auto-close": clock() - timedelta(hours=3),
            "close-resolved": clock() - timedelta(minutes=5),
        }

    found = results(examined(database, clock, due=due), "schedule")

    assert [s.level for s in found] == [CheckLevel.WARN]
    assert "auto-close since 2025-10-03 07:30Z" in found[0].found
    assert "close-resolved" not in found[0].found


def test_events_that_wait_for_long_without_a_broker_are_named(
    database: Database, clock: SetClock
) -> None:
    brought_to(database, clock, Status.IN_PROGRESS)
    clock.advance(timedelta(days=3))

    found = results(examined(database, clock), "outbox")

    assert [s.level for s in found] == [CheckLevel.WARN]
    assert found[0].found == (
        "no broker is configured: 3 events wait in the outbox, the oldest for 3 days"
    )
    assert "RABBITMQ_HOST" in str(found[0].advice)


@pytest.mark.parametrize(
    ("age", "level"),
    [
        (timedelta(minutes=10), CheckLevel.OK),
        (timedelta(hours=1), CheckLevel.WARN),
        (timedelta(days=1), CheckLevel.ERROR),
    ],
)
def test_old_events_are_a_matter_where_there_is_a_broker(
    database: Database, clock: SetClock, age: timedelta, level: CheckLevel
) -> None:
    brought_to(database, clock, Status.IN_PROGRESS)
    clock.advance(age)

    diagnosis = examined(database, clock, broker=Broker())

    assert levels(diagnosis)["outbox"] is level
    assert levels(diagnosis)["broker"] is CheckLevel.OK


def test_events_that_the_broker_refuses_are_reported_before_they_are_dead(
    database: Database, clock: SetClock
) -> None:
    brought_to(database, clock, Status.IN_PROGRESS)
    write(database, "UPDATE savctl_outbox SET attempts = 7 WHERE event = 'TicketAssigned'")

    (found,) = results(examined(database, clock, broker=Broker()), "outbox")

    assert found.level is CheckLevel.WARN
    assert found.found.endswith("; 7 refusals")
    assert "savctl event list --waiting" in str(found.advice)


def test_dead_events_need_somebody(database: Database, clock: SetClock) -> None:
    brought_to(database, clock, Status.IN_PROGRESS)
    write(
        database,
        "UPDATE savctl_outbox SET dead_at = occurred_at WHERE event = 'TicketAssigned'",
    )

    found = results(examined(database, clock), "outbox")

    assert found[-1].level is CheckLevel.ERROR
    assert found[-1].found.startswith("1 dead events")


def test_a_broker_that_does_not_answer_does_not_end_the_examination(
    database: Database, clock: SetClock
) -> None:
    diagnosis = examined(database, clock, broker=Broker(answers=False))

    assert [(s.check, s.level) for s in diagnosis.results if s.level is not CheckLevel.OK] == [
        ("broker", CheckLevel.ERROR)
    ]
    assert diagnosis.is_reachable


def test_missing_privileges_are_named_one_by_one(
    kind: str, database: Database, servers: Servers, clock: SetClock
) -> None:
    if kind == "sqlite":
        pytest.skip("SQLite has no users")
    server = servers.of(kind)
    name = str(database.url.database)
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("DROP USER IF EXISTS 'poor'@'%'")
        cursor.execute("CREATE USER 'poor'@'%' IDENTIFIED BY 'p'")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name}.* TO 'poor'@'%'")
    poor = Database(
        database.url.set(username="poor", password="p").render_as_string(hide_password=False)  # noqa: S106
    )
    assert privilege_checks.denied(poor, with_own=True) == []
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"REVOKE DELETE ON {name}.* FROM 'poor'@'%'")
        cursor.execute(f"GRANT DELETE ON {name}.support_tickets TO 'poor'@'%'")
    poor.close()

    denied = privilege_checks.denied(poor, with_own=False)

    assert denied == [
        "DELETE on ticket_messages",
        "DELETE on ticket_attachments",
        "DELETE on users",
        "DELETE on cache",
        "DELETE on cache_locks",
    ]
    result = results(examined(poor, clock), "privileges")[0]
    assert result.level is CheckLevel.ERROR
    poor.close()


def test_a_lax_server_in_another_zone_is_found(
    kind: str, database: Database, servers: Servers, clock: SetClock
) -> None:
    if kind == "sqlite":
        pytest.skip("SQLite has neither modes nor zones")
    with servers.of(kind).connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@global.sql_mode, @@global.time_zone")
        mode, zone = cursor.fetchone() or ("", "")
        cursor.execute("SET GLOBAL sql_mode = '', GLOBAL time_zone = '+02:00'")
    try:
        fresh = Database(database.url.render_as_string(hide_password=False))
        diagnosis = examined(fresh, clock)
        fresh.close()
    finally:
        with servers.of(kind).connect() as connection, connection.cursor() as cursor:
            cursor.execute("SET GLOBAL sql_mode = %s, GLOBAL time_zone = %s", (mode, zone))

    fine = {CheckLevel.OK, CheckLevel.OFF}
    bad = {s.check: s.level for s in diagnosis.results if s.level not in fine}
    assert bad == {"sql_mode": CheckLevel.ERROR, "time zone": CheckLevel.WARN}


def test_a_read_only_file_is_found(database: Database, clock: SetClock) -> None:
    if not database.is_sqlite:
        pytest.skip("a server has no file of ours")
    brought_to(database, clock, Status.OPEN)
    url = database.url.render_as_string(hide_password=False)
    name = str(database.url.database)
    read_only = Database(f"{url.replace(name, 'file:' + name)}?mode=ro&uri=true")

    diagnosis = examined(read_only, clock)

    read_only.close()
    assert levels(diagnosis)["privileges"] is CheckLevel.ERROR


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(("mode", "level"), [(0o600, None), (0o640, CheckLevel.WARN)])
def test_a_file_that_others_may_read_is_found(
    database: Database, clock: SetClock, mode: int, level: CheckLevel | None
) -> None:
    Path(str(database.url.database)).chmod(mode)

    assert levels(examined(database, clock)).get("file mode") is level


def test_ages_are_reported_in_their_largest_unit() -> None:
    values = [age_text(timedelta(seconds=n)) for n in (0, 119, 120, 7_199, 7_200, 172_800)]

    assert values == ["0 s", "119 s", "2 minutes", "119 minutes", "2 hours", "2 days"]
