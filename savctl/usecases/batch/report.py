"""What a job or a bulk command did: counts that are exact, and a bounded list of the items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

# So many items of each outcome are listed; memory must not grow with the tickets (rules 10.2).
LISTED = 1_000


class ItemOutcome(StrEnum):
    """What became of an item."""

    CHANGED = "changed"
    SKIPPED = "skipped"
    REFUSED = "refused"  # by a rule; counted as failed
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Item:
    """One ticket (or object, file, table) and what became of it; what has no number has a name.

    `always_listed` lists a changed one in a real run as well, because something about it is odd.
    """

    id: int | str
    ticket_number: str | None
    outcome: ItemOutcome
    reason: str | None = None
    always_listed: bool = False

    def as_json(self) -> dict[str, object]:
        """The item as reports show it."""
        return {
            "id": self.id,
            "ticket_number": self.ticket_number,
            "outcome": str(self.outcome),
            "reason": self.reason,
        }


@dataclass(slots=True)
class BatchReport:
    """Counts and items of one run, added to after each batch has been committed.

    `lists_changes` is for dry runs: they show what would change; a real run lists only what
    was skipped or failed. `left` counts what an interrupted run did not look at. `details` are
    further numbers of the job's own. `would_stop` is, of a dry run, the brake that
    stops the real one; `idle` why nothing could be done; `findings` need a person. `omitted`
    counts the items that `items` has no room for; `on_item` gets every item worth listing,
    those as well; `on_each` every item of a batch, whatever became of it.
    """

    lists_changes: bool = False
    seen: int = 0
    changed: int = 0
    skipped: int = 0
    failed: int = 0
    left: int = 0
    items: list[Item] = field(default_factory=list)
    details: dict[str, object] = field(default_factory=dict)
    would_stop: str | None = None
    idle: str | None = None
    findings: int = 0
    omitted: int = 0
    on_item: Callable[[Item], None] | None = None
    on_each: Callable[[Item], None] | None = None
    _listed: Counter[ItemOutcome] = field(default_factory=Counter)

    def add(self, items: Iterable[Item], *, seen: int) -> None:
        """Count a batch of `seen` items; those that needed nothing are not among `items`."""
        self.seen += seen
        tally: Counter[ItemOutcome] = Counter()
        for item in items:
            tally[_counted_as(item)] += 1
            if self.on_each is not None:
                self.on_each(item)
            if self.lists_changes or item.always_listed or item.outcome is not ItemOutcome.CHANGED:
                self._list(item)
        self.changed += tally[ItemOutcome.CHANGED]
        self.skipped += tally[ItemOutcome.SKIPPED]
        self.failed += tally[ItemOutcome.FAILED]

    def counts_with(self, items: Iterable[Item], *, seen: int) -> dict[str, int]:
        """The counts as they will be once this batch is committed and added."""
        tally = Counter(str(_counted_as(item)) for item in items)
        found = self.counts()
        return {name: n + tally[name] for name, n in found.items()} | {"seen": self.seen + seen}

    def count(self, *, seen: int, changed: int) -> None:
        """Count a batch of rows that are not named."""
        self.seen += seen
        self.changed += changed

    def add_note(self, item: Item) -> None:
        """List an item that is counted already."""
        self._list(item)

    def add_group(self, item: Item, *, count: int) -> None:
        """Count `count` items of one outcome and one reason, which are listed in one line."""
        before = getattr(self, item.outcome)
        setattr(self, item.outcome, before + count)
        self._list(item)

    def counts(self) -> dict[str, int]:
        """The five counts by name."""
        return {
            "seen": self.seen,
            "changed": self.changed,
            "skipped": self.skipped,
            "failed": self.failed,
            "left": self.left,
        }

    def _list(self, item: Item) -> None:
        if self.on_item is not None:
            self.on_item(item)
        if self._listed[item.outcome] >= LISTED:
            self.omitted += 1
            return
        self._listed[item.outcome] += 1
        self.items.append(item)


def _counted_as(item: Item) -> ItemOutcome:
    return ItemOutcome.FAILED if item.outcome is ItemOutcome.REFUSED else item.outcome
