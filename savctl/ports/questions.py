"""What is needed of a broker to ask other services something and have an answer (rules 14.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question, and where whoever may answer it listens."""

    exchange: str
    routing_key: str
    body: bytes


@dataclass(frozen=True, slots=True)
class ServiceReply:
    """The body of an answer; without one, why there is none."""

    body: bytes | None
    why_none: str = ""


class Questions(Protocol):
    """Asks other services."""

    def ask(self, questions: Sequence[Question], *, timeout: float) -> list[ServiceReply]:
        """An answer to each question, or why there is none, after at most `timeout` seconds.

        Nothing is raised: a broker that is away is a reason as any other. An answer that bears
        the mark of another question, or comes too late, is none.
        """
        ...
