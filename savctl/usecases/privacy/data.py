"""`data.json` of an export, and what stands beside it in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from savctl import __version__
from savctl.domain.clock import second_text
from savctl.domain.imports.records import Item, Records
from savctl.domain.model.json_text import encode
from savctl.domain.privacy.disclosure import FORMAT, VERSION, About, Counts, Kind
from savctl.domain.text import plural


def data_json(about: About, counts: Counts, items: Iterator[Item]) -> Iterator[str]:
    """Everything as one JSON object (docs/schemas/gdpr-export-1.json), in pieces."""
    records = Records(items)
    yield f'{encode(head(about))[:-1]},\n"counts": {encode(asdict(counts))},\n"tickets": ['
    for number, ticket in enumerate(records.all_of(Kind.TICKET)):
        yield f'{_comma(number)}\n{encode(ticket)[:-1]}, "attachments": ['
        yield from _listed(records.all_of(Kind.FILE))
        yield '], "messages": ['
        yield from _listed(records.all_of(Kind.MESSAGE))
        yield "]}"
    yield '\n],\n"messages_elsewhere": ['
    for number, message in enumerate(records.all_of(Kind.ELSEWHERE)):
        yield f'{_comma(number)}\n{encode(message)[:-1]}, "attachments": ['
        yield from _listed(records.all_of(Kind.FILE_ELSEWHERE))
        yield "]}"
    yield "\n]}\n"


def head(about: About) -> dict[str, object]:
    """The description of the export in itself."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "made_at": second_text(about.made_at),
        "made_by": f"savctl {__version__}",
        "user_id": about.disclosure.user_id,
        "with_internal": about.disclosure.with_internal,
        "user": dict(about.user) if about.user is not None else None,
        "vip_since": second_text(about.vip_since) if about.vip_since is not None else None,
    }


def _listed(records: Iterable[dict[str, Any]]) -> Iterator[str]:
    for number, record in enumerate(records):
        yield f"{_comma(number)}{encode(record)}"


def _comma(number: int) -> str:
    return "," if number else ""


def readme(about: About, counts: Counts, missing: int) -> str:
    """README.txt: what is here, in words."""
    notes = "with" if about.disclosure.with_internal else "without"
    gaps = f"\nMISSING: {plural(missing, 'file')} could not be found; manifest.json names them.\n"
    return _README.format(
        user=about.disclosure.user_id,
        at=second_text(about.made_at),
        notes=notes,
        kept_for=about.kept_for.words,
        gaps=gaps if missing else "",
        **asdict(counts) | {"attachments": counts.attachments - missing},
    )


_README = """The data that the customer support holds of customer {user}
Made at {at}, {notes} notes among agents.

index.html            the same to read: open it in any browser, no network is needed
data.json             everything for machines: {tickets} tickets ({archived} of them from the
                      archive), {messages} messages, {messages_elsewhere} messages on other tickets
data.schema.json      what data.json looks like (JSON Schema)
files/                {attachments} files, in a folder for each ticket
manifest.json         every file in here with its size and SHA-256
SHA256SUMS            the same for: sha256sum -c SHA256SUMS
{gaps}
What is in it
- The tickets with every column, all messages of the customer, and the agents' answers.
- Messages of the customer on tickets that belong to others by now, with the ticket's number only.
- The copy of the account (e-mail address, name) that the support keeps.
- A file whose kind may not be attached has .bin at the end of its name, so that nothing runs it.

What is not in it
- What other customers wrote, and names of agents: they are numbers here.
- Copies: events that were sent to other services, the audit, backups.

Who else gets the data: the notification, analytics and websocket services get events about
tickets (numbers, states, the subject). How long it is kept: closed tickets {kept_for}, unless
they are evidence in a case. The export itself is a copy: keep it safe and delete it after use.
"""
