"""The rows of a desk as they were before anybody wrote a breach down, and what was written."""

from __future__ import annotations

import hashlib

from benchmarks.sla._plain_database import opened

_COLUMNS = ("metadata", "priority", "updated_at")
_WRITTEN = ("sla_breaches", "sla_alarms", "audit", "outbox")
_SIDES = "ticket_id, side, at, priority, expected_minutes, actual_minutes, raised_to"
_ABOUT = "id IN (SELECT ticket_id FROM savctl_sla_breaches)"
_FOUND = (
    f"SELECT {_SIDES} FROM savctl_sla_breaches ORDER BY ticket_id, side",
    "SELECT ticket_id, looks_at FROM savctl_sla_alarms ORDER BY ticket_id",
    "SELECT ticket_id, COUNT(*) FROM savctl_outbox GROUP BY ticket_id ORDER BY ticket_id",
    f"SELECT id, metadata, priority FROM support_tickets WHERE {_ABOUT} ORDER BY id",
)


def keep_rows(url: str) -> None:
    """Put aside what is going to be changed."""
    with opened(url) as plain:
        plain.write(
            "CREATE TABLE kept_tickets (id BIGINT PRIMARY KEY, metadata LONGTEXT, "
            "priority VARCHAR(20), updated_at DATETIME)",
            (),
        )
        columns = ", ".join(("id", *_COLUMNS))
        plain.begin()
        plain.write(f"INSERT INTO kept_tickets SELECT {columns} FROM support_tickets", ())
        plain.connection.commit()


def clear(url: str) -> None:
    """Bring the tickets back as they were, and empty savctl's own tables about them."""
    kept = "(SELECT k.{0} FROM kept_tickets k WHERE k.id = support_tickets.id)"
    sets = ", ".join(f"{name} = {kept.format(name)}" for name in _COLUMNS)
    with opened(url) as plain:
        plain.begin()
        plain.write(
            f"UPDATE support_tickets SET {sets} WHERE id IN "
            "(SELECT ticket_id FROM savctl_sla_breaches)",
            (),
        )
        for table in _WRITTEN:
            plain.write(f"DELETE FROM savctl_{table}", ())
        plain.write("DELETE FROM savctl_meta WHERE name = 'sla_watch'", ())
        plain.connection.commit()


def written(url: str) -> str:
    """A digest of what was found, written and queued, whoever did it."""
    digest = hashlib.sha256()
    with opened(url) as plain:
        for query in _FOUND:
            for row in plain.rows(query):
                values = [str(value).removesuffix(".000000") for value in row]
                digest.update(repr(values).encode())
    return digest.hexdigest()
