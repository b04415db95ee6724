"""The certificate is made, kept, and the person's id forgotten (rules 16.7, settled 22 to 24)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from savctl import __version__
from savctl.domain.clock import second_text
from savctl.domain.privacy.certificate import DIGEST, sealed
from savctl.domain.privacy.erasure import ErasureState
from savctl.domain.privacy.erasure_keys import ErasureKeys
from savctl.persistence.backups import records
from savctl.persistence.backups.records import BackupKind
from savctl.persistence.privacy.erasure.ledger import Erasures
from savctl.persistence.privacy.erasure.legal_holds import HeldTicket
from savctl.persistence.schema.server_info import binary_log_days
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.usecases.erasure.place import ErasureWork
from savctl.usecases.erasure.places import all_places

BINARY_LOGS = "binary-logs"


def certify(
    work: ErasureWork,
    keys: ErasureKeys,
    held: Sequence[HeldTicket],
    *,
    rounds: int,
    found: Mapping[str, int],
) -> dict[str, object]:
    """Write the certificate in the transaction in which the erasure ends."""
    now = work.clock()
    with work.database.reading() as connection:
        days = binary_log_days(connection)
        dumps = records.of_kind(connection, BackupKind.DUMP)
    copies = [_copy(one.id, work.keep.gone_by(one.made_at)) for one in reversed(dumps)]
    if days is not None:
        copies.append(_copy(BINARY_LOGS, now + timedelta(days=days) if days else None))

    def step(uow: UnitOfWork) -> dict[str, object]:
        ledger, listed = Erasures(uow.connection), work.listed(uow)
        erasure = ledger.get(work.erasure.id)
        actor = None if erasure.actor == work.base.user_id else erasure.actor
        certificate = sealed(
            {
                "id": erasure.id,
                "person": erasure.person,
                "mode": erasure.mode,
                "partial": bool(held),
                "reason": erasure.reason,
                "requested_at": second_text(erasure.requested_at),
                "started_at": second_text(erasure.started_at or now),
                "finished_at": second_text(now),
                "actor": actor,
                "savctl_version": __version__,
                "places": [
                    {"place": p.place, "found": max(p.found, p.removed), "removed": p.removed}
                    for p in listed.places()
                ],
                "bundles": json.loads(erasure.bundles or "[]"),
                "backups": copies,
                "holds": [{"ticket": keys.mac(f"ticket {one.id}")} for one in held],
                "verification": {
                    "rounds": rounds,
                    "places": len(all_places()),
                    "found": sum(c for name, c in found.items() if not _stays(name)),
                },
            }
        )
        values: dict[str, object] = {
            "state": str(ErasureState.HELD if held else ErasureState.DONE),
            "finished_at": now,
            "rounds": rounds,
            "certificate": json.dumps(certificate, ensure_ascii=False),
            "mac": keys.mac(str(certificate[DIGEST])),
        }
        if not held:
            values |= {"user_id": None}
            listed.forget_tickets()
        ledger.change(erasure.id, **values)
        return certificate

    return work.transact(step)


def _copy(name: str, until: datetime | None) -> dict[str, object]:
    """A copy that holds the person still, and when it is gone; None: that is not known."""
    return {"id": name, "until": None if until is None else second_text(until)}


def _stays(name: str) -> bool:
    return any(place.name == name and place.stays for place in all_places())
