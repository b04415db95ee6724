"""The schema looked at: which one there is, how it differs, how fast it answers."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from savctl.errors import Refused, Unavailable
from savctl.persistence.engine import Database
from savctl.persistence.engine import ping as one_round_trip
from savctl.persistence.schema import inspection, server_info, versions
from savctl.persistence.schema.inspection import Difference, DifferenceLevel
from savctl.persistence.schema.search_index import search_index
from savctl.persistence.schema.tables import OWN_PREFIX, SERVICE_TABLES, metadata

_ROUND_TRIPS = 5
_OWN_TABLES = tuple(t for name, t in metadata.tables.items() if name.startswith(OWN_PREFIX))


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaStatus:
    """Which schema there is; `tables` is whose the service's are: created or adopted.

    `search` is the index of `ticket search`: fulltext, fts5 or none. `fits`: this savctl works
    with it, which a newer schema may allow.
    """

    database: str
    state: str
    current: str | None
    head: str
    pending: tuple[str, ...]
    tables: str | None
    search: str = "none"
    fits: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    """An answer of the database; `round_trip_ms` is the median of a few."""

    database: str
    server: str
    version: str
    time_zone: str
    round_trip_ms: float


def verify(database: Database) -> list[Difference]:
    """How the live schema differs from the expected schema.

    Own tables are looked at once the schema is current: a half-made one is the upgrade's work.

    Raises:
        Refused: there is no table of the service at all.
    """
    _require_there(database)
    with database.reading() as connection:
        if not inspection.has_any(connection):
            raise Refused(
                f"the database {database.name} has no table of the service",
                hint="Right database? For a new one: savctl db upgrade.",
            )
        is_current = versions.version(connection) == versions.HEAD
        own = _OWN_TABLES if is_current else ()
        return inspection.differences(connection, [*SERVICE_TABLES, *own])


def status(database: Database) -> SchemaStatus:
    """Which schema the database has and what an upgrade would do; never an error by itself."""
    current, tables, is_foreign, search, fits = None, None, False, "none", False
    if server_info.is_there(database):
        with database.reading() as connection:
            current, fits = versions.version(connection), versions.fits(connection)
            tables = versions.service_tables_are(connection)
            is_foreign = tables is None and inspection.has_any(connection)
            search = search_index(connection).name
    return SchemaStatus(
        database=database.name,
        state=_state(current, is_foreign=is_foreign),
        current=current,
        head=versions.HEAD,
        pending=_pending(current),
        tables="foreign" if is_foreign else tables,
        search=search,
        fits=fits,
    )


def ping(database: Database) -> Pong:
    """Measure how long the database takes to answer.

    Raises:
        Unavailable: it does not answer.
    """
    _require_there(database)
    times: list[float] = []
    with database.reading() as connection:
        server = server_info.server_of(connection)
        for _ in range(_ROUND_TRIPS):
            begun = time.perf_counter()
            one_round_trip(connection)
            times.append(time.perf_counter() - begun)
        zone = "+00:00" if database.is_sqlite else server_info.variables(connection)["time_zone"]
    return Pong(
        database=database.name,
        server=server.family,
        version=server.version,
        time_zone=zone,
        round_trip_ms=round(statistics.median(times) * 1000, 3),
    )


def errors_among(differences: Sequence[Difference]) -> tuple[Difference, ...]:
    """The differences that are not tolerated."""
    return tuple(d for d in differences if d.level is DifferenceLevel.ERROR)


def _require_there(database: Database) -> None:
    if not server_info.is_there(database):
        raise Unavailable(
            f"there is no database file {database.name} yet",
            hint="savctl db upgrade makes it; so does the first command that needs it.",
        )


def _state(current: str | None, *, is_foreign: bool) -> str:
    if current is None:
        return "foreign" if is_foreign else "missing"
    if current == versions.HEAD:
        return "current"
    return "behind" if current in versions.KNOWN else "newer"


def _pending(current: str | None) -> tuple[str, ...]:
    if current is not None and current not in versions.KNOWN:
        return ()
    return tuple(r for r in versions.KNOWN if current is None or r > current)
