"""The revisions: up and down at each, no drift at head, killed and done by two hosts at once."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect

from savctl.errors import InvalidInput, SchemaMismatch
from savctl.persistence.engine import Database
from savctl.persistence.schema import alembic_runner, versions
from savctl.persistence.schema.tables import REVISION_TABLE, VERSION_TABLE, metadata
from savctl.usecases.database import schema as use_cases
from savctl.usecases.database.status import ping, status, verify
from tests.depth import deep
from tests.schema.support import run_sql, start_host

BOOTSTRAP = {"savctl_meta", "savctl_leases", VERSION_TABLE, REVISION_TABLE}
REVISIONS = (versions.BASE, *versions.KNOWN)
KILLED_AFTER = (1, 4, 7, 15, 24)


def tables_of(database: Database) -> set[str]:
    with database.reading() as connection:
        names = set(inspect(connection).get_table_names()) - {"sqlite_sequence"}
    return {name for name in names if not name.startswith("savctl_search_")}  # parts of FTS5


def current(database: Database) -> str | None:
    return status(database).current


def upgrade_to(revision: str, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the savctl of that time did."""
    if revision != versions.BASE:
        with monkeypatch.context() as older:
            older.setattr(versions, "HEAD", revision)
            use_cases.upgrade(database, owner="tests")


def test_the_known_revisions_are_those_there_are() -> None:
    assert alembic_runner.revisions() == versions.KNOWN
    assert versions.KNOWN[-1] == versions.HEAD


def test_a_new_database_ends_without_any_difference(empty_database: Database) -> None:
    done = use_cases.upgrade(empty_database, owner="tests")

    assert (done.before, done.after, done.changed) == (None, versions.HEAD, True)
    assert tables_of(empty_database) == set(metadata.tables) | {VERSION_TABLE, REVISION_TABLE}
    assert verify(empty_database) == []
    assert not use_cases.upgrade(empty_database, owner="tests").changed


def test_alembic_sees_no_drift_at_head(database: Database) -> None:
    with database.connection() as connection:
        assert alembic_runner.drift(connection) == []


@pytest.mark.parametrize("revision", deep(REVISIONS, usual=REVISIONS[:1] + REVISIONS[-4:]))
def test_every_revision_goes_up_down_and_up_again(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch, revision: str
) -> None:
    upgrade_to(revision, empty_database, monkeypatch)
    before = tables_of(empty_database)
    use_cases.upgrade(empty_database, owner="tests")

    if revision != versions.HEAD:
        word = use_cases.confirmation_word(empty_database)
        use_cases.downgrade(empty_database, revision, owner="tests", confirmed=word)
        assert tables_of(empty_database) == before | BOOTSTRAP
        assert current(empty_database) == (None if revision == versions.BASE else revision)

    use_cases.upgrade(empty_database, owner="tests")
    assert verify(empty_database) == []


def test_a_dry_run_shows_the_statements_and_changes_nothing(empty_database: Database) -> None:
    shown = use_cases.upgrade(empty_database, owner="tests", dry_run=True)

    assert (shown.changed, shown.dry_run) == (True, True)
    text = "\n".join(shown.statements)
    assert all(f"CREATE TABLE IF NOT EXISTS {name} " in text for name in metadata.tables)
    assert tables_of(empty_database) == set()


def test_a_downgrade_to_no_older_revision_is_wrong_input(database: Database) -> None:
    for revision in ("0000", versions.HEAD, "-1"):
        with pytest.raises(InvalidInput, match="cannot go"):
            use_cases.downgrade(database, revision, owner="tests", confirmed=None)


def test_a_newer_schema_is_left_alone(empty_database: Database) -> None:
    use_cases.upgrade(empty_database, owner="tests")
    run_sql(empty_database, f"UPDATE {VERSION_TABLE} SET version_num = '9999'")

    for dry_run in (False, True):
        with pytest.raises(SchemaMismatch, match="newer"):
            use_cases.upgrade(empty_database, owner="tests", dry_run=dry_run)
    with pytest.raises(InvalidInput, match="9999"):
        use_cases.downgrade(empty_database, "0001", owner="tests", confirmed=None)
    assert status(empty_database).state == "newer"


def test_the_status_tells_what_an_upgrade_would_do(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = status(empty_database)
    upgrade_to("0001", empty_database, monkeypatch)
    between = status(empty_database)

    assert (before.state, before.pending) == ("missing", versions.KNOWN)
    assert (between.state, between.pending) == ("behind", versions.KNOWN[1:])
    assert between.tables == versions.CREATED


@pytest.mark.slow("starts two processes")
def test_two_hosts_upgrade_at_once_and_one_does_the_work(empty_database: Database) -> None:
    hosts = [start_host(empty_database, "upgrade") for _ in range(2)]

    answers = [host.communicate() for host in hosts]

    assert [host.returncode for host in hosts] == [0, 0], answers
    assert sorted(out.strip() for out, _ in answers) == ["False", "True"]
    assert verify(empty_database) == []


@pytest.mark.slow("starts processes to kill")
@pytest.mark.parametrize("kill_after", KILLED_AFTER)
def test_an_upgrade_that_was_killed_is_completed_by_the_next(
    empty_database: Database, kill_after: int
) -> None:
    host = start_host(empty_database, "upgrade", kill_after=kill_after)
    stderr = host.communicate()
    assert host.returncode == -9, stderr

    use_cases.upgrade(empty_database, owner="tests")

    assert verify(empty_database) == []
    assert status(empty_database).state == "current"


def test_ping_names_the_server(database: Database, kind: str) -> None:
    pong = ping(database)

    assert pong.server == kind
    assert pong.version[0].isdigit()
    assert pong.time_zone == "+00:00"
    assert 0 < pong.round_trip_ms < 1_000
