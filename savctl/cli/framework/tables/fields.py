"""The columns that each command answers with: `--columns` is checked against them before it acts.

A command that is not in the table is checked when its rows are there. A test runs every example
and holds that the table names each column of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from savctl.cli.framework.tables.columns import check_columns, check_paths

OBJECTS = frozenset(
    (
        *("metadata", "promise", "response", "resolution", "answer", "envelope", "sla"),
        *("tickets", "details", "report", "archived", "entry", "targets", "rules", "properties"),
        *("last_run", "jobs", "verification", "bucket", "tables", "labels", "file_keys"),
        *("running_breaches", "events", "erasures"),
    )
)
_TICKET = (
    "id ticket_number user_id subject description priority status category assigned_to order_id "
    "metadata resolved_at closed_at created_at updated_at "
)
_CHANGED = f"{_TICKET}changed message_id replayed dry_run "
_MESSAGE = "id ticket_id sender_id sender_type message is_internal read_at created_at updated_at "
_FILE = (
    "id ticket_id message_id original_name filename file_path mime_type file_size created_at "
    "updated_at sha256 deleted_at ticket_number "
)
_EVENT = (
    "id event_id event routing_key ticket_id occurred_at published_at attempts dead_at last_error "
    "envelope"
)
_REPORT = (
    "job run_id dry_run started_at finished_at seen changed skipped failed left items details "
    "id ticket_number outcome reason"
)
_BULK = "operation items plan undoes dry_run id ticket_number outcome reason"
_RUN = (
    "id job scheduled_for started_by attempt host started_at finished_at status seen changed "
    "skipped failed left error report"
)
_SLA = (
    "id ticket_number status priority assigned_to at promise response resolution source problem "
    "is_counted breaches "
)
_KEPT = (
    "group tickets response_met response_breached response_pending response_met_percent "
    "response_median_minutes response_p90_minutes resolution_met resolution_breached "
    "resolution_pending resolution_met_percent resolution_median_minutes resolution_p90_minutes "
    "partial"
)
_ARCHIVED = (
    "id ticket_number user_id order_id closed_at archived_at messages attachments bundle_id "
)
_CERTIFICATE = (
    "id person mode partial reason requested_at started_at finished_at actor savctl_version "
    "places bundles backups holds verification sha256 "
)
_BACKUP = (
    "id made_at server_version client_version schema_revision position database encrypted key_id "
    "files tables bucket state verified_at "
)
_REQUEST = "id user_id source state requested_at due_at mode "
_SCHEMA_CHANGE = "database before after changed dry_run statements"
_SHIFTS = " ".join(
    f"{side}_{what}"
    for side in ("response", "resolution")
    for what in ("breached", "breached_then", "newly_breached", "no_more_breached")
)

_FIELDS: dict[str, str] = {
    "ticket create": f"{_CHANGED}attachment_ids",
    "ticket list": _TICKET,
    "ticket show": f"{_TICKET}messages attachments history sla",
    "ticket history": "at actor action from to reason",
    "ticket next": _TICKET,
    "ticket search": "ticket_number id status priority subject score found_in message_id snippet",
    "ticket merge": f"{_CHANGED}merged sources messages attachments",
    "ticket split": f"{_CHANGED}split_from messages attachments",
    "ticket duplicates": "ticket_number id duplicate_of duplicate_of_id user_id order_id status "
    "created_at subject score why",
    "ticket import": "source seen imported skipped rejected adjusted stopped_at rejects remarks "
    "dry_run",
    **{
        f"ticket {verb}": _CHANGED
        for verb in (
            *("assign", "unassign", "wait", "resume", "resolve", "reopen", "close"),
            *("priority", "edit"),
        )
    },
    **{
        f"ticket bulk {verb}": _BULK
        for verb in (
            *("assign", "unassign", "wait", "resolve", "close", "priority", "tag"),
            "undo",
        )
    },
    "message add": f"{_MESSAGE}ticket_number status changed attachment_ids replayed dry_run",
    "message list": f"{_MESSAGE}attachments",
    "message read": "ticket_number read changed dry_run",
    "message unread": "id ticket_number status assigned_to unread oldest_at",
    "attachment add": f"{_FILE}changed url expires_at replayed dry_run",
    "attachment list": f"{_FILE}url expires_at",
    "attachment get": "id ticket_id file original_name mime_type file_size sha256 dry_run",
    "attachment url": "id ticket_number url expires_at disposition mime_type original_name",
    "attachment delete": f"{_FILE}changed dry_run",
    "attachment restore": f"{_FILE}changed dry_run",
    "attachment check": "file allowed check reason mime_type file_size filename original_name "
    "sha256",
    "attachment access": "id at actor action attachment_id ticket_id message_id seconds reason "
    "run_id",
    "attachment verify": "checked bytes_read missing size content items",
    "sla show": f"{_SLA}promised",
    "sla explain": f"{_SLA}source_means merged_into segments answer raises scan_looks_at next",
    "sla due": "ticket_number id side due_at remaining_seconds in target_minutes priority status "
    "assigned_to overdue warning",
    "sla breaches": "ticket_number ticket_id side at found_at priority expected_minutes "
    "actual_minutes raised_to status assigned_to",
    "sla report": _KEPT,
    "sla audit": "made_at tickets merged derived missed late doubled unfounded wiped unledgered "
    "partial items",
    "sla simulate": f"priority tickets {_SHIFTS}",
    "sla policy": "version starts_at targets rules warn_at_percent",
    "report sla": _KEPT,
    "report volume": "period created resolved closed reopened customer_messages backlog",
    "agent list": "agent_id name active open in_progress waiting_customer resolved closed",
    "agent workload": "agent_id name active open in_progress waiting_customer resolved closed",
    "user list": "id email firstname lastname vip",
    "user show": "id email firstname lastname vip vip_since tickets",
    "user vip": "id vip changed dry_run",
    "export analytics": "file format month tickets rows summed_cells left_out_cells bytes "
    "sha256 dry_run",
    "export tickets": "file format tickets messages attachments bytes sha256 dry_run",
    "gdpr find": "place what rows bytes",
    "gdpr export": "file user_id tickets archived messages messages_elsewhere attachments missing "
    "bytes sha256 dry_run",
    "gdpr erase": _CERTIFICATE + "changed dry_run",
    "gdpr verify": "place what found stays",
    "gdpr requests list": _REQUEST + "late",
    **{
        f"gdpr requests {verb}": _REQUEST + "changed dry_run"
        for verb in ("add", "confirm", "cancel")
    },
    "gdpr requests forgive": "user_id changed dry_run",
    "gdpr log list": "id kind at actor state partial",
    "gdpr log show": _CERTIFICATE + "kind at entry state",
    "gdpr certificate check": "file id intact made_here problem",
    "gdpr inventory": "place whose what basis retention erased exported",
    "gdpr hold add": _CHANGED,
    "gdpr hold release": _CHANGED,
    "gdpr hold list": "id ticket_number user_id status reason at actor",
    "backup drill": "id made_at procedures name outcome seconds lost_seconds",
    "backup mirror": f"{_REPORT} key sha256 problem",
    "archive run": _REPORT,
    "archive list": _ARCHIVED,
    "archive show": f"{_TICKET}messages attachments archived",
    "archive verify": "bundle tickets size_bytes sha256 problem",
    "archive restore": f"{_ARCHIVED}changed dry_run",
    "event list": _EVENT,
    "event show": _EVENT,
    "event tail": _EVENT,
    "event status": "waiting oldest_at oldest_age_seconds oldest_age refusals dead skipped broker",
    "event relay": f"{_REPORT} sent",
    "event retry": "id retried dry_run",
    "event skip": "id skipped dry_run",
    "event replay": "sent would_send refused",
    "event setup": "broker exchange type durable",
    "sync setup": "queue exchange routing_key dry_run",
    "sync consume": "received applied tickets duplicates outdated unknown suppressed dead seen "
    "changed skipped failed left dry_run",
    "sync status": "queue exists messages consumers oldest_at oldest_age_seconds oldest_age "
    "last_received_at dead broker",
    "sync reconcile": _REPORT,
    "sync user": "id found changed fields dry_run",
    "sync order": "id found changed valid unknown dry_run",
    "sync dead list": "id queue event message_id reason received_at size",
    "sync dead show": "id queue event message_id reason received_at size body",
    "sync dead requeue": "id queue requeued message_id dry_run",
    "sync dead drop": "id queue dropped dry_run",
    "audit list": "id at actor action ticket_id run_id entry",
    "keys status": "keys kid current values bundles plain unreadable foreign",
    "keys rotate": "key seen changed skipped failed left items dry_run",
    "keys generate": "kid file dry_run",
    "job list": "job summary schedule catch_up next_slot running_on last_status last_started_at "
    "last_changed",
    "job run": _REPORT,
    "job history": _RUN,
    "job next": "job slot in",
    "job unlock": "job was_held_by changed dry_run",
    "job crontab": "job schedule command",
    "scheduler status": "scheduler since heard_at",
    "scheduler tick": "job slot run_id outcome seen changed skipped failed left reason",
    "db upgrade": _SCHEMA_CHANGE,
    "db downgrade": _SCHEMA_CHANGE,
    "db adopt": f"{_SCHEMA_CHANGE} differences search_statements",
    "db committed": "commit_token stored",
    "db optimize": _REPORT,
    "db size": "table rows data_bytes index_bytes free_bytes free_percent",
    "db slow": "digest statement source calls slow total_ms mean_ms max_ms rows_examined "
    "rows_sent without_index first_seen last_seen",
    "db indexes": "state table index columns reads statement why",
    "db ping": "database server version time_zone round_trip_ms",
    "db check": "check severity count repaired meaning advice repair example sample",
    "backup create": f"{_BACKUP}bytes rows dry_run",
    "backup list": f"{_BACKUP}bytes rows",
    "backup show": _BACKUP,
    "backup restore": (
        "id ticket_number backup was_missing status previous_status changed dry_run differences "
        "file_keys id database before steps"
    ),
    "backup verify": "id state verified_at restored problems broken_invariants",
    "backup prune": f"{_BACKUP}bytes rows dry_run",
    "doctor": "check level found advice",
    "top": "at queue unassigned running_breaches due agents jobs leases schedulers events backups "
    "erasures errors",
    "metrics": "name labels value",
    "config show": "setting value origin variable meaning wrong",
    "config check": "settings given unused ok",
    "config path": "path exists places",
    "states": "from to trigger command automated",
    "completion": "script",
    "version": "savctl commit schema python typer sqlalchemy pymysql alembic apscheduler",
}


@cache
def fields_of(words: str) -> tuple[str, ...]:
    """The columns of the command that these words name; none where the table has no line."""
    return tuple(_FIELDS.get(words, "").split())


def require_columns(columns: Sequence[str], words: str) -> None:
    """Pass when the command can answer with these columns.

    Raises:
        InvalidInput: one is unknown, or a path leads into a column that holds no object.
    """
    fields = fields_of(words)
    if fields:
        check_columns(columns, fields)
        check_paths(columns, fields, OBJECTS)
