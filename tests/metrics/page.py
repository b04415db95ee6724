"""Every metric as the page docs/metrics.md; `python -m tests.metrics.page` writes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from savctl.usecases.metrics.catalogue import SUBJECTS
from savctl.usecases.metrics.subject import MetricSubject

PAGE = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
_HEAD = """# Metrics

Every metric of `savctl metrics`, with its unit and where its value is from. This page is made from
`savctl/usecases/metrics/`, and a test holds it equal. [Monitoring](monitoring.md) names the ways
to collect them, and the alerts.

Names that end in `_total` are counters, the others gauges, unless a histogram is named. A counter
never falls when rows are removed by age, by the archive or by an erasure: it is raised in the
transaction in which the thing happens. Figures that take long are counted by a job after its run;
on a database of few tickets a scrape counts them itself."""


def metrics_page() -> str:
    """The whole page."""
    lines = [_HEAD]
    for subject in SUBJECTS:
        lines += _section(subject)
    return "\n".join(lines) + "\n"


def _section(subject: MetricSubject) -> Iterator[str]:
    yield f"\n## {subject.name}\n"
    yield "| metric | kind, unit | meaning | from |"
    yield "|---|---|---|---|"
    for family in subject.families:
        labels = "{" + ",".join(family.labels) + "}" if family.labels else ""
        unit = f", {family.unit}" if family.unit != "1" else ""
        cells = (f"`{family.name}{labels}`", f"{family.kind}{unit}", family.help, family.source)
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(metrics_page(), encoding="utf-8")
