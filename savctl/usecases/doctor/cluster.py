"""A Galera cluster under `doctor`: what of the leases holds where each node has its own clock.

A lease is measured on the clock of the node that answers. A node that is ahead lets a job be
taken over early; two runs may then overlap, but the fence, which is a written row, lets only
the newer one commit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from savctl.persistence.schema import server_info
from savctl.usecases.doctor.checks import Check, CheckLevel, CheckResult, Environment

_MARGIN = 6  # a run that cannot renew its lease stops a sixth of it before the end


def _cluster(environment: Environment) -> Iterator[CheckResult]:
    with environment.database.reading() as connection:
        nodes = server_info.galera_nodes(connection)
    if nodes < 2:
        return
    limit = environment.lease_seconds // _MARGIN
    yield CheckResult(
        check="cluster",
        level=CheckLevel.OK,
        found=f"Galera, {nodes} nodes: each measures leases on its own clock. Jobs run once at a "
        f"time while the nodes differ by less than {limit} s; past that the fence alone holds: "
        "two runs may overlap, one commits. Only this node's clock was compared with this "
        "host's: run doctor through each node",
    )


CLUSTER: Mapping[str, Check] = MappingProxyType({"cluster": _cluster})
