"""The inventory of what is outside the database: files, copies, other programs."""

from __future__ import annotations

from savctl.domain.privacy.inventory.entry import (
    CONTRACT,
    DUTY,
    INTEREST,
    NO,
    YES,
    A,
    C,
    Care,
    Entry,
    T,
    entries,
)
from savctl.domain.privacy.inventory.service import TICKET

OUTSIDE: tuple[Entry, ...] = (
    *entries(
        "bucket: ",
        Care(
            basis=CONTRACT,
            retention=TICKET.retention,
            erased="every version and delete marker of the key",
        ),
        ("tickets/", C + T, "the files of tickets", YES),
    ),
    *entries(
        "bucket: ",
        Care(
            basis=CONTRACT,
            retention="a day",
            erased="every version of the keys of their running uploads",
        ),
        ("temp/", C + T, "files whose upload is running", NO),
    ),
    *entries(
        "archive: ",
        Care(
            basis=CONTRACT,
            retention=TICKET.retention,
            erased="written again without the person, the old object purged with every version",
        ),
        ("bundles", C + A + T, "archived tickets, whole", YES),
    ),
    *entries(
        "export: ",
        Care(
            basis=DUTY,
            retention="whoever holds the file decides; the audit knows its digest",
            erased="by whoever holds the file",
        ),
        ("files of savctl export and gdpr export", C + A + T, "copies on purpose", NO),
        (
            "other files that a command was asked for",
            C + A + T,
            "plans, refused rows",
            NO,
        ),
    ),
    *entries(
        "backup: ",
        Care(
            basis=INTEREST,
            retention="until the backup's end",
            erased="not rewritten; erase again after a restore",
        ),
        ("dumps", C + A + T, "copies of everything above", NO),
        ("binary logs", C + A + T, "every change that the server logged", NO),
    ),
    *entries(
        "mirror: ",
        Care(
            basis=INTEREST,
            retention="as long as the bucket keeps the file; a file that vanished stays",
            erased="the keys, and every content that no other key uses",
        ),
        ("objects/", C + T, "second copies of files", NO),
        ("index/", C, "keys, sizes and digests of files", NO),
    ),
    *entries(
        "spool: ",
        Care(
            basis=CONTRACT,
            retention="until the command ends; nameless where the system lets",
            erased="gone with the command that made it",
        ),
        ("temporary files of a running command", C + A + T, "what it is working on", NO),
    ),
    *entries(
        "log: ",
        Care(basis=INTEREST, retention="the host's", erased="ids only"),
        ("savctl's own log", C + A, "ids, no text, no addresses", NO),
    ),
    *entries(
        "broker: ",
        Care(basis=CONTRACT, retention="the consumers'", erased="the consumers erase theirs"),
        ("events that were published", C + A + T, "the payloads of the outbox", NO),
    ),
)
