"""The condition of a bucket: versions, who may come in, what it deletes, its clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import ClientError

from savctl.adapters.s3.errors import code_of
from savctl.ports.clock import system_clock
from savctl.ports.store_condition import DeletingRule, StoreCondition

_NONE_SET = frozenset({"NoSuchBucketPolicy", "NoSuchLifecycleConfiguration"})
_GROUPS = {
    "http://acs.amazonaws.com/groups/global/AllUsers": "everybody",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers": "every Amazon customer",
}
_DELETING = {
    "Expiration": "deletes objects",
    "NoncurrentVersionExpiration": "deletes older versions",
}
_HARMLESS = frozenset({"ExpiredObjectDeleteMarker"})  # markers that hide nothing any more
_DATE_IS_CUT_TO = timedelta(seconds=1)


def condition_of(client: Any, bucket: str) -> StoreCondition:
    """Ask everything; what the keys may not ask, or the server does not know, stays None."""
    before = system_clock()
    answer = client.list_objects_v2(Bucket=bucket, MaxKeys=1)
    after = system_clock()
    versioning = _asked(client.get_bucket_versioning, bucket)
    policy = _asked(client.get_bucket_policy, bucket)
    by_acl = tuple(_by_acl(_asked(client.get_bucket_acl, bucket) or {}))
    rules = _asked(client.get_bucket_lifecycle_configuration, bucket)
    return StoreCondition(
        keeps_versions=None if versioning is None else versioning.get("Status") == "Enabled",
        open_to=None if policy is None and not by_acl else (*_by_policy(policy or {}), *by_acl),
        deletes=None if rules is None else tuple(_deleting(rules)),
        clock_ahead=_clock_ahead(answer, before, after),
    )


def _asked(question: Any, bucket: str) -> dict[str, Any] | None:
    try:
        answer: dict[str, Any] = question(Bucket=bucket)
    except ClientError as problem:
        return {} if code_of(problem) in _NONE_SET else None
    return answer


def _by_policy(answer: dict[str, Any]) -> Iterator[str]:
    """The statements that let everybody in, whatever their conditions are."""
    try:
        statements = json.loads(answer.get("Policy") or "{}").get("Statement", [])
    except ValueError:
        yield "nobody knows whom: its policy is not JSON"
        return
    for statement in [statements] if isinstance(statements, dict) else statements:
        principal = statement.get("Principal")
        named = principal.get("AWS") if isinstance(principal, dict) else principal
        is_everybody = "*" in (named if isinstance(named, list) else [named])
        if statement.get("Effect") == "Allow" and is_everybody:
            actions = statement.get("Action")
            named = ", ".join(actions) if isinstance(actions, list) else str(actions)
            yield f"everybody, by its policy ({named})"


def _by_acl(answer: dict[str, Any]) -> Iterator[str]:
    for grant in answer.get("Grants", ()):
        group = _GROUPS.get(grant.get("Grantee", {}).get("URI", ""))
        if group is not None:
            yield f"{group}, by its ACL ({grant.get('Permission')})"


def _deleting(answer: dict[str, Any]) -> Iterator[DeletingRule]:
    for rule in answer.get("Rules", ()):
        chosen = rule.get("Filter", {})
        prefix = rule.get("Prefix") or chosen.get("Prefix") or chosen.get("And", {}).get("Prefix")
        for action, what in _DELETING.items():
            terms = {k: v for k, v in rule.get(action, {}).items() if k not in _HARMLESS}
            if rule.get("Status") == "Enabled" and terms:
                when = ", ".join(f"{name} {value}" for name, value in terms.items())
                yield DeletingRule(prefix=prefix or "", what=f"{what} ({when})")


def _clock_ahead(answer: dict[str, Any], before: datetime, after: datetime) -> timedelta | None:
    header = answer["ResponseMetadata"].get("HTTPHeaders", {}).get("date")
    if header is None:
        return None
    at = parsedate_to_datetime(header)
    return max(at - after, timedelta()) - max(before - (at + _DATE_IS_CUT_TO), timedelta())
