"""Samples as Prometheus text, by prometheus-client with a registry of its own (rules 18.1).

The library's default registry would add figures of this process, which is not what is watched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from savctl.domain.metrics.families import MetricFamily, MetricKind, MetricSample

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SUM = "sum"
# Whole numbers as such: the library writes 0.0.
_WHOLE = re.compile(r"^([^#\n].*)\.0$", re.MULTILINE)


def exposition(families: Sequence[MetricFamily], samples: Iterable[MetricSample]) -> str:
    """Every family with its help, and its samples; one without samples is named all the same."""
    by_name: dict[str, list[MetricSample]] = {family.name: [] for family in families}
    for sample in samples:
        by_name[sample.family.name].append(sample)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected([_metric(f, by_name[f.name]) for f in families]))
    return _WHOLE.sub(r"\1", generate_latest(registry).decode())


class _Collected(Collector):
    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics


def _metric(family: MetricFamily, samples: Sequence[MetricSample]) -> Metric:
    if family.kind is MetricKind.HISTOGRAM:
        return _histogram(family, samples)
    is_counter = family.kind is MetricKind.COUNTER
    kind = CounterMetricFamily if is_counter else GaugeMetricFamily
    metric = kind(family.name, family.help, labels=family.labels)
    for sample in samples:
        metric.add_metric(list(sample.labels), sample.value)
    return metric


def _histogram(family: MetricFamily, samples: Sequence[MetricSample]) -> Metric:
    """Buckets count what is up to their bound, the smaller ones included."""
    metric = HistogramMetricFamily(family.name, family.help, labels=[])
    found = {sample.labels[0]: sample.value for sample in samples}
    if not found:
        return metric
    seen, buckets = 0.0, []
    for bound in (*map(str, family.bounds), "+Inf"):
        seen += found.get(bound, 0)
        buckets.append((bound, seen))
    metric.add_metric([], buckets, found.get(SUM, 0))
    return metric
