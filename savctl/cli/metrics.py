"""`savctl metrics`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from savctl.cli.framework.command import command, new_group
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Format, Outcome
from savctl.errors import SchemaMismatch, Unavailable

if TYPE_CHECKING:
    from savctl.domain.metrics.families import MetricSample

group = new_group("Print metrics for Prometheus.", is_command=True)

_COLUMNS = ("name", "labels", "value")
Textfile = Annotated[
    Path | None,
    typer.Option(
        "--textfile",
        metavar="FILE",
        help="Write them into a file of node_exporter's textfile collector; any user may read it.",
    ),
]


@command(
    group,
    "metrics",
    timeless=True,
    examples=["savctl metrics", "savctl metrics --textfile savctl.prom"],
)
def metrics(call: CommandContext, textfile: Textfile = None) -> Outcome:
    """Print metrics for Prometheus.

    They hold no personal data and no names of tickets, users or files.

    Exit code 8 when the database does not answer; --textfile then writes savctl_up 0 and nothing
    else.
    """
    from savctl.scheduling.metrics import away_text, metrics_text

    try:
        samples, failures = _samples(call)
    except Unavailable:
        if textfile is not None:
            _write(textfile, away_text())
        raise
    text = metrics_text(samples)
    if textfile is not None:
        _write(textfile, text)
        return Outcome(failures=failures)
    is_text = call.output is Format.TABLE and not call.columns
    answer = Answer(
        rows=[_row(sample) for sample in samples],
        columns=_COLUMNS,
        fields=_COLUMNS,
        key="name",
        text=text.rstrip("\n") if is_text else None,
    )
    return Outcome(answer=answer, failures=failures)


def _samples(call: CommandContext) -> tuple[list[MetricSample], tuple[SchemaMismatch, ...]]:
    """On another schema revision only what needs none of savctl's tables."""
    from savctl.scheduling.metrics import metric_places
    from savctl.usecases.metrics.reading import read_metrics

    failures: tuple[SchemaMismatch, ...] = ()
    try:
        _ = call.database
    except SchemaMismatch as mismatch:
        failures = (mismatch,)
    return read_metrics(metric_places(call.app)), failures


def _row(sample: MetricSample) -> dict[str, object]:
    names = sample.family.labels or ("le",) * len(sample.labels)
    return {
        "name": sample.family.name,
        "labels": dict(zip(names, sample.labels, strict=True)),
        "value": sample.value,
    }


def _write(path: Path, text: str) -> None:
    """The whole file or none; readable by everybody, for it holds nothing about anybody."""
    import os

    from savctl.usecases.batch.atomic_file import new_file

    with new_file(path, overwrite=True) as file:
        file.stream.write(text.encode())
        file.finish()
        os.fchmod(file.stream.fileno(), 0o644)
        file.publish()
