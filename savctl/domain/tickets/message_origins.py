"""Which of a ticket's messages came from another ticket: `metadata.moved_messages` (rules 6).

One entry for each ticket they came from: `{"ticket_id", "description", "messages", "hidden",
"files"}`, all of them ids. What came with a merge or a split is no answer of the ticket it came
to and ends no silence; and a wrong merge can be taken apart again. What left a ticket had
answered it: `metadata.sla.answered_at` keeps that moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from savctl.domain.clock import instant, second_text
from savctl.domain.model.metadata import Metadata
from savctl.domain.model.row_ids import row_id, row_ids

KEY = "moved_messages"
_ANSWERED = "answered_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageOrigin:
    """A ticket that messages came from.

    `messages` are all of them; `description` is the one that was the ticket's description, None
    after a split; `hidden` those that a customer could read before, and not any more; `files`
    the attachments that hang on no message. Of a ticket of another customer the description is
    among the hidden, here or not: by that the rest is known to be about somebody else.
    """

    ticket_id: int
    messages: frozenset[int]
    description: int | None = None
    hidden: frozenset[int] = frozenset()
    files: frozenset[int] = frozenset()

    @property
    def is_foreign(self) -> bool:
        """Whether it was another customer's ticket."""
        return self.description in self.hidden

    def without(self, message_ids: frozenset[int], file_ids: frozenset[int]) -> MessageOrigin:
        """The same once some of them have gone elsewhere."""
        here = self.messages - message_ids
        return self.among(here, self.files - file_ids, hidden=self.hidden & here)

    def among(
        self,
        messages: frozenset[int],
        files: frozenset[int],
        *,
        hidden: frozenset[int],
        is_foreign: bool = False,
    ) -> MessageOrigin:
        """What is left of it on a ticket; what was foreign stays so, and may become so."""
        mark = frozenset((self.description,) if self.description is not None else ())
        return MessageOrigin(
            ticket_id=self.ticket_id,
            messages=messages,
            description=self.description,
            hidden=hidden | mark if is_foreign or self.is_foreign else hidden,
            files=files,
        )

    def as_json(self) -> dict[str, object]:
        """The stored form."""
        return {
            "ticket_id": self.ticket_id,
            "description": self.description,
            "messages": sorted(self.messages),
            "hidden": sorted(self.hidden),
            "files": sorted(self.files),
        }


def origins(metadata: Metadata) -> tuple[MessageOrigin, ...]:
    """Where messages came from; entries of a foreign shape are left out."""
    stored = metadata.get(KEY)
    if not isinstance(stored, list):
        return ()
    found = (_origin(item) for item in stored if isinstance(item, Mapping))
    return tuple(origin for origin in found if origin is not None)


def moved_ids(metadata: Metadata) -> frozenset[int]:
    """The messages that came from other tickets; not all of them need be here still."""
    if KEY not in metadata:  # as of nearly every ticket
        return frozenset()
    return frozenset[int]().union(*(origin.messages for origin in origins(metadata)))


def with_origins(metadata: Metadata, known: Iterable[MessageOrigin]) -> Metadata:
    """The metadata with this record instead; what has a foreign shape in it stays."""
    stored = metadata.get(KEY)
    items = stored if isinstance(stored, list) else [] if stored is None else [stored]
    foreign = [i for i in items if not isinstance(i, Mapping) or _origin(i) is None]
    kept = foreign + [origin.as_json() for origin in known if origin.messages or origin.files]
    if not kept and KEY not in metadata:
        return metadata
    return metadata.with_members(**{KEY: kept})


def kept_answer(metadata: Metadata) -> datetime | None:
    """When an agent first answered, of a ticket whose answer has gone elsewhere."""
    return instant(metadata.object_at("sla").get(_ANSWERED))


def with_kept_answer(metadata: Metadata, at: datetime | None) -> Metadata:
    """The metadata with that moment; an earlier one that stands there already stays."""
    known = kept_answer(metadata)
    if at is None or (known is not None and known <= at):
        return metadata
    sla = {**metadata.object_at("sla"), _ANSWERED: second_text(at)}
    return metadata.with_members(sla=sla)


def _origin(item: Mapping[str, object]) -> MessageOrigin | None:
    ticket_id = row_id(item.get("ticket_id"))
    if ticket_id is None:
        return None
    return MessageOrigin(
        ticket_id=ticket_id,
        messages=row_ids(item.get("messages")),
        description=row_id(item.get("description")),
        hidden=row_ids(item.get("hidden")),
        files=row_ids(item.get("files")),
    )
