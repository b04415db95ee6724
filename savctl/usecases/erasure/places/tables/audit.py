"""Reasons in the audit. Ids and actions stay: that something was done must be provable."""

from __future__ import annotations

from savctl.persistence.privacy.erasure import audit_reasons
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.usecases.erasure.place import ErasureWork, Place, Search


class AuditReasons(Place):
    """Entries about their tickets."""

    name = "audit"
    order = 56
    what = "reasons in audit entries about their tickets; ids and actions stay"
    holds = ("savctl_audit.*",)

    def find(self, search: Search) -> int:
        """Entries with a reason."""
        with search.database.reading() as connection:
            return audit_reasons.count(connection, search.scope)

    def erase(self, work: ErasureWork) -> None:
        """Of tickets that are gone."""
        for ids in work.scope.parts():

            def step(uow: UnitOfWork, ids: list[int] = ids) -> None:
                done = audit_reasons.erase_of(uow.connection, ids)
                work.listed(uow).removed(self.name, done)

            work.transact(step)


PLACE = AuditReasons()
