"""A day: writers and schedulers at work, a fault every few seconds, and what was left of it."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from tests.chaos.crew import Crew
from tests.chaos.faults import FAULTS
from tests.chaos.site import LEASE_SECONDS, Site, site
from tests.chaos.verdict import problems
from tests.chaos.writers import Book, Writer

WRITERS = 4
_PAUSE = (1.0, 4.0)  # seconds between two faults
_SENT_WITHIN = 120.0


@dataclass(slots=True)
class Story:
    """What happened: faults by name, answers, and the problems that were found."""

    seed: int
    faults: Counter[str] = field(default_factory=Counter)
    books: list[Book] = field(default_factory=list)
    schedulers: Counter[int] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """A line for each count."""
        total = {
            "faults": self.faults.total(),
            "commands": sum(book.commands for book in self.books),
            "asked again": sum(book.asked_again for book in self.books),
            "tickets": sum(len(book.tickets) for book in self.books),
            "messages": sum(len(book.messages) for book in self.books),
            "files": sum(len(book.files) for book in self.books),
            "refused": sum(len(book.refused) for book in self.books),
        }
        lines = [f"seed {self.seed}: " + ", ".join(f"{n} {name}" for name, n in total.items())]
        lines += [f"  {count:3} {name}" for name, count in sorted(self.faults.items())]
        lines.append(f"schedulers ended with {dict(self.schedulers)}")
        return "\n".join([*lines, *(f"PROBLEM {problem}" for problem in self.problems)])


def play(folder: Path, *, seed: int, seconds: float, say: Callable[[str], None] = print) -> Story:
    """Play a day of so many seconds; the same seed makes the same faults in the same order."""
    story = Story(seed)
    with site(folder) as here:
        crew, over = Crew(here), Event()
        writers = [Writer(crew, f"w{n}", seed, over) for n in range(WRITERS)]
        crew.start()
        for writer in writers:
            writer.start()
        try:
            _break_things(crew, story, seconds, say)
        finally:
            here.heal()
            over.set()
            for writer in writers:
                writer.join(600)
        say("the day is over: everything heals")
        _settle(here, crew)
        story.books = [writer.book for writer in writers]
        story.schedulers = Counter(crew.codes)
        story.problems = [p for writer in writers for p in writer.problems]
        story.problems += problems(here, crew, story.books)
    return story


def _break_things(crew: Crew, story: Story, seconds: float, say: Callable[[str], None]) -> None:
    chance = random.Random(story.seed)
    give_up = time.monotonic() + seconds
    deck: list[str] = []
    while time.monotonic() < give_up:
        deck = deck or chance.sample(sorted(FAULTS), len(FAULTS))
        name = deck.pop()
        say(f"{give_up - time.monotonic():6.0f} s left: {name.replace('_', ' ')}")
        FAULTS[name](crew, chance)
        story.faults[name] += 1
        time.sleep(chance.uniform(*_PAUSE))


def _settle(here: Site, crew: Crew) -> None:
    """Stop the schedulers, let leases of killed ones run out, send what waits."""
    crew.stop()
    time.sleep(LEASE_SECONDS + 1)
    give_up = time.monotonic() + _SENT_WITHIN
    while time.monotonic() < give_up:
        code, _, _ = crew.run("event", "relay", "--once", "-o", "json")
        if code == 0:
            return
        time.sleep(2)
