"""People at work: what each asked for, and what was answered."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Thread

from tests.chaos.crew import Crew

BUG, USAGE, ALREADY_RUNNING = 1, 2, 9
DONE, PARTLY, NOT_FOUND, REFUSED = 0, 3, 4, 5
_ANSWERS = {DONE, PARTLY, NOT_FOUND, REFUSED, ALREADY_RUNNING, BUG, USAGE}
AGENTS, CUSTOMERS = (10, 11, 12), (456, 457, 458)
_PAUSE = 0.5  # seconds before something that was not answered is asked again


@dataclass(slots=True)
class Book:
    """What was answered: marks of tickets, messages and files that must be there exactly once,
    and of messages that must not be there.
    """

    tickets: dict[str, int] = field(default_factory=dict)  # by mark: the id
    messages: dict[str, int] = field(default_factory=dict)  # by mark: the ticket's id
    files: dict[str, int] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    commands: int = 0
    asked_again: int = 0


class Writer(Thread):
    """One person; every request has a mark of its own, and is asked again until it is answered."""

    def __init__(self, crew: Crew, name: str, seed: int, over: Event) -> None:
        super().__init__(name=name)
        self.book = Book()
        self.problems: list[str] = []
        self._crew = crew
        self._chance = random.Random(f"{seed}-{name}")
        self._over = over
        self._mine: list[tuple[int, int]] = []  # tickets, each with its customer
        self._count = 0

    def run(self) -> None:
        """Work until the day is over; a request that has begun is brought to its answer."""
        requests: list[Callable[[], None]] = [
            *(self._create, self._write, self._write, self._write, self._attach),
            *(self._move, self._move, self._move, self._move, self._read, self._bulk, self._job),
        ]
        while not self._over.is_set():
            request = self._chance.choice(requests) if len(self._mine) > 3 else self._create
            try:
                request()
            except Exception as problem:
                self.problems.append(f"{self.name}: {problem!r}")

    def _create(self) -> None:
        mark, customer = self._mark(), self._chance.choice(CUSTOMERS)
        words = ("--subject", mark, "--description", f"about {mark}", "--idempotency-key", mark)
        _, out = self._until_answered("ticket", "create", "--user", customer, *words)
        ticket_id = int(json.loads(out)["id"])
        self.book.tickets[mark] = ticket_id
        self._mine.append((ticket_id, customer))

    def _write(self) -> None:
        ticket_id, customer = self._chance.choice(self._mine)
        mark = self._mark()
        who = self._chance.choice((f"customer:{customer}", f"agent:{self._agent()}"))
        words = ("--from", who, "--body", mark, "--idempotency-key", mark)
        code, _ = self._until_answered("message", "add", f"id:{ticket_id}", *words)
        self._note(self.book.messages, code, mark, ticket_id)

    def _attach(self) -> None:
        ticket_id, customer = self._chance.choice(self._mine)
        mark = self._mark()
        file = self._crew.site.folder / f"{mark}.txt"
        file.write_text(f"the text of {mark}\n")
        words = (str(file), "--as", customer, "--idempotency-key", mark)
        code, _ = self._until_answered("attachment", "add", f"id:{ticket_id}", *words)
        self._note(self.book.files, code, file.name, ticket_id)

    def _move(self) -> None:
        ticket_id, _ = self._chance.choice(self._mine)
        reason = ("--reason", self._mark())
        words = self._chance.choice(
            (
                ("assign", "--to", self._agent()),
                ("wait", *reason),
                ("resume", *reason),
                ("resolve", "--bridge"),
                ("reopen", *reason),
                ("unassign", *reason),
                ("priority", self._chance.choice(("low", "medium", "high", "urgent")), *reason),
            )
        )
        verb, *rest = words
        self._until_answered("ticket", verb, f"id:{ticket_id}", *rest, "--yes")

    def _bulk(self) -> None:
        _, customer = self._chance.choice(self._mine)
        filters = ("--user", customer, "--status", "open,in_progress,waiting_customer,resolved")
        self._until_answered("ticket", "bulk", "tag", *filters, "--add", self._mark(), "--yes")

    def _job(self) -> None:
        job = self._chance.choice(("close-resolved", "auto-close", "sla-escalation"))
        self._until_answered("job", "run", job, "--yes")

    def _read(self) -> None:
        ticket_id, _ = self._chance.choice(self._mine)
        self._until_answered("ticket", "show", f"id:{ticket_id}", "--with", "messages,history")

    def _until_answered(self, *words: object) -> tuple[int, str]:
        """Ask again while nobody knows what became of it: killed, or a server was away."""
        given = tuple(str(word) for word in words)
        while True:
            self.book.commands += 1
            code, out, _ = self._crew.run(*given, "-o", "json")
            if code in _ANSWERS:
                return code, out
            self.book.asked_again += 1
            self._over.wait(_PAUSE)

    def _note(self, book: dict[str, int], code: int, mark: str, ticket_id: int) -> None:
        if code == DONE:
            book[mark] = ticket_id
        else:
            self.book.refused.add(mark)

    def _agent(self) -> int:
        return self._chance.choice(AGENTS)

    def _mark(self) -> str:
        self._count += 1
        return f"{self.name}-{self._count}"
