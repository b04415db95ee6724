"""Marking customers as VIPs: their new tickets start one level higher (rules 4.1)."""

from __future__ import annotations

from savctl.domain import text
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.usecases.operation import Operation


def mark_vip(
    op: Operation,
    user_id: int,
    *,
    is_vip: bool,
) -> bool:
    """Make a customer a VIP or no longer one; False when it is so already.

    Tickets that exist keep their priority.
    """
    text.identifier("user", user_id)

    def work(uow: UnitOfWork) -> bool:
        if uow.vips.has(user_id) is is_vip:
            return False
        now = op.clock()
        if is_vip:
            uow.vips.add(user_id, at=now, by=op.actor)
        else:
            uow.vips.remove(user_id)
        details = {"user_id": user_id, "vip": is_vip}
        uow.audit.note("vip", actor=op.actor, at=now, details=details)
        return True

    return in_transaction(op.database, work, dry_run=op.dry_run)
