"""Reports: exact counts, a bounded list (contract: command line, 3)."""

from __future__ import annotations

from savctl.usecases.batch.report import LISTED, BatchReport, Item, ItemOutcome

CLOSED = Item(1, "TKT-1", ItemOutcome.CHANGED, "no response for 7 days")
HELD = Item(2, "TKT-2", ItemOutcome.SKIPPED, "held: customer replied")
BROKEN = Item(3, "TKT-3", ItemOutcome.FAILED, "spoilt")


def test_a_real_run_lists_what_was_skipped_or_failed() -> None:
    report = BatchReport()

    report.add([CLOSED, HELD, BROKEN], seen=4)

    assert report.items == [HELD, BROKEN]
    assert report.counts() == {"seen": 4, "changed": 1, "skipped": 1, "failed": 1, "left": 0}


def test_a_dry_run_lists_what_would_change_too() -> None:
    report = BatchReport(lists_changes=True)

    report.add([CLOSED, HELD], seen=2)

    assert report.items == [CLOSED, HELD]


def test_an_odd_change_is_reported_in_a_real_run() -> None:
    odd = Item(4, "TKT-4", ItemOutcome.CHANGED, "updated_at used", always_listed=True)
    report = BatchReport()

    report.add([odd], seen=1)

    assert report.items == [odd]


def test_the_list_is_bounded_and_the_counts_are_not() -> None:
    report = BatchReport()

    for _ in range(3):
        report.add([HELD] * LISTED, seen=LISTED)
    report.add([BROKEN], seen=1)

    assert len(report.items) == LISTED + 1
    assert report.items[-1] == BROKEN  # a failure is named however many were skipped before
    assert (report.skipped, report.failed) == (3 * LISTED, 1)


def test_an_item_shows_its_documented_keys() -> None:
    assert HELD.as_json() == {
        "id": 2,
        "ticket_number": "TKT-2",
        "outcome": "skipped",
        "reason": "held: customer replied",
    }
