"""Reports of runs: their items name tickets, and a reason may hold words about the person."""

from __future__ import annotations

from savctl.persistence.privacy.erasure import run_reports
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.usecases.erasure.place import ErasureWork, Place, Search


class RunReports(Place):
    """Ids and numbers stay, as they do in the audit; reasons go."""

    name = "reports"
    order = 57
    what = "reasons in reports of jobs about their tickets; ids stay"
    holds = ("savctl_runs.report", "savctl_reports.body")

    def find(self, search: Search) -> int:
        """Items with a reason."""
        with search.database.reading() as connection:
            ids = run_reports.own_ids(connection, search.scope)
            pages = run_reports.changed(connection, ids)
            return sum(one.items for page in pages for one in page)

    def erase(self, work: ErasureWork) -> None:
        """Write such reports anew."""
        with work.database.reading() as connection:
            found = list(run_reports.changed(connection, work.scope.gone))
        for page in found:

            def step(uow: UnitOfWork, page: list[run_reports.ChangedReport] = page) -> None:
                run_reports.write(uow.connection, page)
                work.listed(uow).removed(self.name, sum(one.items for one in page))

            work.transact(step)


PLACE = RunReports()
