"""Whether a scheduler is alive and ready, as an orchestrator asks (rules 18.1)."""

from __future__ import annotations

from uuid import uuid4

from savctl.persistence.engine import Database, OpenConnection, ping
from savctl.persistence.jobs import leases
from savctl.persistence.schema import versions

_SECONDS = 5


def require_alive(database: Database) -> str:
    """Pass when the database answers.

    Raises:
        Unavailable: it does not.
    """
    with database.reading() as connection:
        ping(connection)
    return "ok"


def require_ready(database: Database, *, owner: str) -> str:
    """Pass when the schema is this savctl's and a lease can be taken.

    The lease has a name of its own and is rolled back: nobody waits for it, nothing is left.

    Raises:
        SchemaMismatch: the schema is another one.
        Unavailable: the database does not answer, or takes no writes.
    """
    with database.reading() as connection:
        versions.require_current(connection, database.name)
    name = f"readyz:{uuid4().hex}"

    def take(connection: OpenConnection) -> None:
        leases.acquire(connection, name, owner=owner, seconds=_SECONDS)

    database.transaction(take, dry_run=True)
    return "ready"
