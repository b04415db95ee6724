"""The report pages in headless Chromium: on a phone, on a desk, with awkward content."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from savctl.cli.report_pages import sla_page, volume_page, workload_page
from savctl.domain.sla.statistics import Group
from savctl.pages.page import Page, render
from tests.pages.browser import lay_out

pytestmark = pytest.mark.slow("starts a browser")

WIDTHS = (320, 375, 768, 1280)
AT = datetime(2025, 10, 3, 10, 30, tzinfo=UTC)
PERIOD = "2025-09-03 10:30 to 2025-10-03 10:30 (UTC, the end left out)"
DAYS = [f"{AT - timedelta(days=back):%Y-%m-%d}" for back in range(62, 0, -1)]


def sla_row(name: str, tickets: int) -> dict[str, object]:
    """A row of the report about so many tickets, two thirds of them in time."""
    late = tickets // 3
    counts = {"met": tickets - late - tickets % 2, "breached": late, "pending": tickets % 2}
    row = Group().row(name) | {"tickets": tickets}
    for side in ("response", "resolution"):
        row |= {f"{side}_{part}": count for part, count in counts.items()}
        row |= {f"{side}_met_percent": 66.6 if tickets else None}
        row |= {f"{side}_median_minutes": 20_000, f"{side}_p90_minutes": 131_000}
    return row


def service_levels() -> Page:
    names = [*(f"Category {n}" for n in range(40)), "x" * 255, "w" * 60, "Où est ma commande ?"]
    groups = [sla_row(name, 1_234_567 + n) for n, name in enumerate(names)]
    days = [sla_row(day, n * 37 % 500) for n, day in enumerate(DAYS)]
    total = sla_row("total", 51_234_567)
    found = {"category": [*groups, total], "day": [*days, total]}
    return sla_page(found, period=PERIOD, at=AT, names={})


def workload() -> Page:
    counts = (
        *("open", "in_progress", "waiting_customer", "resolved", "overdue", "due_in_24h"),
        *("solved_in_period", "median_resolution_minutes"),
        *("response_breaches", "resolution_breaches"),
    )
    agents = ["18446744073709551615", *map(str, range(1, 60)), "none"]
    rows = [
        {"agent_id": agent, **dict.fromkeys(counts, 12345 + n)} for n, agent in enumerate(agents)
    ]
    names: dict[object, str] = {agent: f"{'Ä' * 100} ({agent})" for agent in agents[:9]}
    return workload_page(rows, period=PERIOD, at=AT, names=names)


def volume() -> Page:
    names = ("created", "resolved", "closed", "reopened", "customer_messages", "backlog")
    rows = [
        {"period": day, **dict.fromkeys(names, 1234567 + n * 1000)} for n, day in enumerate(DAYS)
    ]
    return volume_page(rows, period=PERIOD, at=AT)


def empty() -> Page:
    return sla_page({"priority": [Group().row("total")]}, period=PERIOD, at=AT, names={})


@pytest.mark.parametrize("page", [service_levels, workload, volume, empty])
def test_a_page_fits_every_screen_and_its_letters_can_be_read(
    tmp_path: Path, page: Callable[[], Page]
) -> None:
    layouts = lay_out(render(page()), WIDTHS, tmp_path)

    assert tuple(layout.width for layout in layouts) == WIDTHS
    for layout in layouts:
        assert layout.needed <= layout.width
        assert layout.beyond == []
        assert layout.overlaps == 0, layout.width
        assert layout.smallest >= 12
