"""The service's seven tables as it declares them, and savctl's own beside them."""

from __future__ import annotations

from savctl.persistence.schema.tables.archive import (
    archive_bundles,
    archive_copies,
    archived_files,
    archived_tickets,
)
from savctl.persistence.schema.tables.backups import backups
from savctl.persistence.schema.tables.base import (
    OWN_PREFIX,
    REVISION_TABLE,
    VERSION_TABLE,
    metadata,
)
from savctl.persistence.schema.tables.erasure import (
    erasure_places,
    erasure_tickets,
    erasures,
    suppressions,
)
from savctl.persistence.schema.tables.files import files, purges, uploads
from savctl.persistence.schema.tables.metrics import figures, totals
from savctl.persistence.schema.tables.own import (
    audit,
    cache_removals,
    commits,
    idempotency,
    imports,
    leases,
    meta,
    outbox,
    rate_limits,
    reports,
    runs,
    sla_alarms,
    sla_breaches,
    sla_policies,
    ticket_writes,
    vips,
)
from savctl.persistence.schema.tables.service import (
    SERVICE_TABLES,
    cache,
    cache_locks,
    jobs,
    support_tickets,
    ticket_attachments,
    ticket_messages,
    users,
)
from savctl.persistence.schema.tables.sync import dead_messages, inbox, sync_state

__all__ = [
    "OWN_PREFIX",
    "REVISION_TABLE",
    "SERVICE_TABLES",
    "VERSION_TABLE",
    "archive_bundles",
    "archive_copies",
    "archived_files",
    "archived_tickets",
    "audit",
    "backups",
    "cache",
    "cache_locks",
    "cache_removals",
    "commits",
    "dead_messages",
    "erasure_places",
    "erasure_tickets",
    "erasures",
    "figures",
    "files",
    "idempotency",
    "imports",
    "inbox",
    "jobs",
    "leases",
    "meta",
    "metadata",
    "outbox",
    "purges",
    "rate_limits",
    "reports",
    "runs",
    "sla_alarms",
    "sla_breaches",
    "sla_policies",
    "support_tickets",
    "suppressions",
    "sync_state",
    "ticket_attachments",
    "ticket_messages",
    "ticket_writes",
    "totals",
    "uploads",
    "users",
    "vips",
]
