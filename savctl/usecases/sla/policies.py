"""Which SLA policy is in force: the settings', under the number it was first used with.

Versions are distinguished by their content. A host with other settings uses another version at the
same time, and every promise names the one it was given under (rules 4.2).
"""

from __future__ import annotations

from dataclasses import replace

from savctl.domain.clock import to_the_second
from savctl.domain.sla.policy import Policies, Policy
from savctl.domain.sla.policy_text import body
from savctl.persistence.engine import Database
from savctl.persistence.sla.policies import add_policy, read_policies
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.ports import Clock


def policies_in_force(
    database: Database, clock: Clock, wanted: Policy, *, store: bool
) -> Policies:
    """The settings' policy and every version before it.

    One that was never used gets the next number; only with `store` is it written down, so that
    reading and dry runs leave nothing behind.

    Raises:
        InvalidInput: a stored version cannot be read.
    """
    while True:
        with database.reading() as connection:
            past = read_policies(connection)
        known = Policies(past=past)
        current = known.same_as(wanted)
        if current is not None:
            return Policies(current, past)
        current = replace(wanted, version=known.next_version, starts_at=to_the_second(clock()))
        if not store or _stored(database, current):
            return Policies(current, past)


def _stored(database: Database, policy: Policy) -> bool:
    def work(uow: UnitOfWork) -> bool:
        if not add_policy(uow.connection, policy):
            return False
        details = {"version": policy.version, **body(policy)}
        uow.audit.note("sla_policy", actor=None, at=policy.starts_at, details=details)
        return True

    return in_transaction(database, work)
