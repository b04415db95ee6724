"""Words of an erasure: how it is done, how far it is, until when it must be (rules 16)."""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime
from enum import StrEnum

from savctl.errors import Refused

ERASED = "[erased]"


class Mode(StrEnum):
    """What becomes of closed tickets."""

    DELETE = "delete"
    ANONYMISE = "anonymise"


class ErasureState(StrEnum):
    """How far an erasure is."""

    REQUESTED = "requested"  # somebody asked; nobody has confirmed it
    CONFIRMED = "confirmed"  # the job carries it out
    CANCELLED = "cancelled"
    RUNNING = "running"  # its work list is written; the same command or the job continues it
    HELD = "held"  # done but for what legal holds keep
    DONE = "done"


class RequestSource(StrEnum):
    """Who asked for an erasure."""

    PERSON = "person"
    USER_DELETED = "UserDeleted"


REQUESTS = (ErasureState.REQUESTED, ErasureState.CONFIRMED)
UNFINISHED = (*REQUESTS, ErasureState.RUNNING, ErasureState.HELD)
ENDED = (ErasureState.HELD, ErasureState.DONE)


class PersonErased(Refused):
    """The person was erased, and nobody let them come back."""

    code = "person_erased"


def come_back_hint(user_id: int) -> str:
    """What lets an erased person come back."""
    return f"A customer again? savctl gdpr requests forgive {user_id}"


def due_after(requested_at: datetime) -> datetime:
    """One calendar month later, the last day of a shorter month (Art. 12(3))."""
    year, month = divmod(requested_at.year * 12 + requested_at.month, 12)
    day = min(requested_at.day, monthrange(year, month + 1)[1])
    return requested_at.replace(year=year, month=month + 1, day=day)
