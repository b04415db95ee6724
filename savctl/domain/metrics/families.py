"""Families of metrics and their samples, before any format (rules 18.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class MetricKind(StrEnum):
    """What the value of a family means over time."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFamily:
    """One name: what it counts, in which unit, and where the value is from.

    `source` is for people: which rows, which server, which job. `bounds` are those of a
    histogram, without infinity.
    """

    name: str
    help: str
    unit: str
    source: str
    labels: tuple[str, ...] = ()
    kind: MetricKind = MetricKind.GAUGE
    bounds: tuple[float, ...] = ()

    def sample(self, value: float, *labels: str) -> MetricSample:
        """A value of this family; a histogram's has the bound of its bucket, or `sum`."""
        if len(labels) != len(self.labels) + (self.kind is MetricKind.HISTOGRAM):
            raise ValueError(f"{self.name} has the labels {self.labels}, not {labels}")
        return MetricSample(self, value, labels)


@dataclass(frozen=True, slots=True)
class MetricSample:
    """One value; of a histogram the count of one bucket (label: its bound), or `sum`."""

    family: MetricFamily
    value: float
    labels: Sequence[str] = ()


def counter(name: str, help_text: str, source: str, *labels: str) -> MetricFamily:
    """A family that only grows."""
    return MetricFamily(
        name=name,
        help=help_text,
        unit="1",
        source=source,
        labels=labels,
        kind=MetricKind.COUNTER,
    )


def gauge(name: str, help_text: str, source: str, *labels: str, unit: str = "1") -> MetricFamily:
    """A family whose value goes up and down."""
    return MetricFamily(name=name, help=help_text, unit=unit, source=source, labels=labels)
