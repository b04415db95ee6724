"""After an erasure nothing of the person is anywhere, and everybody else is as before."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from savctl.domain.privacy.erasure import Mode
from savctl.usecases.erasure.planning import Surroundings
from savctl.usecases.erasure.verifying import verify_person
from tests.erasure.conftest import Erase
from tests.erasure.everything import EMAIL, EVE, Everything
from tests.erasure.looking import keys_of_own, leftovers
from tests.erasure.others import changed, others
from tests.given import AGENT, CUSTOMER, rows

pytestmark = [
    pytest.mark.each_database("rows of a person are found by SQL"),
    pytest.mark.slow("makes a person with everything, then reads every row, object and byte"),
]


@pytest.mark.pairs(
    *(("sqlite", store) for store in ("directory", "seaweedfs", "ministack")),
    *(("mariadb", store) for store in ("directory", "seaweedfs")),
)
def test_nothing_is_left_and_nobody_else_is_touched(
    e: Everything, around: Surroundings, erase: Erase
) -> None:
    before = others(e)
    numbers = numbers_of(e)
    assert len(e.marks) >= 40
    assert sorted(leftovers(e)) == sorted(e.marks)
    assert keys_of_own(e)
    held = f"SELECT * FROM support_tickets WHERE id = {e.own['held']}"
    as_held = rows(e.database, held)

    partly = erase(except_held=True).certificate
    assert partly["partial"] is True
    assert leftovers(e).keys() == set(e.held_marks)
    assert rows(e.database, held) == as_held
    assert changed(before, others(e)) == []
    e.release()
    done = erase()

    assert leftovers(e) == {}
    assert keys_of_own(e) == [e.shared]
    assert list(e.store.partial_uploads("tickets/")) == []
    assert changed(before, others(e)) == []
    assert verify_person(around, CUSTOMER).left == {}
    certificate = done.certificate
    assert certificate["id"] == partly["id"]
    assert certificate["partial"] is False
    assert certificate["verification"]["found"] == 0  # type: ignore[index]
    scalars = set(scalars_of(certificate))
    assert not {CUSTOMER, str(CUSTOMER), EMAIL, "Ada", "Byron"} & scalars
    assert not any(number in str(one) for number in numbers for one in scalars)
    assert not any(mark in json.dumps(certificate) for mark in (*e.marks, *e.hidden_marks))


def numbers_of(e: Everything) -> set[str]:
    """The numbers of the person's tickets, archived ones too."""
    tables = ("support_tickets", "savctl_archived_tickets")
    where = f"WHERE user_id = {CUSTOMER}"
    return {
        row["ticket_number"]
        for table in tables
        for row in rows(e.database, f"SELECT ticket_number FROM {table} {where}")
    }


def scalars_of(value: object) -> Iterator[object]:
    """Every text and number in it, at any depth; counts may equal any id."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in {"found", "removed", "rounds", "places"} or isinstance(inner, list):
                yield from scalars_of(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from scalars_of(inner)
    else:
        yield value


@pytest.mark.only_stores("directory")
def test_words_of_others_go_home_as_they_were(e: Everything, erase: Erase) -> None:
    def words(ticket: int) -> list[tuple[object, ...]]:
        query = f"SELECT * FROM ticket_messages WHERE ticket_id = {ticket} ORDER BY id"
        return [
            (row["sender_id"], row["message"], row["is_internal"])
            for row in rows(e.database, query)
        ]

    e.release()
    lent, archived = e.eves["lent"], e.eves["lent-archived"]
    assert words(lent) == []

    erase()

    assert words(lent) == [
        (EVE, "EVE words on a lent ticket", 0),
        (AGENT, "EVE is answered", 0),
        (EVE, "EVE lent", 0),
    ]
    files = rows(e.database, f"SELECT * FROM ticket_attachments WHERE ticket_id = {lent}")
    assert [one["original_name"] for one in files] == ["eve.png"]
    with e.store.read(files[0]["file_path"]) as pieces:
        assert b"".join(pieces).endswith(b"EVE")
    is_new = f"user_id = {EVE} AND INSTR(metadata, 'split_from') > 0"
    (new,) = rows(e.database, f"SELECT * FROM support_tickets WHERE {is_new}")
    assert new["status"] == "closed"
    assert json.loads(new["metadata"])["split_from"]["ticket_id"] == archived
    assert [text for _, text, _ in words(new["id"])] == [
        "EVE words to be archived",
        "EVE lent-archived",
    ]


@pytest.mark.only_stores("directory")
def test_an_anonymised_ticket_stays_without_its_person(
    e: Everything, around: Surroundings, erase: Erase
) -> None:
    e.release()
    before = others(e)
    closed = e.own["closed"]
    row = f"SELECT * FROM support_tickets WHERE id = {closed}"
    (was,) = rows(e.database, row)

    erase(mode=Mode.ANONYMISE)

    assert leftovers(e) == {}
    assert changed(before, others(e)) == []
    assert verify_person(around, CUSTOMER).left == {}
    (now,) = rows(e.database, row)
    kept = ("id", "ticket_number", "status", "priority", "category", "assigned_to")
    times = ("created_at", "updated_at", "closed_at", "resolved_at")
    assert {name: now[name] for name in (*kept, *times)} == {
        name: was[name] for name in (*kept, *times)
    }
    assert (now["user_id"], now["order_id"]) == (0, None)
    assert (now["subject"], now["description"]) == ("[erased]", "[erased]")
    history = json.loads(now["metadata"])["history"]
    assert [entry["action"] for entry in history] == ["created", "status"]
    assert {entry["reason"] for entry in history} == {None}
    assert rows(e.database, f"SELECT id FROM support_tickets WHERE id = {e.own['live']}") == []
    archived = rows(e.database, "SELECT * FROM savctl_archived_tickets WHERE user_id = 0")
    assert {a["ticket_id"] for a in archived} == {
        e.own[name]
        for name in ("archived0", "archived1", "archived-target", "lent-to-the-archive")
    }
