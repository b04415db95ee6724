"""Whether a job's memory grows with the database.

`savctl job run` of `close-resolved`, and of `archive`, takes every ticket of a small database and
of a large one, on a private MariaDB; the largest memory that each process ever held is compared.
Needs Linux's /proc.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from benchmarks.framework.figures import Table, finish, say
from benchmarks.framework.load import fill, migrate, plain_connection
from benchmarks.framework.processes import Ran, run
from benchmarks.framework.servers import durable_server
from benchmarks.framework.shop import Shop
from tests.servers.databases.mysql_family import PrivateServer

TARGET_MB = 20
_LONG_AGO = "UPDATE support_tickets SET closed_at = '2020-01-01' WHERE closed_at IS NOT NULL"


@dataclass(frozen=True, slots=True)
class _Case:
    """A job, the status of the tickets that it takes, whether they have messages, and how many
    there are: few, many, and many at full size."""

    job: str
    only: str
    talks: bool
    few: int
    many: int
    full: int


_CASES = (
    _Case("close-resolved", "resolved", talks=False, few=10_000, many=100_000, full=1_000_000),
    _Case("archive", "closed", talks=True, few=2_000, many=20_000, full=200_000),
)


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when the target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.jobs.memory", description=__doc__)
    parser.add_argument("--job", choices=[case.job for case in _CASES], help="default: each")
    parser.add_argument("--tickets", type=int, help="how many are many")
    parser.add_argument("--full", action="store_true", help="the size of the promise")
    given = parser.parse_args(words)
    with durable_server() as server:
        table = Table(
            f"Memory of jobs, batches of 1,000, {server.name}",
            ("job", "tickets", "largest MB", "seconds", "more than the first", "target"),
        )
        for case in _CASES:
            if given.job in {None, case.job}:
                many = given.tickets or (case.full if given.full else case.many)
                _compare(table, server, case, many)
    table.show()
    return finish([table])


def _compare(table: Table, server: PrivateServer, case: _Case, many: int) -> None:
    """Two rows: the job on few tickets, and on many."""
    first, last = _ran(server, case, case.few), _ran(server, case, many)
    more = last.peak_mb - first.peak_mb
    table.add(case.job, f"{case.few:,}", first.peak_mb, first.seconds, "", "", is_met=None)
    figures = (f"{many:,}", last.peak_mb, last.seconds, more, f"< {TARGET_MB}")
    table.add(case.job, *figures, is_met=more < TARGET_MB)


def _ran(server: PrivateServer, case: _Case, tickets: int) -> Ran:
    """A run of the job over so many tickets, which must take them all."""
    server.drop_database("memory")
    url = server.create_database("memory")
    migrate(url)
    fill(url, Shop(tickets, only=case.only, talks=case.talks))
    with closing(plain_connection(url)) as connection, connection.cursor() as cursor:
        cursor.execute(_LONG_AGO)
        connection.commit()
    say(f"{case.job} of {tickets:,} tickets")
    with tempfile.TemporaryDirectory() as home:
        environment = {"SAVCTL_DATABASE_URL": url, "SAVCTL_HOME": home}
        done = run(("job", "run", case.job, "--yes", "-o", "json"), environment)
    _require_all(done.text, tickets)
    server.drop_database("memory")
    return done


def _require_all(text: str, tickets: int) -> None:
    try:
        changed = json.loads(text)["changed"]
    except (ValueError, KeyError):
        sys.exit(f"the job did not do its work:\n{text[-2000:]}")
    if changed != tickets:
        sys.exit(f"the job took {changed} of {tickets} tickets")


if __name__ == "__main__":
    sys.exit(main())
