"""A lease whose process died on this very host: it need not run out first.

For what a person runs again at once. The fence keeps a holder that lives all the same from
committing anything.
"""

from __future__ import annotations

import os

from savctl.bootstrap import App
from savctl.persistence.engine import OpenConnection
from savctl.persistence.jobs import leases
from savctl.persistence.jobs.lease import Lease


def free_from_dead(app: App, name: str) -> None:
    """Give back the lease of this name, if its holder was a process of this host that is gone."""

    def free(connection: OpenConnection) -> None:
        holder = leases.find_holder(connection, name)
        if holder is not None and _is_dead(holder.owner, host=app.owner.rpartition(":")[0]):
            dead = Lease(name=name, owner=holder.owner, token=holder.token, seconds=0)
            leases.release(connection, dead)

    app.database.transaction(free)


def _is_dead(owner: str, *, host: str) -> bool:
    its_host, _, process = owner.rpartition(":")
    if its_host != host or not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
