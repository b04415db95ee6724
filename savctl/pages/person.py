"""A person's data as one page: for a screen, a phone and paper, without a network (rules 9.3).

It is written in pieces, a ticket at a time, so that thousands of them need no memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from savctl import __version__
from savctl.domain.imports.records import Item, Records
from savctl.domain.privacy.disclosure import About, Counts, Kind, Missing, Record
from savctl.pages._person_style import PERSON_STYLE
from savctl.pages._person_words import LABELS, fact, file_size, happened, moment, status
from savctl.pages._prose import prose, visible
from savctl.pages.page import Tile, opening, tile
from savctl.pages.values import safe_text

Read = Callable[[], Iterator[Item]]


def render(about: About, counts: Counts, missing: Sequence[Missing], read: Read) -> Iterator[str]:
    """The whole page; `read` gives the records, as often as it is asked."""
    yield opening("Your data at customer support", style=PERSON_STYLE)
    yield _header(about)
    yield f"<main>\n{_tiles(counts, missing)}{_account(about)}{_lost(missing)}"
    yield from _contents(counts, read)
    records = Records(read())
    for ticket in records.all_of(Kind.TICKET):
        yield from _ticket(ticket, records)
    yield from _elsewhere(counts, records)
    yield f"{_about(about)}</main>\n<footer>Made by savctl {__version__}. All times are UTC."
    yield "</footer>\n</body>\n</html>\n"


def _header(about: About) -> str:
    notes = ", with the notes among agents" if about.disclosure.with_internal else ""
    heading = f"Customer {about.disclosure.user_id}, as of {moment(about.made_at)}{notes}"
    return f"<header><h1>Your data at customer support</h1><p>{safe_text(heading)}</p></header>\n"


def _tiles(counts: Counts, missing: Sequence[Missing]) -> str:
    archived = f"{counts.archived} from the archive" if counts.archived else ""
    shown = [
        Tile(label="Tickets", value=counts.tickets, hint=archived),
        Tile(label="Messages", value=counts.messages + counts.messages_elsewhere),
        Tile(label="Files", value=counts.attachments - len(missing)),
    ]
    if missing:
        shown.append(Tile(label="Files not found", value=len(missing), hint="listed below"))
    return f'<div class="tiles">{"".join(map(tile, shown))}</div>\n'


def _account(about: About) -> str:
    if about.user is None and about.vip_since is None:
        return "<p>The support keeps no copy of your account.</p>\n"
    rows = []
    if about.user is not None:
        name = f"{about.user['firstname']} {about.user['lastname']}"
        rows = [("Name", name), ("E-mail", about.user["email"])]
    rows.append(("Customer number", about.disclosure.user_id))
    if about.vip_since is not None:
        rows.append(("VIP since", moment(about.vip_since)))
    listed = "".join(f"<dt>{k}</dt><dd>{safe_text(v)}</dd>" for k, v in rows)
    return f"<section><h2>You</h2><dl>{listed}</dl></section>\n"


def _lost(missing: Sequence[Missing]) -> str:
    """The files that are on record and cannot be found."""
    if not missing:
        return ""
    listed = "".join(
        f'<li class="gone">{_line(one.original_name)} (ticket {_line(one.ticket_number)})</li>'
        for one in missing
    )
    return (
        '<section id="missing"><h2>Files that could not be found</h2><p>They are on record, but '
        f'their content was not in the storage.</p><ul class="files">{listed}</ul></section>\n'
    )


def _contents(counts: Counts, read: Read) -> Iterator[str]:
    """Every ticket in a line that leads to it."""
    if not counts.tickets:
        return
    yield (
        '<section><h2>Your tickets</h2><div class="scroll" tabindex="0"><table class="toc"><thead>'
        '<tr><th scope="col">Ticket</th><th scope="col">Subject</th>'
        '<th scope="col">Status</th><th scope="col">Opened</th></tr></thead><tbody>'
    )
    for kind, ticket in read():
        if kind is Kind.TICKET:
            yield (
                f'<tr><th scope="row" class="s"><a href="#t{ticket["id"]}">'
                f"{_line(ticket['ticket_number'])}</a></th>"
                f'<td class="subject">{_line(ticket["subject"])}</td>'
                f'<td class="s">{status(ticket["status"])}</td>'
                f'<td class="s">{moment(ticket["created_at"], day=True)}</td></tr>\n'
            )
    yield "</tbody></table></div></section>\n"


def _ticket(ticket: dict[str, Any], records: Records) -> Iterator[str]:
    """One ticket: what it is about, the conversation with its files, what happened to it."""
    hung: dict[int | None, list[Record]] = {}
    for file in records.all_of(Kind.FILE):
        hung.setdefault(file["message_id"], []).append(file)
    yield f'<article id="t{ticket["id"]}"><h3>{_line(ticket["subject"])}</h3>{_meta(ticket)}'
    yield '<ol class="talk">'
    yield _message_item(
        "you", "You", ticket["created_at"], ticket["description"], hung.pop(None, [])
    )
    for message in records.all_of(Kind.MESSAGE):
        look, who = _speaker(message)
        files = hung.pop(message["id"], [])
        yield _message_item(look, who, message["created_at"], message["message"], files)
    yield "</ol>"
    yield _files([file for files in hung.values() for file in files])
    yield from happened(ticket["metadata"].get("history"), user_id=ticket["user_id"])
    yield "</article>\n"


def _speaker(message: Record) -> tuple[str, str]:
    if message["sender_type"] == "customer":
        return "you", "You"
    if message["is_internal"]:
        return "note", f"Note of agent {message['sender_id']}"
    if message["sender_type"] != "agent":
        return "agent", f"Sender {message['sender_id']} ({message['sender_type'] or 'unknown'})"
    return "agent", f"Agent {message['sender_id']}"


def _meta(ticket: Record) -> str:
    facts = [
        f"<b>{_line(ticket['ticket_number'])}</b>",
        status(ticket["status"]),
        *(fact(label, ticket[name]) for name, label in LABELS if ticket[name] is not None),
    ]
    tags = ticket["metadata"].get("tags")
    if isinstance(tags, list) and tags:
        facts.append(f"labels {safe_text(', '.join(map(str, tags)))}")
    if ticket["archived"]:
        facts.append("from the archive")
    return f'<p class="meta">{" · ".join(facts)}</p>'


def _message_item(look: str, who: str, at: str | None, text: str, files: Sequence[Record]) -> str:
    by = f'<p class="by"><b>{safe_text(who)}</b> · {moment(at)}</p>'
    return f'<li class="{look}">{by}{prose(text)}{_files(files)}</li>\n'


def _files(files: Sequence[Record]) -> str:
    if not files:
        return ""
    return f'<ul class="files">{"".join(map(_file, files))}</ul>'


def _file(file: Record) -> str:
    name = _line(file["original_name"])
    details = f"{file_size(file['file_size'])}{', deleted' if file.get('deleted_at') else ''}"
    if file["file"] is None:
        return f'<li class="gone">{name} ({details}; could not be found)</li>'
    return f'<li><a href="{quote(file["file"])}">{name}</a> ({details})</li>'


def _elsewhere(counts: Counts, records: Records) -> Iterator[str]:
    if not counts.messages_elsewhere:
        return
    yield (
        "<section><h2>What you wrote on other tickets</h2><p>These tickets belong to somebody "
        'else by now, so only your own words are here.</p><ol class="talk">'
    )
    for message in records.all_of(Kind.ELSEWHERE):
        files = list(records.all_of(Kind.FILE_ELSEWHERE))
        who = f"You, on {message['ticket_number']}"
        yield _message_item("you", who, message["created_at"], message["message"], files)
    yield "</ol></section>\n"


def _about(about: About) -> str:
    notes = "" if about.disclosure.with_internal else "notes among agents, "
    return (
        "<section><h2>About this export</h2><p>It holds your tickets, everything you wrote, what "
        "was answered, your files, and the copy of your account that the support keeps. "
        f"It does not hold {notes}the words of other customers, or names of agents, who are "
        "numbers here. Events about your tickets (numbers, states, subjects) go to the "
        "notification, analytics and websocket services. Closed tickets are kept for "
        f"{about.kept_for.words}, longer when they are evidence in a case.</p><p>The same for "
        "machines is in "
        '<a href="data.json">data.json</a>, explained by '
        '<a href="data.schema.json">data.schema.json</a>; '
        '<a href="manifest.json">manifest.json</a> lists every file with its SHA-256.'
        "</p></section>\n"
    )


def _line(text: object) -> str:
    """One line of somebody's text, which decides its own direction."""
    shown = safe_text(visible(str(text)).replace("\n", " ").replace("\t", " "))
    return f"<bdi>{shown}</bdi>"
