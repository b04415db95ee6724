"""The certificate of an erasure as a page to print and to file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from savctl.pages.page import Column, Page, Section, Table, Tile

_FACTS = (
    *("id", "person", "mode", "reason", "requested_at", "started_at", "finished_at", "actor"),
    *("savctl_version", "sha256"),
)


def page(certificate: Mapping[str, Any]) -> Page:
    """The whole certificate; nothing in it names the person."""
    verified = certificate["verification"]
    removed = sum(one["removed"] for one in certificate["places"])
    kind = "Partial certificate of erasure" if certificate["partial"] else "Certificate of erasure"
    return Page(
        title=kind,
        subtitle=f"{certificate['id']}, finished {certificate['finished_at']}",
        made=f"savctl {certificate['savctl_version']}",
        text="The person is named by a keyed pseudonym. Check the JSON of this certificate with: "
        "savctl gdpr certificate check FILE",
        tiles=(
            Tile(label="removed", value=removed),
            Tile(label="found by the search afterwards", value=verified["found"]),
            Tile(label="places searched", value=verified["places"]),
            Tile(label="tickets kept by legal holds", value=len(certificate["holds"])),
        ),
        sections=(
            Section(title="What was done", tables=(_facts(certificate), _places(certificate))),
            Section(
                title="Archive and backups", tables=(_bundles(certificate), _copies(certificate))
            ),
        ),
    )


def _facts(certificate: Mapping[str, Any]) -> Table:
    rows = [{"name": name, "value": certificate[name]} for name in _FACTS]
    columns = (Column("name", "Name"), Column("value", "Value"))
    return Table(title="Facts", columns=columns, rows=rows)


def _places(certificate: Mapping[str, Any]) -> Table:
    columns = (
        Column("place", "Place"),
        Column("found", "Found", "count"),
        Column("removed", "Removed", "count"),
    )
    return Table(title="Places", columns=columns, rows=certificate["places"])


def _bundles(certificate: Mapping[str, Any]) -> Table:
    columns = (Column("old", "Old SHA-256"), Column("new", "New SHA-256"))
    return Table(title="Bundles written again", columns=columns, rows=certificate["bundles"])


def _copies(certificate: Mapping[str, Any]) -> Table:
    columns = (Column("id", "Copy"), Column("until", "Until"))
    return Table(
        title="Copies that still hold the person", columns=columns, rows=certificate["backups"]
    )
