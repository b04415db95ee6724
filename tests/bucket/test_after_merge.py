"""A merge moves records, not objects: a key names where a file was uploaded (rules 6.3)."""

from __future__ import annotations

from savctl.ports import SetClock
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.splitting import split_ticket
from tests.bucket.conftest import GRACE, Bucket
from tests.given import BOSS, SECOND, created, rows
from tests.tickets.talk import merge, say

DIGESTS = ("1" * 32, "2" * 32, "3" * 32)


def test_nothing_that_was_merged_or_split_is_an_orphan(bucket: Bucket, clock: SetClock) -> None:
    database, target = bucket.database, bucket.ticket
    source, foreign = created(database, clock), created(database, clock, user_id=789)
    keys = {f"tickets/{source.id}/{digest}.png" for digest in DIGESTS[:2]}
    keys.add(f"tickets/{foreign.id}/{DIGESTS[2]}.png")
    bucket.put(*keys)
    for key in sorted(keys):
        bucket.record(key, ticket_id=int(key.split("/")[1]))
    say(database, clock, target, "Stays.")

    merge(database, clock, source, into=target)
    merge(database, clock, foreign, into=target, across=True)
    note = "SELECT id FROM ticket_messages WHERE is_internal = 1"
    theirs = [row["id"] for row in rows(database, note)]
    split_ticket(Operation(database, clock, actor=BOSS), target.id, theirs)
    clock.advance(GRACE + SECOND)
    report = bucket.clean_up()

    assert report.changed == 0
    assert bucket.visible() == keys
    where = rows(database, "SELECT ticket_id FROM ticket_attachments ORDER BY id")
    assert [row["ticket_id"] for row in where] == [target.id, target.id, foreign.id + 1]
