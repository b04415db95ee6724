"""A digest of every row, object version and archived ticket that is not the person's.

A row is the person's by a rule for its table; a table without a rule is nobody's, and all of it
must stay. What a merge lent to the person changes its ticket when it goes home, nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

from savctl.persistence.schema.tables import metadata as tables
from savctl.usecases.archive.cold_storage import DEFAULT_PREFIX
from tests.erasure.everything import EMAIL, Everything
from tests.given import CUSTOMER, rows

Row = dict[str, Any]
Others = dict[str, dict[str, str]]

# Counted, timed, written by every command; bundles are written anew, their lines are looked at.
_NOT_STEADY = {
    *("savctl_commits", "savctl_figures", "savctl_totals", "savctl_leases", "savctl_runs"),
    *("savctl_archive_bundles", "savctl_archived_tickets", "savctl_rate_limits"),
    *("savctl_erasures", "savctl_erasure_places", "savctl_erasure_tickets"),
}
_CHANGED_AT_HOME = {
    "ticket_messages": ("ticket_id", "is_internal"),
    "ticket_attachments": ("ticket_id", "message_id"),
    "savctl_files": ("ticket_id",),
}
_OF_EVE = {"ticket_messages": ("message", "EVE"), "ticket_attachments": ("original_name", "eve")}
_EVES = "original_name LIKE 'eve%%'"
_BY_USER = {
    "support_tickets": "user_id",
    "savctl_vips": "user_id",
    "savctl_archive_copies": "user_id",
    "users": "id",
}
_BY_TEXT = {"cache": ("value", EMAIL), "savctl_idempotency": ("key", "key-1")}


def others(e: Everything) -> Others:
    """The digests by table and key."""
    for name in _CHANGED_AT_HOME:
        e.lent.setdefault(name, _lent(e, name))
    found: Others = {"objects": dict(_objects(e)), "archive": dict(_archived(e))}
    for name, table in tables.tables.items():
        if name in _NOT_STEADY:
            continue
        keys = [column.name for column in table.primary_key]
        is_theirs = _rule(e, name)
        found[name] = {
            repr([row[key] for key in keys]): _digest(_bare(e, name, row))
            for row in rows(e.database, f"SELECT * FROM {name}")
            if not is_theirs(row)
        }
    return found


def _lent(e: Everything, name: str) -> set[int | None]:
    """What others have on the person's tickets."""
    is_theirs = _rule(e, name)
    on_own = ", ".join(map(str, e.own.values()))
    found = rows(e.database, f"SELECT * FROM {name} WHERE ticket_id IN ({on_own})")
    return {_id(row) for row in found if not is_theirs(row)}


def _id(row: Row) -> int | None:
    return row.get("id", row.get("attachment_id"))


def changed(before: Others, after: Others) -> list[tuple[str, str]]:
    """What was there before and is not as it was; what came is no part of it."""
    return [
        (name, key)
        for name, known in before.items()
        for key, digest in known.items()
        if after[name].get(key) != digest
    ]


def _rule(e: Everything, name: str) -> Callable[[Row], bool]:
    """Whether a row of the table is the person's."""
    own = set(e.own.values())
    if name in _OF_EVE:
        column, begin = _OF_EVE[name]
        return lambda row: not row[column].startswith(begin)
    if name in _BY_USER:
        return lambda row: row[_BY_USER[name]] == CUSTOMER
    if name in _BY_TEXT:
        column, text = _BY_TEXT[name]
        return lambda row: text in row[column]
    by, keys = f'"sender_id": {CUSTOMER}', tuple(f"tickets/{i}/" for i in own)
    eves = {r["id"] for r in rows(e.database, f"SELECT id FROM ticket_attachments WHERE {_EVES}")}
    special: dict[str, Callable[[Row], bool]] = {
        "savctl_outbox": lambda row: row["ticket_id"] in own or by in row["envelope"],
        "savctl_files": lambda row: row["attachment_id"] not in eves,
        "savctl_archived_files": lambda row: row["object_key"].startswith(keys),
    }
    if name in special:
        return special[name]
    if "ticket_id" in tables.tables[name].c:
        return lambda row: row["ticket_id"] in own
    return lambda _: False


def _bare(e: Everything, name: str, row: Row) -> Row:
    """The row without what changes when it goes home from a ticket of the person."""
    lent = _id(row) in e.lent.get(name, ())
    return {k: v for k, v in row.items() if not (lent and k in _CHANGED_AT_HOME[name])}


def _objects(e: Everything) -> Iterator[tuple[str, str]]:
    """Every version and marker of every key that is not the person's alone."""
    own = {f"tickets/{i}/" for i in e.own.values()} | {f"temp/session-{e.own['live']}/"}
    for version in e.store.versions(""):
        is_theirs = version.key != e.shared and any(map(version.key.startswith, own))
        if is_theirs or version.key.startswith(DEFAULT_PREFIX):
            continue
        content = b""
        if not version.is_marker:
            with e.store.read(version.key, version.version_id) as pieces:
                content = b"".join(pieces)
        found = (version.is_marker, version.is_latest, version.size_bytes, content)
        yield f"{version.key} {version.version_id}", _digest(found)


def _archived(e: Everything) -> Iterator[tuple[str, str]]:
    """Every archived ticket of others, without what the person said on it."""
    own = set(e.own.values())
    for bundle in e.cold.objects():
        for line in map(json.loads, e.cold.lines(bundle.key)):
            if line["ticket_id"] not in own:
                for table, column, begin in (
                    ("messages", "message", "EVE"),
                    ("attachments", "original_name", "eve"),
                ):
                    line[table] = [r for r in line[table] if r[column].startswith(begin)]
                del line["files"]
                yield str(line["ticket_id"]), _digest(line)


def _digest(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()
