"""docs/metrics.md is what the code measures."""

from __future__ import annotations

from tests.metrics.page import PAGE, metrics_page


def test_the_page_of_metrics_is_the_list_in_the_code() -> None:
    assert PAGE.read_text(encoding="utf-8") == metrics_page(), "python -m tests.metrics.page"
