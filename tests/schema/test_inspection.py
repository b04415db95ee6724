"""Every kind of difference is found, and has the level that was decided for it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from savctl.persistence.engine import Database
from savctl.persistence.schema.inspection import Difference, DifferenceLevel
from savctl.usecases.database.status import verify
from tests.schema.support import run_sql

CASES = [
    tuple(part.strip() for part in line.split(" | "))
    for line in Path(__file__).with_name("differences.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


def news(before: list[Difference], after: list[Difference]) -> list[Difference]:
    return [difference for difference in after if difference not in before]


@pytest.mark.parametrize(("level", "place", "aspect", "statement"), CASES)
def test_a_difference_is_found_with_its_level(
    laravel: Database, level: str, place: str, aspect: str, statement: str
) -> None:
    before = verify(laravel)

    run_sql(laravel, statement)

    found = news(before, verify(laravel))
    assert (place, aspect, level) in [(d.place, d.aspect, str(d.level)) for d in found]
    assert any(d.level is DifferenceLevel.ERROR for d in found) is (level == "error")
    assert all(d.why for d in found)


REPAIRED = [
    "ALTER TABLE support_tickets MODIFY user_id BIGINT NOT NULL",
    "ALTER TABLE support_tickets MODIFY priority ENUM('low','medium','high') NOT NULL",
    "ALTER TABLE support_tickets DROP COLUMN category",
    "ALTER TABLE support_tickets MODIFY resolved_at DATETIME NULL",
    "ALTER TABLE support_tickets DROP INDEX support_tickets_user_id_index",
    "ALTER TABLE support_tickets DROP INDEX support_tickets_ticket_number_unique",
    "ALTER TABLE ticket_messages DROP FOREIGN KEY ticket_messages_ticket_id_foreign",
    "ALTER TABLE support_tickets CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
    "ALTER TABLE ticket_attachments MODIFY file_size MEDIUMINT UNSIGNED NOT NULL",
]


@pytest.mark.parametrize("statement", REPAIRED)
def test_the_repair_of_an_error_can_be_typed_as_it_stands(
    laravel: Database, statement: str
) -> None:
    run_sql(laravel, statement)
    errors = [d for d in verify(laravel) if d.level is DifferenceLevel.ERROR]
    assert errors

    for repair in dict.fromkeys(str(error.repair) for error in errors):
        run_sql(laravel, repair)

    assert [d for d in verify(laravel) if d.level is DifferenceLevel.ERROR] == []


def test_the_suggested_indexes_are_offered_as_statements(laravel: Database) -> None:
    offered = [d for d in verify(laravel) if d.aspect == "index"]
    assert len(offered) == 9

    run_sql(laravel, *(str(d.repair) for d in offered))

    assert [d for d in verify(laravel) if d.aspect == "index"] == []


def test_names_of_indexes_do_not_matter(laravel: Database) -> None:
    before = verify(laravel)

    run_sql(
        laravel,
        "ALTER TABLE support_tickets RENAME INDEX support_tickets_user_id_index TO by_customer",
        "ALTER TABLE support_tickets DROP INDEX support_tickets_order_id_index, "
        "ADD INDEX by_order (order_id, created_at)",
    )

    assert verify(laravel) == before


LARAVEL_SQLITE = """
create table "users" ("id" integer primary key autoincrement not null, "email" varchar not null,
  "firstname" varchar not null, "lastname" varchar not null, "created_at" datetime);
create table "jobs" ("id" integer primary key autoincrement not null, "queue" varchar not null,
  "payload" text not null, "attempts" integer not null, "reserved_at" integer,
  "available_at" integer not null, "created_at" integer not null);
create table "cache" ("key" varchar not null, "value" text not null,
  "expiration" integer not null, primary key ("key"));
create table "cache_locks" ("key" varchar not null, "owner" varchar not null,
  "expiration" integer not null, primary key ("key"));
create table "support_tickets" ("id" integer primary key autoincrement not null,
  "ticket_number" varchar not null, "user_id" integer not null, "subject" varchar not null,
  "description" text not null,
  "priority" varchar check ("priority" in ('low', 'medium', 'high', 'urgent')) not null
    default 'medium',
  "status" varchar check ("status" in ('open', 'in_progress', 'waiting_customer', 'resolved',
    'closed')) not null default 'open',
  "category" varchar, "assigned_to" integer, "order_id" integer, "metadata" text,
  "resolved_at" datetime, "closed_at" datetime, "created_at" datetime, "updated_at" datetime);
create unique index "support_tickets_ticket_number_unique" on "support_tickets" ("ticket_number");
create index "support_tickets_user_id_index" on "support_tickets" ("user_id");
create index "support_tickets_status_index" on "support_tickets" ("status");
create index "support_tickets_priority_index" on "support_tickets" ("priority");
create index "support_tickets_assigned_to_index" on "support_tickets" ("assigned_to");
create index "support_tickets_order_id_index" on "support_tickets" ("order_id");
create table "ticket_messages" ("id" integer primary key autoincrement not null,
  "ticket_id" integer not null, "sender_id" integer not null,
  "sender_type" varchar check ("sender_type" in ('customer', 'agent')) not null,
  "message" text not null, "is_internal" tinyint(1) not null default '0', "read_at" datetime,
  "created_at" datetime, "updated_at" datetime,
  foreign key("ticket_id") references "support_tickets"("id") on delete cascade);
create index "ticket_messages_ticket_id_index" on "ticket_messages" ("ticket_id");
create index "ticket_messages_sender_id_index" on "ticket_messages" ("sender_id");
create table "ticket_attachments" ("id" integer primary key autoincrement not null,
  "ticket_id" integer not null, "message_id" integer, "original_name" varchar not null,
  "filename" varchar not null, "file_path" varchar not null, "mime_type" varchar not null,
  "file_size" integer not null, "created_at" datetime, "updated_at" datetime,
  foreign key("ticket_id") references "support_tickets"("id") on delete cascade,
  foreign key("message_id") references "ticket_messages"("id") on delete cascade);
create index "ticket_attachments_ticket_id_index" on "ticket_attachments" ("ticket_id");
create index "ticket_attachments_message_id_index" on "ticket_attachments" ("message_id");
"""

SQLITE_ERRORS = [
    ("'high', 'urgent'", "'high'", "support_tickets.priority: type"),
    ("foreign key(\"message_id\") references \"ticket_messages\"(\"id\") on delete cascade", "",
     "ticket_attachments.message_id: foreign key"),
    ('create unique index "support_tickets_ticket', 'create index "support_tickets_ticket',
     "support_tickets.ticket_number: index"),
    ('"user_id" integer', '"user_id" varchar', "support_tickets.user_id: type"),
    ('"closed_at" datetime,', "", "support_tickets.closed_at: column"),
]  # fmt: skip


@pytest.fixture
def sqlite_file(tmp_path: object) -> str:
    return f"sqlite:///{tmp_path}/laravel.db"


def load(url: str, script: str) -> Database:
    database = Database(url)
    statements = re.sub(r",\s*\)", ")", script).split(";\n")
    run_sql(database, *(s for s in statements if s.strip()))
    return database


def test_a_faithful_laravel_schema_on_sqlite_has_only_tolerated_differences(
    sqlite_file: str,
) -> None:
    database = load(sqlite_file, LARAVEL_SQLITE)

    assert {d.level for d in verify(database)} == {DifferenceLevel.TOLERATED}
    database.close()


@pytest.mark.parametrize(("old", "new", "place"), SQLITE_ERRORS)
def test_an_error_is_found_on_sqlite_too(sqlite_file: str, old: str, new: str, place: str) -> None:
    assert old in LARAVEL_SQLITE

    database = load(sqlite_file, LARAVEL_SQLITE.replace(old, new))

    errors = [d.as_line() for d in verify(database) if d.level is DifferenceLevel.ERROR]
    assert len(errors) == 1
    assert errors[0].startswith(place)
    database.close()
