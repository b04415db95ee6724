"""Columns of other programs go to cold storage and come back, whatever their type."""

from __future__ import annotations

import pytest

from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.archive.cold_storage import ColdStorage
from savctl.usecases.archive.restore import restore_ticket
from savctl.usecases.operation import Operation
from tests.archive.support import all_rows, archive, archived_ids, hot_ids, old_tickets
from tests.given import write

KINDS = {
    "BLOB": "x'00ff27'",
    "VARBINARY(4)": "x'00ff'",
    "DECIMAL(20,5)": "-12345678901234.50000",
    "DOUBLE": "0.1",
    "FLOAT": "1.23456789",
    "DATE": "'2024-02-29'",
    "TIME": "'-30:00:01'",
    "DATETIME(6)": "'2024-02-29 00:00:00.000001'",
    "YEAR": "2024",
    "BIT(9)": "b'100000001'",
    "BIGINT UNSIGNED": "18446744073709551615",
    "BOOLEAN": "TRUE",
    "ENUM('a','b')": "'b'",
    "SET('a','b')": "'a,b'",
    "VARCHAR(20) CHARACTER SET latin1": "'é'",
    "VARCHAR(20) COLLATE utf8mb4_general_ci": "'É😀'",
    "CHAR(4) CHARACTER SET ascii": "'a'",
    "JSON": """'{"a": 1.10}'""",
}


@pytest.mark.only_on("mariadb", "mysql")
def test_a_column_of_every_type_comes_back_as_it_was(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    (ticket,) = old_tickets(database, 1)
    columns = {f"their_{n}": kind for n, kind in enumerate(KINDS)}
    added = ", ".join(f"ADD COLUMN {name} {kind} NULL" for name, kind in columns.items())
    write(database, f"ALTER TABLE support_tickets {added}")
    try:
        values = ", ".join(f"{name} = {KINDS[kind]}" for name, kind in columns.items())
        write(database, f"UPDATE support_tickets SET {values}")
        (before,) = all_rows(database)["support_tickets"].values()

        assert (archive(database, clock, cold).failed, archived_ids(database)) == (0, {ticket})
        restore_ticket(Operation(database, clock, actor=5), cold, ticket)

        (after,) = all_rows(database)["support_tickets"].values()
        different = {columns[n]: (before[n], after[n]) for n in columns if before[n] != after[n]}
        assert different == {}
        assert hot_ids(database) == {ticket}
    finally:
        dropped = ", ".join(f"DROP COLUMN {name}" for name in columns)
        write(database, f"ALTER TABLE support_tickets {dropped}")
