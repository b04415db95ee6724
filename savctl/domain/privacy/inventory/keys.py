"""The inventory inside JSON: the keys of a ticket's metadata and of event payloads."""

from __future__ import annotations

from savctl.domain.privacy.inventory.entry import (
    CONTRACT,
    INTERNAL,
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
from savctl.domain.privacy.inventory.service import TICKET

# Keys of one name stand for the same thing in every event that has them.
_PAYLOAD = Care(
    basis=CONTRACT,
    retention="30 days after it was published; with the consumers by their own rules",
    erased="deleted or given up with the event; anonymised: subject, reason and ids redacted",
)

METADATA: tuple[Entry, ...] = tuple(
    entries(
        "support_tickets.metadata:",
        TICKET,
        (
            "history",
            C + A + T,
            "what happened: entries {at, actor, action, from, to, reason}",
            YES,
        ),
        ("sla", C, "what was promised, and what was broken", YES),
        ("priority_reasons", C, "why the priority is what it is", YES),
        ("merged_into", C, "number and id of the ticket it went into", YES),
        ("merged_from", C, "numbers and ids of the merged tickets", YES),
        ("moved_messages", C, "ids of the moved messages and files, by ticket", INTERNAL),
        ("follow_up_of", C, "the ticket it follows up", YES),
        ("split_from", C, "the ticket it was split from", YES),
        ("legal_hold", C + A + T, "why it is kept as evidence, since when, by whom", INTERNAL),
        ("tags", C, "labels", YES),
        ("order", C, "the order as the orders service reported it, and when", YES),
        ("order_check", C, "whether the order exists", YES),
        ("vip", C, "VIP when the ticket was created", YES),
        ("order_value", C, "what the order was worth", YES),
        ("payment_failed", C, "whether a payment failed", YES),
        ("imported", C + A, "where it was imported from, when, by whom", YES),
        ("imported_from", C + A + T, "links and a hold of the database of origin", INTERNAL),
        ("imported_history", C + A + T, "the history that another program had", YES),
        ("unreadable", C + A + T, "metadata that was no JSON, kept", YES),
        ("unreadable_history", C + A + T, "a history that was no list, kept", YES),
        ("unreadable_sla", C + T, "an sla that was no object, kept", YES),
        ("unreadable_merged_into", C + T, "a merged_into that was no object, kept", YES),
        ("*", C + T, "custom fields and other programs' keys", YES),
    )
)
HISTORY: tuple[Entry, ...] = tuple(
    entries(
        "support_tickets.metadata:history.",
        TICKET,
        ("at", C + A, "time", YES),
        ("actor", C + A, "who did it, as an id", YES),
        ("action", N, "what was done; of a hold only with --with-internal", YES),
        ("from", C + A, "the value before: a status, a priority, an agent's id", YES),
        ("to", C + A, "the value after", YES),
        ("reason", C + A + T, "free text of whoever did it", YES),
    )
)
PAYLOADS: tuple[Entry, ...] = tuple(
    entries(
        "savctl_outbox.envelope:",
        _PAYLOAD,
        ("event", N, "kind of event", NO),
        ("timestamp", C, "time", NO),
        ("data.ticket_id", C, "the ticket", NO),
        ("data.ticket_number", C, "the ticket", NO),
        ("data.user_id", C, "the customer", NO),
        ("data.subject", C + T, "free text of the customer", NO),
        ("data.priority", C, "how urgent it is", NO),
        ("data.status", C, "where it stands", NO),
        ("data.order_id", C, "the customer's order", NO),
        ("data.category", C, "what it is about", NO),
        ("data.assigned_to", A, "the agent's id", NO),
        ("data.assigned_by", A, "who assigned", NO),
        ("data.previous_status", C, "where it stood", NO),
        ("data.new_status", C, "where it stands", NO),
        ("data.changed_by", C + A, "who changed it", NO),
        ("data.reason", C + A + T, "free text of whoever did it", NO),
        ("data.resolved_by", A, "who solved it", NO),
        ("data.resolution_time_minutes", C, "how long it took", NO),
        ("data.sla_met", C, "whether a promise was kept", NO),
        ("data.message_id", C, "the message", NO),
        ("data.sender_id", C + A, "who wrote it", NO),
        ("data.sender_type", N, "which side wrote it", NO),
        ("data.is_internal", N, "whether it is a note among agents", NO),
        ("data.has_attachments", C, "whether files hang on it", NO),
        ("data.attachment_count", C, "count", NO),
        ("data.sla_type", N, "response or resolution", NO),
        ("data.expected_minutes", C, "what was promised", NO),
        ("data.actual_minutes", C, "what was kept", NO),
    )
)
