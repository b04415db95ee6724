"""Tickets that a bulk command is about, found by their references or ids, many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, select

from savctl.domain.model.references import Digits, Reference
from savctl.errors import SavError
from savctl.persistence.schema.tables import archived_tickets, support_tickets
from savctl.persistence.tickets.tickets import Tickets
from savctl.persistence.visibility import seen_tickets

_T, _A = support_tickets.c, archived_tickets.c
_BLOCK = 10  # bits: a mark for each of 1,024 ids in one number

NamedAs = tuple[Reference, int | SavError]


class IdSet:
    """Ids, each once and in order: a bit an id, so that a million of neighbours are small."""

    def __init__(self) -> None:
        self._blocks: dict[int, int] = {}
        self._count = 0

    def add(self, ticket_id: int) -> None:
        """Put an id in; one that is in already changes nothing."""
        block, bit = ticket_id >> _BLOCK, 1 << (ticket_id & ((1 << _BLOCK) - 1))
        held = self._blocks.get(block, 0)
        self._count += not held & bit
        self._blocks[block] = held | bit

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[int]:
        for block in sorted(self._blocks):
            held, first = self._blocks[block], block << _BLOCK
            while held:
                lowest = held & -held
                yield first + lowest.bit_length() - 1
                held ^= lowest


def named_many(connection: Connection, refs: Sequence[Reference]) -> list[NamedAs]:
    """What each reference names: an id, or why it names none; a few queries for all of them."""
    by_id = _ids(connection, [ref for ref in refs if isinstance(ref, int)])
    numbers = [str(ref) for ref in refs if isinstance(ref, str)]
    digits = [ref for ref in refs if isinstance(ref, Digits)]
    by_number = _numbers(connection, numbers)
    doubtful = _archived(connection, digits) | {d for d in digits if str(d) in by_number}
    as_ids = _ids(connection, [ref.as_id for ref in digits])
    found: list[NamedAs] = []
    for ref in refs:
        ticket_id: int | None
        if isinstance(ref, int):
            ticket_id = ref if ref in by_id else None
        elif isinstance(ref, Digits):
            is_plain = ref.as_id in as_ids and ref not in doubtful
            ticket_id = ref.as_id if is_plain else None
        else:
            ticket_id = by_number.get(ref.lower())
        found.append((ref, _one(connection, ref) if ticket_id is None else ticket_id))
    return found


def _one(connection: Connection, ref: Reference) -> int | SavError:
    """The long way, which knows archived tickets and ambiguous digits."""
    try:
        return Tickets(connection).get(ref).id
    except SavError as problem:
        return problem


def _ids(connection: Connection, ids: Iterable[int]) -> set[int]:
    query = select(_T.id).where(_T.id.in_(list(ids)), *seen_tickets(connection))
    return set(connection.execute(query).scalars())


def _numbers(connection: Connection, numbers: Sequence[str]) -> dict[str, int]:
    query = select(_T.ticket_number, _T.id).where(
        _T.ticket_number.in_(numbers), *seen_tickets(connection)
    )
    return {number.lower(): ticket_id for number, ticket_id in connection.execute(query)}


def _archived(connection: Connection, digits: Sequence[Digits]) -> set[Any]:
    """Those digits that an archived ticket has as its number or its id."""
    if not digits:
        return set()
    numbers = select(_A.number_key).where(_A.number_key.in_([str(each) for each in digits]))
    ids = select(_A.ticket_id).where(_A.ticket_id.in_([each.as_id for each in digits]))
    known = set(connection.execute(numbers).scalars())
    known_ids = set(connection.execute(ids).scalars())
    return {each for each in digits if str(each) in known or each.as_id in known_ids}
