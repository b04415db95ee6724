"""The inventory of the service's seven tables."""

from __future__ import annotations

from savctl.domain.privacy.inventory.entry import (
    CONTRACT,
    INTEREST,
    NO,
    YES,
    A,
    C,
    Care,
    Entry,
    N,
    T,
    entries,
)

TICKET = Care(
    basis=CONTRACT,
    retention="7 years after closed_at; a legal hold stops it",
    erased="row deleted; --mode anonymise keeps closed tickets without the person",
)
_USERS = Care(
    basis=CONTRACT,
    retention="as long as the auth service keeps the account",
    erased="row deleted",
)
_FOREIGN = Care(
    basis=INTEREST,
    retention="the other program's; minutes to days",
    erased="named in the certificate, not touched: the queue empties by itself",
)
_CACHE = Care(
    basis=INTEREST,
    retention="the other program's; minutes to days",
    erased="rows with their e-mail address deleted",
)

SERVICE: tuple[Entry, ...] = (
    *entries(
        "support_tickets.",
        TICKET,
        ("id", N, "key of the row", YES),
        ("ticket_number", C, "names the ticket towards the customer", YES),
        ("user_id", C, "the customer's id", YES),
        ("subject", C + T, "free text of the customer", YES),
        ("description", C + T, "free text of the customer", YES),
        ("priority", C, "how urgent it is", YES),
        ("status", C, "where it stands", YES),
        ("category", C, "what it is about", YES),
        ("assigned_to", A, "the agent's id; no name is exported", YES),
        ("order_id", C, "the customer's order", YES),
        ("metadata", C + A + T, "JSON: see its keys", YES),
        ("resolved_at", C, "time", YES),
        ("closed_at", C, "time", YES),
        ("created_at", C, "time", YES),
        ("updated_at", C, "time", YES),
    ),
    *entries(
        "ticket_messages.",
        TICKET,
        ("id", N, "key of the row", YES),
        ("ticket_id", C, "the ticket", YES),
        ("sender_id", C + A, "who wrote it; of agents the id only", YES),
        ("sender_type", N, "which side wrote it", YES),
        ("message", C + A + T, "free text; notes of agents only with --with-internal", YES),
        ("is_internal", N, "whether it is a note among agents", YES),
        ("read_at", C + A, "when the other side read it", YES),
        ("created_at", C + A, "time", YES),
        ("updated_at", C + A, "time", YES),
    ),
    *entries(
        "ticket_attachments.",
        TICKET,
        ("id", N, "key of the row", YES),
        ("ticket_id", C, "the ticket", YES),
        ("message_id", C, "the message", YES),
        ("original_name", C + T, "the name of the file as it was sent", YES),
        ("filename", C + T, "the name made safe", YES),
        ("file_path", C, "where the file is in the bucket", YES),
        ("mime_type", N, "kind of file", YES),
        ("file_size", N, "bytes", YES),
        ("created_at", C, "time", YES),
        ("updated_at", C, "time", YES),
    ),
    *entries(
        "users.",
        _USERS,
        ("id", C + A, "id in the auth service", YES),
        ("email", C + A, "e-mail address; of the customer only", YES),
        ("firstname", C + A, "name; of the customer only", YES),
        ("lastname", C + A, "name; of the customer only", YES),
    ),
    *entries(
        "jobs.",
        _FOREIGN,
        ("id", N, "key of the row", NO),
        ("queue", N, "name of a queue", NO),
        ("payload", C + A + T, "whatever the other program queued", NO),
        ("attempts", N, "count", NO),
        ("reserved_at", N, "time", NO),
        ("available_at", N, "time", NO),
        ("created_at", N, "time", NO),
    ),
    *entries(
        "cache.",
        _CACHE,
        ("key", C + A, "may name a person", NO),
        ("value", C + A + T, "whatever the other program cached", NO),
        ("expiration", N, "time", NO),
    ),
    *entries(
        "cache_locks.",
        _CACHE,
        ("key", C + A, "may name a person", NO),
        ("owner", N, "a random word", NO),
        ("expiration", N, "time", NO),
    ),
)
