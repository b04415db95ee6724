"""The SLA of every ticket computed once more, in SQL alone, from rows and stored history.

It shares nothing with savctl but the tables. Rules 4.2 to 4.6 and the specification's targets are
written down a second time, as set operations instead of a walk along each ticket's life.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from savctl.persistence.engine import Database
from tests.given import rows, write

# Of each entry of each ticket's history: where it stands, when, what, from, to, by whom.
_ENTRIES = {
    "sqlite": """
SELECT t.id AS ticket_id, e.key AS place,
       CAST(strftime('%s', substr(json_extract(e.value, '$.at'), 1, 19)) AS INTEGER) AS at_s,
       json_extract(e.value, '$.action') AS action, json_extract(e.value, '$.from') AS was,
       json_extract(e.value, '$.to') AS became, json_extract(e.value, '$.actor') AS actor
FROM support_tickets t, json_each(t.metadata, '$.history') e
""",
    "server": """
SELECT t.id AS ticket_id, e.place,
       TIMESTAMPDIFF(SECOND, '1970-01-01', REPLACE(LEFT(e.at, 19), 'T', ' ')) AS at_s,
       e.action, CONVERT(e.was USING utf8mb4) COLLATE utf8mb4_unicode_ci AS was,
       CONVERT(e.became USING utf8mb4) COLLATE utf8mb4_unicode_ci AS became, e.actor
FROM support_tickets t, JSON_TABLE(t.metadata, '$.history[*]' COLUMNS (
  place FOR ORDINALITY, at VARCHAR(40) PATH '$.at', action VARCHAR(20) PATH '$.action',
  was VARCHAR(20) PATH '$.from', became VARCHAR(20) PATH '$.to', actor BIGINT PATH '$.actor'
)) e
""",
}
_SECONDS = {
    "sqlite": "CAST(strftime('%s', {0}) AS INTEGER)",
    "server": "TIMESTAMPDIFF(SECOND, '1970-01-01', {0})",
}
_TABLES = {
    # status by status: when it began, and when the next one did
    "oracle_stretch": """
SELECT e.ticket_id, e.place, e.became AS status, e.actor,
       CASE e.action WHEN 'created' THEN {born} ELSE e.at_s END AS began,
       COALESCE(LEAD(e.at_s) OVER (PARTITION BY e.ticket_id ORDER BY e.place), {now}) AS ended,
       ROW_NUMBER() OVER (PARTITION BY e.ticket_id ORDER BY e.place DESC) AS from_last
FROM oracle_entry e JOIN support_tickets t ON t.id = e.ticket_id
WHERE e.action IN ('created', 'imported', 'status')
""",
    "oracle_answer": """
SELECT ticket_id, MIN(at_s) AS at_s FROM (
  SELECT m.ticket_id, {said} AS at_s FROM ticket_messages m
  WHERE m.sender_type = 'agent' AND m.is_internal = 0
  UNION ALL
  SELECT s.ticket_id, s.began FROM oracle_stretch s JOIN support_tickets t ON t.id = s.ticket_id
  WHERE s.status IN ('waiting_customer', 'resolved') AND (s.actor IS NULL OR s.actor <> t.user_id)
) answers GROUP BY ticket_id
""",
    "oracle_clock": """
SELECT t.id AS ticket_id, {born} AS born, t.status,
       COALESCE(a.at_s, CASE t.status WHEN 'closed' THEN c.began END) AS answered,
       CASE t.status WHEN 'resolved' THEN c.began
                     WHEN 'closed' THEN CASE p.status WHEN 'resolved' THEN p.began
                                                      ELSE c.began END END AS stopped,
       (SELECT SUM(CASE WHEN s.status IN ('open', 'in_progress') AND s.ended > s.began
                        THEN s.ended - s.began ELSE 0 END)
        FROM oracle_stretch s WHERE s.ticket_id = t.id) AS worked
FROM support_tickets t
LEFT JOIN oracle_answer a ON a.ticket_id = t.id
LEFT JOIN oracle_stretch c ON c.ticket_id = t.id AND c.from_last = 1
LEFT JOIN oracle_stretch p ON p.ticket_id = t.id AND p.from_last = 2
""",
    "oracle_target": """
SELECT 'low'{collate} AS priority, 172800 AS response, 604800 AS resolution
UNION ALL SELECT 'medium', 86400, 259200
UNION ALL SELECT 'high', 14400, 86400
UNION ALL SELECT 'urgent', 3600, 14400
""",
    "oracle_sla": """
SELECT c.ticket_id, {promised_now} AS promised,
       CASE WHEN COALESCE(c.answered, {now}) > c.born
            THEN COALESCE(c.answered, {now}) - c.born ELSE 0 END AS response_s,
       answer.response AS response_target, c.answered IS NOT NULL AS is_answered,
       c.worked AS resolution_s, solution.resolution AS resolution_target,
       c.stopped IS NOT NULL AS is_over
FROM oracle_clock c
JOIN oracle_target answer ON answer.priority = {promised_at_answer}
JOIN oracle_target solution ON solution.priority = {promised_at_end}
""",
}
# What was promised at a moment: the last change by hand until then, else what was before the
# first one, else the priority that the ticket has.
_PROMISED = """COALESCE(
 (SELECT e.became FROM oracle_entry e WHERE e.ticket_id = c.ticket_id AND e.action = 'priority'
    AND e.actor IS NOT NULL AND e.at_s <= COALESCE({moment}, {now}) ORDER BY e.place DESC LIMIT 1),
 (SELECT e.was FROM oracle_entry e WHERE e.ticket_id = c.ticket_id AND e.action = 'priority'
    ORDER BY e.place LIMIT 1),
 (SELECT t.priority FROM support_tickets t WHERE t.id = c.ticket_id))"""
_REPORT = """
SELECT promised AS priority, COUNT(*) AS tickets,
  SUM(is_answered AND response_s <= response_target) AS response_met,
  SUM(response_s > response_target) AS response_breached,
  SUM(NOT is_answered AND response_s <= response_target) AS response_pending,
  SUM(is_over AND resolution_s <= resolution_target) AS resolution_met,
  SUM(resolution_s > resolution_target) AS resolution_breached,
  SUM(NOT is_over AND resolution_s <= resolution_target) AS resolution_pending
FROM oracle_sla GROUP BY promised
"""
# Nearest rank: the shortest span that so many percent of all decided ones do not exceed.
_PERCENTILE = """
SELECT promised, {side}_s / 60 AS minutes FROM (
  SELECT promised, {side}_s,
         ROW_NUMBER() OVER (PARTITION BY promised ORDER BY {side}_s) AS place,
         COUNT(*) OVER (PARTITION BY promised) AS decided
  FROM oracle_sla WHERE {is_done} OR {side}_s > {side}_target
) ranked WHERE place = (decided * {percent} + 99) {div} 100
"""


class SlaInSql:
    """The oracle's answers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def report(self) -> dict[str, dict[str, Any]]:
        """Counts and percentiles by promised priority."""
        found = {row.pop("priority"): row for row in self._whole(_REPORT)}
        for side, is_done in (("response", "is_answered"), ("resolution", "is_over")):
            for percent, name in ((50, "median"), (90, "p90")):
                query = _PERCENTILE.format(
                    side=side,
                    is_done=is_done,
                    percent=percent,
                    div="/" if self._database.is_sqlite else "DIV",
                )
                for row in rows(self._database, query):
                    found[row["promised"]][f"{side}_{name}_minutes"] = int(row["minutes"])
        return found

    def tickets(self) -> dict[int, dict[str, Any]]:
        """Seconds and targets of both clocks, ticket by ticket."""
        return {row.pop("ticket_id"): row for row in self._whole("SELECT * FROM oracle_sla")}

    def _whole(self, query: str) -> list[dict[str, Any]]:
        return [
            {name: value if isinstance(value, str) else int(value) for name, value in row.items()}
            for row in rows(self._database, query)
        ]


@contextmanager
def sla_in_sql(database: Database, now: datetime) -> Iterator[SlaInSql]:
    """The oracle over what the database holds at `now`; its tables go with the block."""
    family = "sqlite" if database.is_sqlite else "server"
    seconds = _SECONDS[family]
    words = {
        "now": str(int(now.timestamp())),
        "collate": "" if database.is_sqlite else " COLLATE utf8mb4_unicode_ci",
        "born": seconds.format("t.created_at"),
        "said": seconds.format("m.created_at"),
    }
    for name, moment in (
        ("promised_now", "NULL"),
        ("promised_at_answer", "c.answered"),
        ("promised_at_end", "c.stopped"),
    ):
        words[name] = _PROMISED.format(moment=moment, now=words["now"])
    tables = {"oracle_entry": _ENTRIES[family], **_TABLES}
    try:
        for name, query in tables.items():
            filled = query if name == "oracle_entry" else query.format(**words)
            write(database, f"CREATE TABLE {name} AS {filled}")
            if name not in {"oracle_target", "oracle_sla"}:
                write(database, f"CREATE INDEX {name}_of ON {name} (ticket_id)")
        yield SlaInSql(database)
    finally:
        for name in tables:
            write(database, f"DROP TABLE IF EXISTS {name}")
