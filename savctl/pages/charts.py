"""Charts as inline SVG: they scale with the page, and every number is also in a table beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from savctl.pages._values import safe_text, words

_WIDTH, _HEIGHT = 640, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 12, 34
_ROW, _LABEL = 28, 130
_LONGEST = 18
_LABELS = 8


@dataclass(frozen=True, slots=True)
class Series:
    """A name and one value for each label; None is a gap."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart over labels: `bars` are horizontal and stacked, `lines` go from left to right."""

    title: str
    labels: Sequence[str]
    series: Sequence[Series]
    kind: str = "bars"
    unit: str = "count"

    def svg(self) -> str:
        """The figure with its legend."""
        drawn = _bars(self) if self.kind == "bars" else _lines(self)
        if not self.labels or not any(v is not None for s in self.series for v in s.values):
            drawn = '<p class="empty">No data in this period.</p>'
        legend = "".join(
            f'<span class="key"><i class="s{n}"></i>{safe_text(series.name)}</span>'
            for n, series in enumerate(self.series)
        )
        title = safe_text(self.title)
        return f"<figure><figcaption>{title}{legend}</figcaption>{drawn}</figure>"


def _bars(chart: Chart) -> str:
    """A row for each label, its values side by side from left to right."""
    height = _ROW * len(chart.labels) + 4
    sums = [sum(_at(s, i) for s in chart.series) for i in range(len(chart.labels))]
    scale = (_WIDTH - _LABEL - 70) / (max(sums, default=0) or 1)
    parts = []
    for i, label in enumerate(chart.labels):
        y, x = i * _ROW + 4, float(_LABEL)
        parts.append(_label(label, _LABEL - 8, y + 16))
        for n, series in enumerate(chart.series):
            width = _at(series, i) * scale
            told = f"{label}, {series.name}: {words(chart.unit, series.values[i])}"
            parts.append(
                f'<rect class="s{n}" x="{x:.1f}" y="{y}" width="{width:.1f}" height="20">'
                f"<title>{safe_text(told)}</title></rect>"
            )
            x += width
        total = safe_text(words(chart.unit, _tidy(sums[i])))
        parts.append(f'<text x="{x + 6:.1f}" y="{y + 15}">{total}</text>')
    return _svg(chart, height, "".join(parts))


def _lines(chart: Chart) -> str:
    """A line for each series over evenly spaced labels."""
    top = max((_at(s, i) for s in chart.series for i in range(len(chart.labels))), default=0)
    top = _round_up(top)
    step = (_WIDTH - _LEFT - _RIGHT) / max(len(chart.labels) - 1, 1)
    rise = (_HEIGHT - _TOP - _BOTTOM) / top
    parts = [_grid(chart, top, rise)]
    every = -(-len(chart.labels) // _LABELS)
    for i, label in enumerate(chart.labels):
        if i % every == 0:
            anchor = "start" if i == 0 else "end" if i == len(chart.labels) - 1 else "middle"
            parts.append(
                f'<text x="{_LEFT + i * step:.1f}" y="{_HEIGHT - 10}" text-anchor="{anchor}">'
                f"{safe_text(_short(label))}</text>"
            )
    for n, series in enumerate(chart.series):
        parts.append(_line(chart, series, n, step, rise))
    return _svg(chart, _HEIGHT, "".join(parts))


def _line(chart: Chart, series: Series, number: int, step: float, rise: float) -> str:
    """One line, broken at gaps; each point says its value."""
    drawn, pen = [], "M"
    points = []
    for i, value in enumerate(series.values):
        if value is None:
            pen = "M"
            continue
        x, y = _LEFT + i * step, _HEIGHT - _BOTTOM - value * rise
        drawn.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L"
        told = safe_text(f"{chart.labels[i]}, {series.name}: {words(chart.unit, value)}")
        points.append(
            f'<circle class="s{number}" cx="{x:.1f}" cy="{y:.1f}" r="3"><title>{told}</title>'
            "</circle>"
        )
    return f'<path class="l{number}" d="{" ".join(drawn)}"/>{"".join(points)}'


def _grid(chart: Chart, top: float, rise: float) -> str:
    parts = []
    for part in range(5):
        value = top * part / 4
        y = _HEIGHT - _BOTTOM - value * rise
        shown = safe_text(words(chart.unit, _tidy(value)))
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{shown}</text>'
        )
    return "".join(parts)


def _svg(chart: Chart, height: float, inside: str) -> str:
    title = safe_text(chart.title)
    return (
        f'<svg role="img" aria-label="{title}" viewBox="0 0 {_WIDTH} {height}" '
        f'preserveAspectRatio="xMinYMin meet"><title>{title}</title>{inside}</svg>'
    )


def _label(label: str, x: float, y: float) -> str:
    return (
        f'<text x="{x}" y="{y}" text-anchor="end">{safe_text(_short(label))}'
        f"<title>{safe_text(label)}</title></text>"
    )


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…"


def _at(series: Series, index: int) -> float:
    value = series.values[index]
    return 0.0 if value is None else float(value)


def _tidy(value: float) -> float:
    return int(value) if value == int(value) else round(value, 1)


def _round_up(value: float) -> float:
    """The next number that divides well by four."""
    size = 4.0
    while size < value:
        size *= 2.5 if str(int(size))[0] == "4" else 2
    return size
