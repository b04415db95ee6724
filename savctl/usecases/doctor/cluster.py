"""A cluster under `doctor`: each node, and what of the leases holds where each has its own clock.

A lease is measured on the clock of the node that answers. A node that is ahead lets a job be
taken over early; two runs may then overlap, but the fence, which is a written row, lets only
the newer one commit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType

from savctl.errors import SavError
from savctl.persistence.clock_guard import ClockGuard
from savctl.persistence.engine import Database
from savctl.persistence.schema import server_info
from savctl.usecases.doctor.checks import Check, CheckLevel, CheckResult, Environment

_MARGIN = 6  # a run that cannot renew its lease stops a sixth of it before the end
_NTP = "Set the clocks of all nodes by NTP."


def _cluster(environment: Environment) -> Iterator[CheckResult]:
    with environment.database.reading() as connection:
        nodes = server_info.galera_nodes(connection)
    if nodes < 2:
        return
    limit = environment.lease_seconds // _MARGIN
    looked_at = (
        f"The clocks of {len(environment.nodes)} nodes were compared"
        if environment.nodes
        else "Only this node's clock was compared with this host's: name the others in "
        "database_nodes"
    )
    yield CheckResult(
        check="cluster",
        level=CheckLevel.OK,
        found=f"Galera, {nodes} nodes: each measures leases on its own clock. Jobs run once at a "
        f"time while the nodes differ by less than {limit} s; past that the fence alone holds: "
        f"two runs may overlap, one commits. {looked_at}",
    )


def _nodes(environment: Environment) -> Iterator[CheckResult]:
    """Each node that `database_nodes` names: whether it answers, takes part, and its clock."""
    skews: dict[str, timedelta] = {}
    for node in environment.nodes:
        try:
            result, skews[node.name] = _node(environment, node)
        except SavError as problem:
            yield CheckResult(
                check="node",
                level=CheckLevel.ERROR,
                found=problem.message,
                advice=problem.hint or "Start this node, or take it out of database_nodes.",
            )
        else:
            yield result
    if skews:
        yield from _apart(environment, skews)


def _node(environment: Environment, node: Database) -> tuple[CheckResult, timedelta]:
    with node.reading() as connection:
        skew = ClockGuard(host_clock=environment.host_clock, database=node.name).skew(connection)
        state = server_info.galera_state(connection)
    if state and not state.is_ready:
        found = f"{node.name} takes no part: it is {state.words}"
        advice = "Look into its log: it cannot reach the other nodes, or is being filled."
        return CheckResult(check="node", level=CheckLevel.ERROR, found=found, advice=advice), skew
    found = f"{node.name} answers{f', {state.words}' if state else ''}"
    if abs(skew) <= environment.clock_skew_limit:
        return CheckResult(check="node", level=CheckLevel.OK, found=found), skew
    found = f"{node.name}: its clock is {abs(skew).total_seconds():.1f} s off this host's"
    return CheckResult(check="node", level=CheckLevel.ERROR, found=found, advice=_NTP), skew


def _apart(environment: Environment, skews: Mapping[str, timedelta]) -> Iterator[CheckResult]:
    """A lease is safe while clocks differ by less than its margin."""
    first, last = min(skews, key=skews.__getitem__), max(skews, key=skews.__getitem__)
    apart = (skews[last] - skews[first]).total_seconds()
    if apart < environment.lease_seconds / _MARGIN:
        return
    yield CheckResult(
        check="node",
        level=CheckLevel.ERROR,
        found=f"the clock of {first} is {apart:.1f} s ahead of that of {last}: a job may be "
        "taken over early",
        advice=f"{_NTP} Until then only the fence keeps two runs of a job apart.",
    )


CLUSTER: Mapping[str, Check] = MappingProxyType({"cluster": _cluster, "node": _nodes})
