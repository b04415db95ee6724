"""What is known is brought in line with the other services: ask all, then write (rules 14.6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from savctl.domain.sla.policy import Policies
from savctl.domain.text import plural
from savctl.errors import Unavailable
from savctl.persistence.engine import Database
from savctl.persistence.sql import chunks
from savctl.persistence.unit_of_work import in_transaction
from savctl.ports import Clock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import Item, ItemOutcome
from savctl.usecases.batch.safety_limit import stop
from savctl.usecases.sync.answer_rows import OrderNews, write_orders
from savctl.usecases.sync.asking import Services
from savctl.usecases.sync.comparing import Comparing, SyncComparison
from savctl.usecases.sync.user_rows import store_answered


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileOptions:
    """`fixes` writes users that changed; `most` questions are asked, 0: all there are.

    `rate` is in questions a second. More than `brake_percent` and `brake_count` of the users
    gone stop the run, unless a person confirmed it.
    """

    policies: Policies
    fixes: bool = False
    most: int = 0
    rate: int = 50
    brake_percent: int = 20
    brake_count: int = 20
    is_confirmed: bool = False


def reconcile(
    database: Database,
    services: Services,
    clock: Clock,
    *,
    options: ReconcileOptions,
    terms: BatchContext,
) -> None:
    """Ask again about orders whose check waits, and compare users with the auth service.

    What needs a person is counted as findings: orders that are unknown, users who are gone, and
    those who changed and were not written.

    Raises:
        Unavailable: nobody answers; nothing was changed.
        NeedsConfirmation: so many users are gone that it must be the wrong broker.
    """
    comparing = Comparing(
        database,
        services,
        at=clock(),
        rate=options.rate,
        most=options.most,
        should_stop=terms.should_stop,
    )
    comparing.orders()
    comparing.users()
    found = comparing.found
    if found.asked and not found.answered:
        raise Unavailable(
            "nobody answers: neither the orders service nor the auth service",
            hint="Are they up, and on this broker? Nothing was changed.",
        )
    _brake(found, options, terms)
    work = _Writing(database, services, clock, options, terms, found)
    work.orders()
    work.users()
    work.report()


def _brake(found: SyncComparison, options: ReconcileOptions, terms: BatchContext) -> None:
    gone, asked = len(found.gone), found.users_answered
    is_over = gone > options.brake_count and gone * 100 > asked * options.brake_percent
    if is_over and not options.is_confirmed:
        stop(
            terms,
            f"{gone} of {plural(asked, 'user')} are gone at the auth service",
            undone="nothing was changed",
            hint="Is it the right broker and virtual host? If it is, run it with --yes.",
        )


class _Writing:
    """Writes what was found, a batch at a time, and reports it."""

    def __init__(
        self,
        database: Database,
        services: Services,
        clock: Clock,
        options: ReconcileOptions,
        terms: BatchContext,
        found: SyncComparison,
    ) -> None:
        self._database = database
        self._services = services
        self._clock = clock
        self._options = options
        self._terms = terms
        self._found = found
        self._fixed: set[int] = set()
        self._unknown = len(found.unknown)
        self._valid = 0

    def orders(self) -> None:
        """Tickets learn of their order; those whose order is unknown are marked and named."""
        for one in self._found.unknown:
            self._name(one.id, one.ticket_number, f"order {one.order_id} is unknown")
        for batch in chunks(self._found.orders, self._terms.size):
            self._terms.report.add(list(self._write_orders(batch)), seen=len(batch))
            self._terms.on_batch(self._terms.report)

    def users(self) -> None:
        """Users that changed are written if that is wanted, and named."""
        if self._options.fixes:
            for batch in chunks((person for person, _ in self._found.changed), self._terms.size):
                self._fixed |= set(
                    in_transaction(
                        self._database,
                        lambda uow, batch=batch: store_answered(  # type: ignore[misc]
                            uow,
                            batch,
                            self._services.erasure,
                            as_of=self._found.as_of,
                            now=self._clock(),
                        ),
                        dry_run=self._terms.dry_run,
                        fence=self._terms.fence,
                    )
                )
        self._terms.report.add(list(self._user_items()), seen=self._found.users_answered)

    def report(self) -> None:
        """The counts, and how much needs a person."""
        found, report = self._found, self._terms.report
        open_users = len(found.changed) - len(self._fixed)
        report.findings = self._unknown + len(found.gone) + open_users
        report.details = {
            "asked": found.asked,
            "unanswered": found.unanswered,
            "orders_valid": self._valid,
            "orders_unknown": self._unknown,
            "users_changed": len(found.changed),
            "users_fixed": len(self._fixed),
            "users_gone": len(found.gone),
        }
        if found.unanswered:
            text = f"{plural(found.unanswered, 'question')} without an answer"
            item = Item("questions", None, ItemOutcome.SKIPPED, text)
            report.add_group(item, count=found.unanswered)

    def _write_orders(self, batch: list[OrderNews]) -> Iterator[Item]:
        written = in_transaction(
            self._database,
            lambda uow: write_orders(
                uow,
                batch,
                as_of=self._found.as_of,
                now=self._clock(),
                policies=self._options.policies,
            ),
            dry_run=self._terms.dry_run,
            fence=self._terms.fence,
        )
        for one in written:
            text = f"order {one.order_id} is valid"
            if one.order is None:
                text, self._unknown = f"order {one.order_id} is unknown", self._unknown + 1
            else:
                self._valid += 1
            yield Item(
                one.ticket_id,
                one.ticket_number,
                ItemOutcome.CHANGED,
                text,
                always_listed=one.order is None,
            )

    def _user_items(self) -> Iterator[Item]:
        for person, names in self._found.changed:
            is_fixed = person[0] in self._fixed
            outcome = ItemOutcome.CHANGED if is_fixed else ItemOutcome.SKIPPED
            text = f"differs from the auth service: {names}" + "; written" * is_fixed
            yield Item(person[0], None, outcome, f"user {person[0]} {text}")
        for user_id in self._found.gone:
            text = f"user {user_id} is gone at the auth service"
            yield Item(user_id, None, ItemOutcome.SKIPPED, text)

    def _name(self, ticket_id: int, number: str, text: str) -> None:
        self._terms.report.add([Item(ticket_id, number, ItemOutcome.SKIPPED, text)], seen=1)
