"""The schema's life: made, brought up to date, taken over, taken back (design 5.6)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from savctl.domain.text import plural
from savctl.errors import (
    InvalidInput,
    NeedsConfirmation,
    Refused,
    SchemaMismatch,
)
from savctl.persistence.archive import index as archive_index
from savctl.persistence.engine import Database
from savctl.persistence.schema import server_info, versions
from savctl.persistence.schema.inspection import Difference
from savctl.persistence.schema.lock import Notify, ignore_note
from savctl.persistence.schema.search_index import search_index
from savctl.persistence.schema.server_info import count_rows
from savctl.persistence.schema.tables import archived_tickets
from savctl.usecases.database.status import errors_among, status, verify

_COUNTED = 1_000_000  # a table with more rows is not counted to its end
_DROPPED = re.compile(r"DROP TABLE (?:IF EXISTS )?`?(\w+)`?", re.IGNORECASE)


class SchemaDiffers(Refused):
    """The tables are not as specified; `differences` are all of them, tolerated ones too."""

    code = "schema_differs"

    def __init__(self, message: str, *, hint: str, differences: Sequence[Difference]) -> None:
        super().__init__(message, hint=hint)
        self.differences = differences


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """A schema before and after; `statements` is what a dry run would have done."""

    database: str
    before: str | None
    after: str | None
    changed: bool
    dry_run: bool = False
    statements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DowngradePlan:
    """What a downgrade would do; `dropped` has the rows of each table, up to `_COUNTED`."""

    database: str
    before: str
    after: str
    statements: Sequence[str]
    dropped: Mapping[str, int]

    def named(self) -> str:
        """The tables that hold something, in one line, and how many are empty."""
        tables = [f"{table} ({_rows(count)})" for table, count in self._fullest_first() if count]
        empty = len(self.dropped) - len(tables)
        if empty:
            tables.append("1 empty table" if empty == 1 else f"{empty} empty tables")
        return ", ".join(tables) or "no table"

    def lines(self) -> list[str]:
        """The tables for a person, a line each."""
        head = f"Schema {self.before} to {self.after} of {self.database} drops"
        if not self.dropped:
            return [f"{head} no table."]
        width = max(map(len, self.dropped))
        tables = [f"  {table:<{width}}  {_rows(count)}" for table, count in self._fullest_first()]
        return [f"{head} with every row:", *tables]

    def _fullest_first(self) -> list[tuple[str, int]]:
        return sorted(self.dropped.items(), key=lambda table: -table[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """A database taken over, and how it differs from the expected schema all the same.

    `search_statements` make the index of `ticket search`; savctl does not run them itself on
    tables of another program.
    """

    migration: Migration
    differences: tuple[Difference, ...]
    search_statements: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[Difference, ...]:
        """The differences that stand in the way."""
        return errors_among(self.differences)


def upgrade(
    database: Database, *, owner: str, dry_run: bool = False, notify: Notify = ignore_note
) -> Migration:
    """Bring the schema to what this savctl needs; of two hosts one waits for the other.

    Raises:
        Refused: another program's tables are there; `adopt` is the way.
        SchemaMismatch: the schema is newer than this savctl.
    """
    before = status(database).current
    if dry_run:
        statements = versions.preview_upgrade(database)
        after = versions.HEAD if statements else before
        return _preview(database, before, after, statements)
    changed = versions.upgrade(database, owner=owner, notify=notify)
    after = versions.HEAD if changed else before  # a newer schema that fits is left as it is
    return Migration(database=database.name, before=before, after=after, changed=changed)


def plan_downgrade(database: Database, revision: str) -> DowngradePlan:
    """What a downgrade would drop; nothing is done.

    Raises:
        InvalidInput: no such revision, or not an older one.
        Refused: tickets are archived, and the tables that know where would go.
    """
    before = _require_older(database, revision)
    planned = versions.preview_downgrade(database, before, revision)
    dropped = [match[1] for s in planned if (match := _DROPPED.match(s))]
    if archived_tickets.name in dropped:
        _require_index_unused(database)
    with database.reading() as connection:
        rows = {table: count_rows(connection, table, at_most=_COUNTED) for table in dropped}
    return DowngradePlan(
        database=database.name, before=before, after=revision, statements=planned, dropped=rows
    )


def downgrade(
    database: Database,
    revision: str,
    *,
    owner: str,
    confirmed: str | None,
    dry_run: bool = False,
    notify: Notify = ignore_note,
) -> Migration:
    """Return to an older schema; what the newer one added is dropped with its rows.

    In an adopted database only savctl's own tables are dropped. `confirmed` must be the
    database's name, as `confirmation_word` answers it.

    Raises:
        InvalidInput: no such revision, or not an older one.
        NeedsConfirmation: `confirmed` is missing or another name; nothing was done.
        Refused: tickets are archived, and the tables that know where would go.
    """
    plan = plan_downgrade(database, revision)
    if dry_run:
        return _preview(database, plan.before, plan.after, plan.statements)
    if confirmed != confirmation_word(database):
        raise NeedsConfirmation(
            f"a downgrade of {database.name} to {plan.after} drops {plan.named()}: not confirmed, "
            "nothing was done",
            hint=f"Make a backup, then add --confirm {confirmation_word(database)}.",
            database=database.name,
        )
    versions.downgrade(database, plan.after, owner=owner, notify=notify)
    return Migration(database=database.name, before=plan.before, after=plan.after, changed=True)


def adopt(
    database: Database, *, owner: str, dry_run: bool = False, notify: Notify = ignore_note
) -> Adoption:
    """Take over a database that another program's migrations made.

    Every table of the service is verified first, column by column. Then savctl's own
    tables are created beside them; no other table is touched. A dry run only verifies, and
    answers with the errors instead of raising.

    Raises:
        SchemaDiffers: something is not as specified and not tolerated; nothing was done.
        Refused: savctl made the tables itself, or there are none.
        SchemaMismatch: the schema is newer than this savctl.
    """
    found = status(database)
    if found.tables == versions.CREATED:
        raise Refused(
            f"the tables of {database.name} are savctl's own: nothing to adopt",
            hint="savctl db upgrade brings them up to date.",
        )
    if found.state == "newer":
        with database.reading() as connection:
            versions.require_current(connection, database.name)
    differences = verify(database)
    if not dry_run and found.state != "current":
        _refuse_errors(database, differences)
        versions.stamp_adopted(database, owner=owner, notify=notify)
    migration = Migration(
        database=database.name,
        before=found.current,
        after=versions.HEAD,
        changed=found.current != versions.HEAD,
        dry_run=dry_run,
    )
    with database.reading() as connection:
        search = search_index(connection)
    return Adoption(
        migration=migration, differences=tuple(differences), search_statements=search.missing
    )


def confirmation_word(database: Database) -> str:
    """What a person types to confirm: the database's name, or the name of its file."""
    file = server_info.sqlite_file(database)
    return str(database.url.database) if file is None else file.name


def _rows(count: int) -> str:
    if count > _COUNTED:
        return f"more than {_COUNTED:,} rows"
    return plural(count, "row")


def _preview(
    database: Database, before: str | None, after: str | None, statements: Sequence[str]
) -> Migration:
    return Migration(
        database=database.name,
        before=before,
        after=after,
        changed=before != after,
        dry_run=True,
        statements=tuple(statements),
    )


def _refuse_errors(database: Database, differences: Sequence[Difference]) -> None:
    errors = errors_among(differences)
    if errors:
        places = plural(len(errors), "place")
        raise SchemaDiffers(
            f"{database.name} differs from the expected schema in {places}: "
            + "; ".join(difference.as_line() for difference in errors),
            hint="Nothing was changed. savctl db adopt --dry-run -o json shows a repair for each, "
            "to be put into the service's own migrations.",
            differences=differences,
        )


def _require_index_unused(database: Database) -> None:
    """Without the index nobody finds an archived ticket, and orphan-cleanup takes its files."""
    with database.reading() as connection:
        count = archive_index.count(connection)
    if count:
        raise Refused(
            f"archived tickets: {count}; {archived_tickets.name} holds their places: a "
            "downgrade would lose them and their files",
            hint="Bring them back first: savctl archive list, savctl archive restore.",
            database=database.name,
        )


def _require_older(database: Database, revision: str) -> str:
    current = status(database).current
    if current is None:
        raise SchemaMismatch(f"the database {database.name} has no savctl schema")
    older = [versions.BASE, *(r for r in versions.KNOWN if r < current)]
    if current not in versions.KNOWN or revision not in older:
        raise InvalidInput(
            f"cannot go from schema {current} down to {revision!r}",
            hint=f"Older ones: {', '.join(older)}." if current in versions.KNOWN else _NEWER,
        )
    return current


_NEWER = "This savctl does not know that schema; use the savctl that made it."
