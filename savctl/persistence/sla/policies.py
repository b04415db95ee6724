"""The versions of the SLA policy; number 1 is the service's and has no row."""

from __future__ import annotations

import json

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from savctl.domain.model.json_text import encode
from savctl.domain.sla.policy import Policy
from savctl.domain.sla.policy_text import body, from_body
from savctl.errors import InvalidInput
from savctl.persistence.schema.tables import sla_policies

_P = sla_policies.c


def read_policies(connection: Connection) -> tuple[Policy, ...]:
    """Every stored version, oldest first.

    Raises:
        InvalidInput: one of them cannot be read.
    """
    rows = connection.execute(select(sla_policies).order_by(_P.version))
    return tuple(from_body(row.version, row.starts_at, _json(row.body)) for row in rows)


def add_policy(connection: Connection, policy: Policy) -> bool:
    """Store a version; False when another process has just taken its number."""
    values = {
        "version": policy.version,
        "starts_at": policy.starts_at,
        "body": encode(body(policy)),
    }
    try:
        with connection.begin_nested():
            connection.execute(insert(sla_policies).values(**values))
    except IntegrityError:
        return False
    return True


def _json(text: str) -> dict[str, object]:
    try:
        found = json.loads(text)
    except ValueError as problem:
        raise InvalidInput(f"a version of the SLA policy is not JSON: {problem}") from problem
    return found if isinstance(found, dict) else {}
