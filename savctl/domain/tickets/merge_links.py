"""Whether both sides of every merge know of it, and nothing arrived where nobody looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from savctl.domain.model.history import Action
from savctl.domain.model.metadata import Metadata
from savctl.domain.model.row_ids import row_id, row_ids
from savctl.domain.model.states import Status
from savctl.domain.text import plural
from savctl.domain.tickets.integrity import Facts, InvariantProblem


def went_into(metadata: Metadata) -> int | None:
    """The id of the ticket that this one was merged into, by its link."""
    return row_id(metadata.object_at("merged_into").get("ticket_id"))


def came_in(metadata: Metadata) -> frozenset[int]:
    """The ids of the tickets that were merged into this one, by its links."""
    links = metadata.get("merged_from")
    return row_ids([link.get("ticket_id") for link in _list(links) if isinstance(link, Mapping)])


def link_problems(
    facts: Facts, others: Mapping[int, Metadata], late: int
) -> Iterator[InvariantProblem]:
    """What is wrong with the merges of a ticket.

    `others` are the tickets that it names, those that are here; `late` messages stand on it.
    """
    into, sources = went_into(facts.metadata), came_in(facts.metadata)
    if into is not None and into in others and facts.id not in came_in(others[into]):
        yield InvariantProblem("merge-link", f"merged into ticket {into}, which does not know it")
    for source in sorted(sources & set(others)):
        if went_into(others[source]) != facts.id:
            yield InvariantProblem(
                "merge-link", f"ticket {source} was merged in, but has no link back"
            )
    if into is None and any(e.action == Action.MERGED_INTO for e in facts.metadata.history):
        yield InvariantProblem(
            "merge-link", "the history has a merge, metadata.merged_into is gone"
        )
    if into is not None and facts.status is not Status.CLOSED:
        yield InvariantProblem("merged-open", f"merged into ticket {into}, but {facts.status}")
    if into is not None and late:
        yield InvariantProblem(
            "message-on-merged", f"{plural(late, 'message')}; it was merged into ticket {into}"
        )


def _list(stored: object) -> list[object]:
    return stored if isinstance(stored, list) else []
