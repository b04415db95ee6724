"""Taking over a database that Laravel's migrations made."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect

from savctl.errors import NeedsConfirmation, Refused
from savctl.persistence.engine import Database
from savctl.persistence.schema import versions
from savctl.persistence.schema.inspection import DifferenceLevel
from savctl.persistence.schema.tables import OWN_PREFIX, metadata
from savctl.usecases.database import schema as use_cases
from savctl.usecases.database.schema import SchemaDiffers
from savctl.usecases.database.status import status, verify
from tests.schema.support import foreign_fingerprints, run_sql, start_host

OWN = {name for name in metadata.tables if name.startswith(OWN_PREFIX)}


def tables_of(database: Database) -> set[str]:
    with database.reading() as connection:
        return set(inspect(connection).get_table_names())


def test_a_faithful_laravel_schema_has_only_tolerated_differences(laravel: Database) -> None:
    differences = verify(laravel)

    assert {d.level for d in differences} == {DifferenceLevel.TOLERATED}
    assert {(d.table, d.column) for d in differences} >= {
        ("support_tickets", "created_at"),
        ("support_tickets", "status, priority"),
        ("jobs", "attempts"),
        ("cache", "value"),
        ("users", "remember_token"),
    }


def test_adopting_changes_no_table_of_another_program(laravel: Database) -> None:
    before, tables = foreign_fingerprints(laravel), tables_of(laravel)

    adoption = use_cases.adopt(laravel, owner="tests")

    assert adoption.migration.changed
    assert foreign_fingerprints(laravel) == before
    assert tables_of(laravel) - tables == OWN | {
        "savctl_alembic_version",
        "savctl_schema_revision",
    }
    assert len(before) >= 12
    found = status(laravel)
    assert (found.state, found.tables, found.pending) == ("current", "adopted", ())


def test_a_dry_run_of_adopting_changes_nothing_at_all(laravel: Database) -> None:
    before, tables = foreign_fingerprints(laravel), tables_of(laravel)

    adoption = use_cases.adopt(laravel, owner="tests", dry_run=True)

    assert (adoption.errors, adoption.migration.dry_run) == ((), True)
    assert (foreign_fingerprints(laravel), tables_of(laravel)) == (before, tables)


def test_adopting_twice_is_done_already(laravel: Database) -> None:
    use_cases.adopt(laravel, owner="tests")

    again = use_cases.adopt(laravel, owner="tests")

    assert not again.migration.changed


def test_adopting_is_refused_with_every_error_named_and_nothing_done(laravel: Database) -> None:
    run_sql(
        laravel,
        "ALTER TABLE support_tickets MODIFY order_id BIGINT NULL",
        "ALTER TABLE support_tickets MODIFY priority ENUM('low','medium','high') NOT NULL",
    )
    before, tables = foreign_fingerprints(laravel), tables_of(laravel)

    with pytest.raises(SchemaDiffers) as refusal:
        use_cases.adopt(laravel, owner="tests")

    assert "support_tickets.order_id" in refusal.value.message
    assert "support_tickets.priority" in refusal.value.message
    assert refusal.value.exit_code == 5
    assert any(
        str(d.repair).endswith("order_id BIGINT UNSIGNED") for d in refusal.value.differences
    )
    assert (foreign_fingerprints(laravel), tables_of(laravel)) == (before, tables)


def test_an_upgrade_of_another_programs_database_is_refused(laravel: Database) -> None:
    tables = tables_of(laravel)

    for dry_run in (True, False):
        with pytest.raises(Refused, match="another program"):
            use_cases.upgrade(laravel, owner="tests", dry_run=dry_run)

    assert tables_of(laravel) == tables
    assert status(laravel).state == "foreign"


def test_an_upgrade_is_refused_where_only_laravels_own_tables_are(
    empty_database: Database,
) -> None:
    run_sql(empty_database, "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(255))")

    with pytest.raises(Refused, match="users"):
        use_cases.upgrade(empty_database, owner="tests")


def test_a_downgrade_of_an_adopted_database_drops_own_tables_only(laravel: Database) -> None:
    before = foreign_fingerprints(laravel)
    use_cases.adopt(laravel, owner="tests")

    planned = use_cases.downgrade(laravel, "base", owner="tests", confirmed=None, dry_run=True)
    done = use_cases.downgrade(laravel, "base", owner="tests", confirmed="adopt_laravel")

    assert done.changed
    assert planned.statements
    assert all("DROP TABLE IF EXISTS savctl_" in s for s in planned.statements)
    assert foreign_fingerprints(laravel) == before
    assert status(laravel).state == "missing"
    use_cases.upgrade(laravel, owner="tests")
    assert foreign_fingerprints(laravel) == before
    assert status(laravel).state == "current"


def test_a_downgrade_needs_the_databases_name(laravel: Database) -> None:
    use_cases.adopt(laravel, owner="tests")

    for word in (None, "another"):
        with pytest.raises(NeedsConfirmation, match=r"savctl_commits \(2 rows\), 30 empty tables"):
            use_cases.downgrade(laravel, "0001", owner="tests", confirmed=word)

    assert status(laravel).state == "current"


def test_a_database_of_savctls_own_is_not_adopted(database: Database) -> None:
    with pytest.raises(Refused, match="own"):
        use_cases.adopt(database, owner="tests")


def test_an_empty_database_is_not_adopted(empty_database: Database) -> None:
    run_sql(empty_database, "CREATE TABLE other (id INTEGER PRIMARY KEY)")

    with pytest.raises(Refused, match="no table of the service"):
        use_cases.adopt(empty_database, owner="tests", dry_run=True)


@pytest.mark.slow("a process adopts, is killed, and another goes on")
@pytest.mark.parametrize("kill_after", [1, 5, 6, 9, 14])
def test_an_adoption_that_was_killed_is_completed_by_the_next(
    laravel: Database, kill_after: int
) -> None:
    before = foreign_fingerprints(laravel)
    host = start_host(laravel, "adopt", kill_after=kill_after)
    stderr = host.communicate()
    assert host.returncode == -9, stderr

    use_cases.adopt(laravel, owner="tests")

    assert foreign_fingerprints(laravel) == before
    assert status(laravel).tables == versions.ADOPTED
    assert [d for d in verify(laravel) if d.level is DifferenceLevel.ERROR] == []


def test_two_hosts_adopt_at_once_and_both_end_well(laravel: Database) -> None:
    before = foreign_fingerprints(laravel)
    hosts = [start_host(laravel, "adopt") for _ in range(2)]

    answers = [host.communicate() for host in hosts]

    assert [host.returncode for host in hosts] == [0, 0], answers
    assert status(laravel).state == "current"
    assert foreign_fingerprints(laravel) == before
