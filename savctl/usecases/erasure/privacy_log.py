"""`gdpr log`: erasures, exports, holds; and whether a certificate is one of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from savctl.domain.privacy.certificate import DIGEST, problem_of
from savctl.domain.privacy.erasure_keys import ErasureKeys
from savctl.persistence.engine import Database
from savctl.persistence.privacy.erasure.audit_log import AuditEntry, by_id, of_actions
from savctl.persistence.privacy.erasure.keys import all_keys
from savctl.persistence.privacy.erasure.ledger import Erasures, StoredErasure, started

_ACTIONS = {"export": ("export",), "hold": ("hold",)}


def entries(database: Database, kind: str | None) -> Iterator[dict[str, object]]:
    """What was done, oldest first; `kind` is erasure, export or hold."""
    with database.reading() as connection:
        rows = (
            [_erasure_row(one) for one in started(connection)] if kind in {None, "erasure"} else []
        )
        for name, actions in _ACTIONS.items():
            if kind in {None, name}:
                rows += [_audit_row(name, one) for one in of_actions(connection, actions)]
    yield from sorted(rows, key=lambda row: (str(row["at"]), str(row["id"])))


def entry_of(database: Database, name: str) -> dict[str, object] | None:
    """One entry: of an erasure its certificate, as soon as there is one."""
    with database.reading() as connection:
        if name.isdecimal():
            found = by_id(connection, int(name))
            kinds = {action: kind for kind, many in _ACTIONS.items() for action in many}
            if found is None or found.action not in kinds:
                return None
            return {**_audit_row(kinds[found.action], found), "entry": json.loads(found.entry)}
        erasure = Erasures(connection).find(name)
    if erasure is None or erasure.started_at is None:
        return None
    if erasure.certificate is None:
        return _erasure_row(erasure)
    certificate: dict[str, object] = json.loads(erasure.certificate)
    return certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateCheck:
    """Whether a certificate is as it was made (`problem` says why not), and made here."""

    id: str | None
    made_here: bool
    problem: str | None

    def as_row(self) -> dict[str, object]:
        """For the command's answer."""
        return {
            "id": self.id,
            "intact": self.problem is None,
            "made_here": self.made_here,
            "problem": self.problem,
        }


def check_certificate(
    database: Database, configured: ErasureKeys | None, given: object
) -> CertificateCheck:
    """Compute its digest again, then look for it among those that were made here."""
    problem = problem_of(given)
    name = given.get("id") if isinstance(given, dict) else None
    if problem is not None or not isinstance(given, dict) or not isinstance(name, str):
        return CertificateCheck(
            id=name if isinstance(name, str) else None, made_here=False, problem=problem
        )
    digest = str(given[DIGEST])
    with database.reading() as connection:
        keys = all_keys(connection, configured)
        known = Erasures(connection).find(name)
    if known is None or known.mac is None or keys is None:
        return CertificateCheck(id=name, made_here=False, problem=None)
    is_ours = keys.made(known.mac, digest)
    why = None if is_ours else "it is not the certificate that was made under this id"
    return CertificateCheck(id=name, made_here=is_ours, problem=why)


def _erasure_row(one: StoredErasure) -> dict[str, object]:
    return {
        "id": one.id,
        "kind": "erasure",
        "at": one.finished_at or one.started_at,
        "actor": one.actor,
        "state": one.state,
        "partial": one.state == "held",
    }


def _audit_row(kind: str, one: AuditEntry) -> dict[str, object]:
    return {
        "id": str(one.id),
        "kind": kind,
        "at": one.at,
        "actor": one.actor,
        "state": None,
        "partial": None,
    }
