"""A planned erasure, and a certificate, as pages for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from savctl.cli.framework.page import named, page, section, title
from savctl.domain.text import plural
from savctl.usecases.erasure.out_of_reach import OUT_OF_REACH

if TYPE_CHECKING:
    from savctl.usecases.erasure.planning import ErasurePlan

_FACTS = (
    *("id", "person", "mode", "reason", "requested_at", "started_at", "finished_at", "actor"),
    *("savctl_version", "sha256"),
)


def plan_row(plan: ErasurePlan) -> dict[str, object]:
    """What an erasure would remove, for machines."""
    return {
        "mode": str(plan.scope.mode),
        "partial": bool(plan.held),
        "places": [
            {"place": name, "found": count, "removed": 0} for name, count in plan.found.items()
        ],
        "holds": [one.ticket_number for one in plan.held],
        "changed": False,
        "dry_run": True,
    }


def plan_page(plan: ErasurePlan) -> str:
    """The same for people."""
    counts = [(name, count) for name, count in plan.found.items() if count]
    held = [one.ticket_number for one in plan.held]
    return page(
        title(f"Would be erased: user {plan.scope.user_id}, --mode {plan.scope.mode}"),
        named(counts) or ["Nothing is left."],
        section("Kept by legal holds", held),
        section("Out of reach", named(OUT_OF_REACH.items(), inside=1)),
    )


def certificate_page(certificate: Mapping[str, Any]) -> str:
    """A certificate, place by place."""
    places = [
        (one["place"], f"{one['removed']} of {one['found']} removed")
        for one in certificate["places"]
        if one["found"]
    ]
    verified = certificate["verification"]
    rounds = plural(verified["rounds"], "round")
    found = f"{verified['places']} places searched again in {rounds}: {verified['found']} found"
    kind = "Partial certificate" if certificate["partial"] else "Certificate"
    return page(
        title(f"{kind} of erasure"),
        named([(name, certificate[name]) for name in _FACTS]),
        section("Places", named(places, inside=1) or ["Nothing was found."]),
        section("Bundles of the archive", named(_bundles(certificate), inside=1)),
        section("Copies that still hold the person", named(_copies(certificate), inside=1)),
        section("Legal holds", named([("tickets kept", len(certificate["holds"]) or None)])),
        section("Verification", [found]),
    )


def _bundles(certificate: Mapping[str, Any]) -> list[tuple[str, object]]:
    return [
        (
            str(one["old"])[:16],
            f"written again as {str(one['new'])[:16]}" if one["new"] else "gone",
        )
        for one in certificate["bundles"]
    ]


def _copies(certificate: Mapping[str, Any]) -> list[tuple[str, object]]:
    return [(one["id"], one["until"] or "no end is set") for one in certificate["backups"]]
