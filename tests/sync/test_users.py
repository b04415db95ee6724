"""Users of the auth service: the newest message counts, in whatever order they come."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from savctl.domain.text import MAX_ID
from savctl.persistence.engine import Database
from savctl.persistence.unit_of_work import UnitOfWork
from tests.given import rows, write
from tests.sync.conftest import TakeIn
from tests.sync.outside import came, gone, user

T1, T2, T3 = (f"2025-10-03T10:00:0{n}Z" for n in (1, 2, 3))


def known(database: Database) -> list[tuple[object, ...]]:
    query = "SELECT id, email, firstname, lastname FROM users ORDER BY id"
    return [tuple(row.values()) for row in rows(database, query)]


def test_a_new_user_and_a_later_change_end_in_one_row(database: Database, take: TakeIn) -> None:
    take(user(event="UserCreated", at=T1))
    counts = take(user(email="ada@example.com", lastname="", at=T2), user(7, at=T1))

    assert counts.applied == 2
    assert known(database) == [
        (7, "ada@example.org", "Ada", "Byron"),
        (456, "ada@example.com", "Ada", ""),
    ]


def test_an_older_or_equally_old_message_changes_nothing(database: Database, take: TakeIn) -> None:
    take(user(email="new@example.org", at=T2))

    counts = take(user(email="old@example.org", at=T1), user(email="same@example.org", at=T2))

    assert (counts.applied, counts.outdated) == (0, 2)
    assert [row[1] for row in known(database)] == ["new@example.org"]


def test_a_message_that_comes_twice_changes_nothing(database: Database, take: TakeIn) -> None:
    once = came(user(at=T1), message_id="m-1")
    with_another_body = came(user(email="x@example.org", at=T3), message_id="m-1")
    without_id = came(user(at=T2, firstname="Augusta"), message_id=None)
    take(once, once, without_id)

    counts = take(once, with_another_body, without_id)

    assert counts.duplicates == 3
    assert [row[1:3] for row in known(database)] == [("ada@example.org", "Augusta")]


def test_a_deleted_user_is_gone_and_only_newer_news_bring_them_back(
    database: Database, take: TakeIn
) -> None:
    take(user(at=T1), gone(at=T2))
    take(user(at=T1, email="older@example.org"), user(at=T2, email="equal@example.org"))
    assert known(database) == []
    state = rows(database, "SELECT subject, is_deleted FROM savctl_sync_state")
    assert [tuple(row.values()) for row in state] == [("456", 1)]

    take(user(at=T3, email="back@example.org"))

    assert [row[1] for row in known(database)] == ["back@example.org"]


class Erased:
    """Persons who are erased, and requests for more."""

    def __init__(self, *user_ids: int) -> None:
        self.user_ids = user_ids
        self.requests: list[int] = []

    def request(self, uow: UnitOfWork, user_id: int, *, at: datetime) -> None:
        del uow, at
        self.requests.append(user_id)

    def suppressed(self, uow: UnitOfWork, user_ids: Collection[int]) -> Collection[int]:
        del uow
        return [one for one in user_ids if one in self.user_ids]


def test_a_deletion_asks_for_the_erasure_once(database: Database, take: TakeIn) -> None:
    erasure = Erased()

    take(user(at=T1), gone(at=T2), gone(at=T2), gone(at=T1), erasure=erasure)

    assert erasure.requests == [456]
    assert known(database) == []


def test_a_person_who_was_erased_is_not_brought_back(database: Database, take: TakeIn) -> None:
    counts = take(user(at=T3), user(7, at=T1), erasure=Erased(456))

    assert (counts.applied, counts.suppressed) == (1, 1)
    assert [row[0] for row in known(database)] == [7]


def test_an_id_that_the_database_cannot_hold_is_set_aside(
    database: Database, take: TakeIn
) -> None:
    counts = take(user(MAX_ID + 1), user(MAX_ID))

    dead = rows(database, "SELECT event, reason FROM savctl_dead_messages")
    if database.is_sqlite:
        assert counts.dead == 1
        assert [row["event"] for row in dead] == ["UserUpdated"]
        assert "user_id" in dead[0]["reason"]
    else:
        assert (counts.dead, counts.applied) == (0, 2)


def test_other_columns_of_a_user_are_left_alone(database: Database, take: TakeIn) -> None:
    """Laravel's own table has a password and stamps."""
    write(database, "ALTER TABLE users ADD COLUMN nickname VARCHAR(20)")
    try:
        take(user(at=T1))
        write(database, "UPDATE users SET nickname = 'countess'")

        take(user(at=T2, firstname="Augusta"))

        found = rows(database, "SELECT firstname, nickname FROM users")
        assert [tuple(row.values()) for row in found] == [("Augusta", "countess")]
    finally:
        write(database, "ALTER TABLE users DROP COLUMN nickname")


EVENTS = st.lists(
    st.tuples(
        st.integers(1, 3),  # whom
        st.integers(0, 40),  # when
        st.sampled_from(["UserCreated", "UserUpdated", "UserDeleted"]),
    ),
    unique_by=lambda one: one[:2],
    max_size=12,
)


@pytest.mark.only_on("sqlite")
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=EVENTS, data=st.data())
def test_any_order_of_messages_ends_in_the_same_rows(
    database: Database, take: TakeIn, events: list[tuple[int, int, str]], data: st.DataObject
) -> None:
    for table in ("users", "savctl_inbox", "savctl_sync_state"):
        write(database, f"DELETE FROM {table}")
    newest = {who: (when, what) for who, when, what in sorted(events)}
    shuffled = data.draw(st.permutations(events))
    size = data.draw(st.integers(1, 5))

    for start in range(0, len(shuffled), size):
        take(*(_body(*one) for one in shuffled[start : start + size]))

    assert known(database) == [
        (who, f"{when}@example.org", "Ada", "Byron")
        for who, (when, what) in sorted(newest.items())
        if what != "UserDeleted"
    ]


def _body(who: int, when: int, what: str) -> bytes:
    at = f"2025-10-03T10:00:{when:02d}Z"
    if what == "UserDeleted":
        return gone(who, at=at)
    return user(who, at=at, event=what, email=f"{when}@example.org")
