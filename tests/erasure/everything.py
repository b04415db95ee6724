"""A person with everything, another one beside them, and marks to look for afterwards."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, update

from savctl.domain.age import Age
from savctl.domain.encryption.codec import MetadataCodec
from savctl.domain.encryption.keys import KeyRing
from savctl.persistence.engine import Database
from savctl.persistence.files.uploads import Upload, UploadRecords
from savctl.persistence.schema.tables import cache, imports, outbox, users
from savctl.ports import ObjectStore, SetClock
from savctl.usecases.archive.archiving import archive_tickets
from savctl.usecases.archive.cold_storage import DEFAULT_PREFIX, ColdStorage
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.files.attaching import delete_attachment
from savctl.usecases.operation import Operation
from savctl.usecases.privacy.holds import hold_ticket, release_ticket
from savctl.usecases.tickets.assignment import assign_ticket
from savctl.usecases.tickets.conversation import add_message
from savctl.usecases.tickets.merging import MergeOptions, merge_tickets
from savctl.usecases.tickets.splitting import SplitOptions, split_ticket
from savctl.usecases.tickets.transitions import close_ticket
from savctl.usecases.tickets.vips import mark_vip
from tests.given import (
    AGENT,
    BOSS,
    CUSTOMER,
    DAY,
    NOW,
    attached,
    created,
    rows,
    write_rows,
)

EVE = 457
LONG_AGO = NOW - 500 * DAY
PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)
EMAIL = "ada.mark01@example.org"


@dataclass(slots=True)
class Everything:
    """The two persons, by what was made of them."""

    database: Database
    store: ObjectStore
    clock: SetClock
    cold: ColdStorage
    marks: list[str] = field(default_factory=lambda: ["mark01"])
    last_mark: int = 1
    hidden_marks: list[str] = field(default_factory=list)  # never stored as they are
    held_marks: list[str] = field(default_factory=list)
    shared: str = ""  # the key of an object of the person's that a record of Eve's names too
    lent: dict[str, set[int | None]] = field(default_factory=dict)  # rows of others on own tickets
    own: dict[str, int] = field(default_factory=dict)
    eves: dict[str, int] = field(default_factory=dict)

    def op(self, actor: int | None = BOSS, key: str | None = None) -> Operation:
        return Operation(self.database, self.clock, actor=actor, idempotency_key=key)

    def release(self) -> None:
        """End the legal hold on one of the tickets."""
        release_ticket(self.op(), self.own["held"], reason="over")

    def mark(self) -> str:
        self.last_mark += 1
        self.marks.append(f"mark{self.last_mark:02d}")
        return self.marks[-1]

    def ticket(self, name: str, **fields: Any) -> int:
        if "meta" not in fields:
            fields["meta"] = {"note": self.mark()}
        made = created(
            self.database,
            self.clock,
            subject=f"subject {self.mark()}",
            description=f"description {self.mark()}",
            **fields,
        )
        self.own[name] = made.id
        return made.id

    def eves_ticket(self, name: str) -> int:
        made = created(
            self.database, self.clock, user_id=EVE, subject="of Eve", description=f"EVE {name}"
        )
        self.eves[name] = made.id
        return made.id

    def say(self, ticket: int, text: str, *, by: int = CUSTOMER, **more: Any) -> int:
        side = "agent" if by == AGENT else "customer"
        key = more.pop("key", None)
        sender = (side, by)
        stored = add_message(
            self.op(by, key), ticket, sender=sender, body=text, **{"other_customer": True, **more}
        )
        return int(str(stored[1]["id"]))

    def file(self, ticket: int, name: str = "photo.png") -> str:
        stored = attached(
            self.database, self.store, ticket, (name, PNG + self.mark().encode()), clock=self.clock
        )
        return stored[0].file_path

    def close(self, ticket: int) -> None:
        close_ticket(self.op(), ticket, reason=f"because {self.mark()}")


def everything(database: Database, store: ObjectStore, clock: SetClock) -> Everything:
    """Make it all: a good minute of a busy year."""
    cold = ColdStorage(store, DEFAULT_PREFIX)
    e = Everything(database, store, clock, cold)
    _users(e)
    clock.at = LONG_AGO
    _archived(e)
    clock.at = NOW - 3 * DAY
    _live(e)
    _merged(e)
    _copies(e)
    clock.at = NOW
    _held(e)
    return e


def _users(e: Everything) -> None:
    people = [
        (CUSTOMER, EMAIL, f"Ada {e.mark()}", f"Byron {e.mark()}"),
        (EVE, "eve@example.org", "Evelyn", "Other"),
        (AGENT, "bob@example.org", "Robert", "Ross"),
    ]
    named = [dict(zip(("id", "email", "firstname", "lastname"), r, strict=True)) for r in people]
    e.database.transaction(lambda c: c.execute(insert(users), named))


def _archived(e: Everything) -> None:
    """Three bundles: own tickets, one with Eve's words, and Eve's with Ada's words."""
    for number in range(2):
        one = e.ticket(f"archived{number}")
        e.say(one, f"words {e.mark()}")
        e.file(one)
        e.close(one)
        _into_a_bundle(e)
    target, source = e.ticket("archived-target"), e.eves_ticket("lent-archived")
    e.say(source, "EVE words to be archived", by=EVE)
    merge_tickets(e.op(), [source], target, terms=MergeOptions(across=True))
    e.close(target)
    theirs, mine = e.eves_ticket("archived-host"), e.ticket("lent-to-the-archive")
    e.say(mine, f"words {e.mark()}")
    e.say(mine, f"an answer {e.mark()}", by=AGENT)
    e.file(mine)
    merge_tickets(e.op(), [mine], theirs, terms=MergeOptions(across=True))
    e.say(theirs, "EVE goes on", by=EVE)
    close_ticket(e.op(), theirs, reason="done")
    other = e.eves_ticket("archived")
    e.say(other, "EVE alone", by=EVE)
    close_ticket(e.op(), other, reason="done")
    _into_a_bundle(e)


def _into_a_bundle(e: Everything) -> None:
    before, e.clock.at = e.clock.at, NOW - 4 * DAY
    archive_tickets(
        e.database,
        e.clock,
        e.cold,
        after=Age(years=1),
        terms=BatchContext(report=BatchReport()),
        bundle_tickets=1000,
    )
    e.clock.at = before


def _live(e: Everything) -> None:
    live = e.ticket("live", order_id=789, category="shipping", tags=("lost",))
    assign_ticket(e.op(), live, to=AGENT)
    e.say(live, f"words {e.mark()}", key="key-1")
    e.say(live, f"answer {e.mark()}", by=AGENT)
    e.say(live, f"note {e.mark()}", by=AGENT, internal=True)
    key = e.file(live)
    for _ in range(4):
        content = PNG + e.mark().encode()
        e.store.put(key, io.BytesIO(content), size_bytes=len(content), content_type="image/png")
    hidden = f"tickets/{live}/{'0' * 32}.png"
    content = PNG + e.mark().encode()
    e.store.put(hidden, io.BytesIO(content), size_bytes=len(content), content_type="image/png")
    e.store.hide([hidden])
    closed = e.ticket("closed")
    e.file(closed, f"invoice {e.mark()}.png")
    e.close(closed)
    whole = e.ticket("split")
    e.say(whole, f"words {e.mark()}")
    part = e.say(whole, f"split off {e.mark()}")
    made = split_ticket(e.op(), whole, [part], terms=SplitOptions(reason=f"why {e.mark()}"))
    e.own["part"] = made.ticket.id
    _upload(e, live)
    _encrypted(e)
    _twice(e)


def _upload(e: Everything, ticket: int) -> None:
    """An upload under way, in parts, and one whose object lies there already."""
    temp, goal = f"temp/session-{ticket}/a.png", f"tickets/{ticket}/{'1' * 32}.png"
    content = PNG + e.mark().encode()
    e.store.put(temp, io.BytesIO(content), size_bytes=len(content), content_type="image/png")
    parts = e.store.begin_parts(goal, content_type="image/png")
    one = Upload(
        id="upload-1",
        object_key=goal,
        temp_key=temp,
        upload_id=parts,
        ticket_id=ticket,
        actor=CUSTOMER,
        started_at=e.clock(),
    )
    e.database.transaction(lambda c: UploadRecords(c).announce([one]))


def _encrypted(e: Everything) -> None:
    """A value that is stored encrypted: what is looked for is its ciphertext."""
    plain = e.database.codec
    e.database.codec = MetadataCodec(keys=lambda: KeyRing("K1", {"K1": bytes(range(32))}))
    e.hidden_marks.append(e.mark())
    e.marks.remove(e.hidden_marks[0])
    ticket = e.ticket("encrypted", meta={"phone": f"+49 {e.hidden_marks[0]}"})
    e.database.codec = plain
    (row,) = rows(e.database, f"SELECT metadata FROM support_tickets WHERE id = {ticket}")
    e.marks.append(str(json.loads(row["metadata"])["phone"]))


def _twice(e: Everything) -> None:
    """One object under two records, one of those soft-deleted; and one that Eve shares."""
    ticket, content = e.ticket("twice"), PNG + e.mark().encode()
    files = [(name, content) for name in (f"one {e.mark()}.png", f"two {e.mark()}.png")]
    one, two = attached(e.database, e.store, ticket, *files, clock=e.clock)
    assert one.file_path == two.file_path
    delete_attachment(e.op(AGENT), one.id, reason=f"wrong {e.mark()}")
    shared = attached(e.database, e.store, ticket, ("both.png", PNG + b"EVE"), clock=e.clock)
    e.shared = shared[0].file_path


def _held(e: Everything) -> None:
    known = len(e.marks)
    held = e.ticket("held")
    e.say(held, f"words {e.mark()}")
    e.file(held)
    hold_ticket(e.op(), held, reason=f"a court asked {e.mark()}")
    e.held_marks = e.marks[known:]


def _merged(e: Everything) -> None:
    target, source = e.ticket("merge-target"), e.ticket("merge-source")
    e.say(source, f"words {e.mark()}")
    e.file(source)
    merge_tickets(e.op(), [source], target, terms=MergeOptions(reason=f"same {e.mark()}"))
    theirs, mine = e.eves_ticket("host"), e.ticket("lent")
    e.say(mine, f"words {e.mark()}")
    e.say(mine, f"an answer {e.mark()}", by=AGENT)
    e.file(mine)
    merge_tickets(e.op(), [mine], theirs, terms=MergeOptions(across=True))
    e.say(theirs, "EVE goes on", by=EVE)
    e.say(theirs, f"by mistake {e.mark()}", by=CUSTOMER)
    host, lent = e.ticket("own-host"), e.eves_ticket("lent")
    e.say(lent, "EVE words on a lent ticket", by=EVE)
    e.say(lent, "EVE is answered", by=AGENT)
    attached(e.database, e.store, lent, ("eve.png", PNG + b"EVE"), clock=e.clock)
    merge_tickets(e.op(), [lent], host, terms=MergeOptions(across=True))


def _copies(e: Everything) -> None:
    alone = e.eves_ticket("alone")
    e.say(alone, "EVE alone", by=EVE)
    e.say(alone, "EVE again", by=EVE, key="key-of-eve")
    (own,) = attached(e.database, e.store, alone, ("eve.png", PNG + b"EVE too"), clock=e.clock)
    sharing = {**rows(e.database, f"SELECT * FROM ticket_attachments WHERE id = {own.id}")[0]}
    del sharing["id"]
    sharing |= {"file_path": e.shared, "original_name": "eve-shared.png"}
    write_rows(e.database, "ticket_attachments", [sharing])
    mark_vip(e.op(), EVE, is_vip=True)
    mark_vip(e.op(), CUSTOMER, is_vip=True)
    cached = [
        {"key": "sav:user:456", "value": f'{{"email": "{EMAIL}"}}', "expiration": 0},
        {"key": "sav:user:457", "value": '{"email": "eve@example.org"}', "expiration": 0},
    ]
    numbers = [
        {"source": "old", "external_id": e.mark(), "ticket_id": e.own["live"]},
        {"source": "old", "external_id": "EVE-1", "ticket_id": alone},
    ]

    def work(connection: Any) -> None:
        connection.execute(insert(cache), cached)
        connection.execute(insert(imports), numbers)
        sent = update(outbox).where(outbox.c.id % 2 == 0)
        connection.execute(sent.values(published_at=e.clock()))

    e.database.transaction(work)
