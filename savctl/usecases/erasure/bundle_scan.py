"""What a bundle of the archive holds of a person, read once from end to end.

No index knows who wrote on an archived ticket, so every line is looked at: first for the bytes
of the sender's id, and only where they stand as what they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from savctl.domain.model.metadata import Metadata
from savctl.domain.privacy.anonymous import anonymised_message, anonymised_row
from savctl.domain.privacy.erasure import Mode
from savctl.domain.tickets.merge_links import went_into
from savctl.domain.tickets.message_origins import origins
from savctl.persistence.archive.bundles import Bundle
from savctl.persistence.archive.ticket_snapshot import TicketSnapshot
from savctl.persistence.privacy.erasure.elsewhere import brought
from savctl.usecases.archive.cold_storage import ColdStorage
from savctl.usecases.archive.lines import line_of, whole_of
from savctl.usecases.archive.rewriting import ChangedTicket

_FOREIGN = b'"moved_messages"'


@dataclass(slots=True)
class BundleFindings:
    """What is to be done to a bundle.

    `links`: the person's tickets in it, each with the one it was merged into. `with_words`: those
    of them with words of others, whole. `words`: messages and loose files of theirs on tickets of
    others. `keys`: the objects that go with what is taken out of tickets that stay.
    """

    dropping: set[int] = field(default_factory=set)
    changing: dict[int, ChangedTicket] = field(default_factory=dict)
    anonymised: set[int] = field(default_factory=set)
    links: dict[int, int | None] = field(default_factory=dict)
    with_words: dict[int, TicketSnapshot] = field(default_factory=dict)
    keys: list[tuple[int, str, int]] = field(default_factory=list)
    words: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing of the person is in it."""
        return not self.dropping and not self.changing

    @property
    def tickets(self) -> int:
        """The person's own tickets in it."""
        return len(self.links)


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleSearch:
    """Whom to look for: by user id, and by what merges brought from these tickets."""

    user_id: int
    mode: Mode
    gone: frozenset[int]

    def read(self, cold: ColdStorage, bundle: Bundle, own: frozenset[int]) -> BundleFindings:
        """Look at every line; `own` are the person's tickets that are archived.

        Raises:
            Damaged: the bundle is not what was written.
        """
        found = BundleFindings()
        sender = re.compile(rb'"sender_id": %d[,}]' % self.user_id)
        for ticket_id, line in cold.tickets(
            bundle.key, raw_bytes=bundle.raw_bytes, sha256=bundle.sha256
        ):
            if ticket_id in own:
                self._own(found, ticket_id, whole_of(line))
            elif sender.search(line) or (_FOREIGN in line and (self.gone or own)):
                self._of_others(found, ticket_id, whole_of(line), own)
        return found

    def _own(self, found: BundleFindings, ticket_id: int, whole: TicketSnapshot) -> None:
        metadata = Metadata.read(whole.ticket["metadata"])
        found.links[ticket_id] = went_into(metadata)
        if any(o.description is not None for o in origins(metadata)):
            found.with_words[ticket_id] = whole
        if self.mode is Mode.DELETE:
            found.dropping.add(ticket_id)
            return
        found.anonymised.add(ticket_id)
        found.keys += _keys(whole.attachments)
        ticket = anonymised_row(whole.ticket, self.user_id)
        foreign = {i for o in origins(metadata) if o.is_foreign for i in o.messages}
        left = [anonymised_message(m) for m in whole.messages if m["id"] not in foreign]
        found.changing[ticket_id] = _changed(TicketSnapshot(ticket, left, [], []))

    def _of_others(
        self, found: BundleFindings, ticket_id: int, whole: TicketSnapshot, own: frozenset[int]
    ) -> None:
        metadata = Metadata.read(whole.ticket["metadata"])
        ids, hung = brought({ticket_id: metadata}, self.gone | own)
        theirs = {m["id"] for m in whole.messages if m["id"] in ids or self._wrote(m)}
        loose = {a["id"] for a in whole.attachments if a["id"] in hung}
        if not theirs and not loose:
            return
        found.words += len(theirs) + len(loose)
        taken = [a for a in whole.attachments if a["id"] in loose or a["message_id"] in theirs]
        gone = {a["id"] for a in taken}
        found.keys += _keys(taken)
        found.changing[ticket_id] = _changed(
            TicketSnapshot(
                whole.ticket,
                [m for m in whole.messages if m["id"] not in theirs],
                [a for a in whole.attachments if a["id"] not in gone],
                [f for f in whole.files if f["attachment_id"] not in gone],
            )
        )

    def _wrote(self, message: Mapping[str, Any]) -> bool:
        return (message["sender_type"], message["sender_id"]) == ("customer", self.user_id)


def _changed(whole: TicketSnapshot) -> ChangedTicket:
    return ChangedTicket(whole, line_of(whole))


def _keys(attachments: list[dict[str, Any]]) -> list[tuple[int, str, int]]:
    return [(a["ticket_id"], a["file_path"], a["file_size"]) for a in attachments]
