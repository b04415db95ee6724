"""Rows of other programs that the schema does not allow, named for people."""

from __future__ import annotations

from dataclasses import dataclass, field

from savctl.domain.model.ticket import Ticket

_NAMED = 3


def oddities(ticket: Ticket) -> tuple[str, ...]:
    """What of a ticket's row is shown as it is, because no rule knows it; mostly nothing."""
    found = ticket.odd_values
    if ticket.metadata.is_broken:
        found += ("metadata that is not a JSON object",)
    times = (("created_at", ticket.created_at), ("updated_at", ticket.updated_at))
    return found + tuple(f"no {name}" for name, at in times if at is None)


@dataclass(slots=True)
class OddRows:
    """The odd ones among many tickets: how many, and the first few by name."""

    count: int = 0
    named: list[str] = field(default_factory=list)

    def look(self, ticket: Ticket) -> None:
        """Look at one ticket more."""
        if found := oddities(ticket):
            self.count += 1
            if len(self.named) < _NAMED:
                self.named.append(f"{ticket.ticket_number} has {' and '.join(found)}")

    @property
    def warning(self) -> str | None:
        """One line for people; None when there is nothing."""
        if not self.count:
            return None
        more = self.count - len(self.named)
        behind = f", and {more} more like these" if more else ""
        return f"{', '.join(self.named)}{behind}: savctl db check names every such row"
