"""`savctl ticket search`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from savctl.cli.framework.choices import one_of
from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.listing import up_to
from savctl.cli.framework.output import Answer, Row
from savctl.cli.framework.params import MAX_LIMIT, Limit
from savctl.cli.ticket import group
from savctl.domain.model.ticket_filter import TicketFilter
from savctl.domain.search.cursor import parse_cursor
from savctl.domain.search.matching import SearchField
from savctl.domain.search.query import parse_query
from savctl.errors import InvalidInput

if TYPE_CHECKING:  # it brings SQLAlchemy along, which help does without
    from savctl.usecases.search.options import SearchHit, SearchOptions
    from savctl.usecases.search.search import TicketSearch

_COLUMNS = ("ticket_number", "status", "priority", "score", "found_in", "subject", "snippet")
_FIELDS = (
    *("ticket_number", "id", "status", "priority", "subject", "score", "found_in"),
    *("message_id", "snippet"),
)


@command(
    group,
    "search",
    filters=True,
    examples=[
        "savctl ticket search 'colis abîmé'",
        "savctl ticket search '\"not received\" refund* -resolved' --status open,in_progress",
        "savctl ticket search TKT-7K2M9QXA -o json",
    ],
)
def search(
    call: CommandContext,
    wanted: TicketFilter,
    text: Annotated[
        list[str],
        typer.Argument(metavar="TEXT…", help='Words, "a phrase", -without, prefix*.'),
    ],
    in_: Annotated[
        list[str] | None,
        typer.Option("--in", metavar="FIELDS", help=f"Only in {', '.join(SearchField)}."),
    ] = None,
    public: Annotated[bool, typer.Option("--public", help="Leave out internal notes.")] = False,
    scan: Annotated[
        bool, typer.Option("--scan", help="Look without an index, in the newest tickets.")
    ] = False,
    limit: Limit = 50,
    after: Annotated[
        str | None,
        typer.Option("--after", metavar="CURSOR", help="Continue behind a page (next page)."),
    ] = None,
) -> Answer:
    """Find tickets by their words, best first.

    All words must be in the ticket: in its subject, its description or its messages. Case and
    accents do not matter. Put '--' before a text that begins with '-'.

    Without an index, which a service's own tables do not have by themselves, the command ends
    with the statement that makes one.
    """
    from savctl.usecases.search.options import SearchOptions

    options = SearchOptions(
        query=parse_query(" ".join(text)),
        wanted=wanted,
        fields=_fields(in_),
        public_only=public,
        scan=scan,
        enough=limit + 1 if limit else MAX_LIMIT,
    )
    rows = _rows(call, options, limit=limit, after=after)
    return Answer(
        rows=rows, columns=_COLUMNS, kept=("score", "snippet"), fields=_FIELDS, noun="tickets"
    )


def _fields(given: Sequence[str] | None) -> tuple[SearchField, ...]:
    words = [word for text in given or () for word in text.split(",")]
    if any(word.partition(".")[0] == "metadata" for word in words):
        raise InvalidInput(
            "search does not look into metadata: its values may be encrypted",
            hint=f"Use {', '.join(SearchField)}.",
        )
    chosen = {one_of("in", word, tuple(SearchField)) for word in words}
    return tuple(field for field in SearchField if not words or field in chosen)


def _rows(
    call: CommandContext, options: SearchOptions, *, limit: int, after: str | None
) -> Iterator[Row]:
    from savctl.cli.framework.stderr.progress import watching
    from savctl.domain.text import plural
    from savctl.usecases.search.search import TicketSearch

    start = None if after is None else parse_cursor(after, options.asked)
    with watching(call, closes=False) as progress:
        found = TicketSearch(
            call.database,
            options,
            looked=lambda count: progress.show(f"{plural(count, 'ticket')} looked at"),
        )
        hits = up_to(
            call, found.hits(start), limit, after=lambda hit: hit.cursor.as_text(options.asked)
        )
        yield from map(_row, hits)
    _note_what_was_left_out(call, found, options)


def _row(hit: SearchHit) -> Row:
    return {name: getattr(hit, name) for name in _FIELDS}


def _note_what_was_left_out(
    call: CommandContext, found: TicketSearch, options: SearchOptions
) -> None:
    if found.is_bounded and not options.scan:
        call.note("no index has these words: the newest tickets were read one by one")
    if found.unread is not None:
        place = found.unread.as_text(options.asked)
        call.note(f"older tickets were not looked at: --after {place} continues")
    if not call.token_bearer.is_narrowed and found.has_archive():
        call.note("archived tickets are not searched: savctl archive list")
