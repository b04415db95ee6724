"""Charts as inline SVG without a fixed width, so that a phone and a sheet of paper read as well
as a screen: places across are in percent, letters keep their size. Every number is also in a
table beside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from savctl.pages.values import THIN_SPACE, safe_text, words

_BAR = 14
_HEIGHT, _TOP, _BOTTOM = 220, 16, 26
_SCALE = 48
_PLACES = 3
_QUARTERS = 4
_MANY = 40
_NICE = (1, 1.5, 2, 2.5, 3, 4, 5, 10)


@dataclass(frozen=True, slots=True)
class Series:
    """A name and one value for each label; None is a gap."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart over labels.

    `bars` are horizontal and stacked, the longest as long as the chart is wide; `shares` are the
    same with each bar as long as the chart, and tell the part of the first series; `lines` go
    from left to right. `top` is where the scale of lines ends, if that is known.
    """

    title: str
    labels: Sequence[str]
    series: Sequence[Series]
    kind: str = "bars"
    unit: str = "count"
    top: float | None = None

    def svg(self) -> str:
        """The figure with its legend."""
        drawn = _lines(self) if self.kind == "lines" else _bars(self)
        if not self.labels or not any(v is not None for s in self.series for v in s.values):
            drawn = '<p class="empty">No data in this period.</p>'
        legend = "".join(
            f'<span class="key"><i class="s{n}"></i>{safe_text(series.name)}</span>'
            for n, series in enumerate(self.series)
        )
        caption = f"<b>{safe_text(self.title)}</b> {legend if len(self.series) > 1 else ''}"
        return f"<figure><figcaption>{caption}</figcaption>{drawn}</figure>"


def _bars(chart: Chart) -> str:
    """For each label its name and sum, and below them its values side by side."""
    sums = [sum(_at(s, i) for s in chart.series) for i in range(len(chart.labels))]
    longest = max(sums, default=0) or 1
    parts = []
    for i, label in enumerate(chart.labels):
        whole = (sums[i] or 1) if chart.kind == "shares" else longest
        name, total = safe_text(label), safe_text(_sum_words(chart, i, sums[i]))
        parts.append(
            f'<li><span title="{name}">{name}</span><span>{total}</span>'
            f'<svg role="img" aria-label="{name}" width="100%" height="{_BAR}">'
            f"{''.join(_pieces(chart, i, whole))}</svg></li>"
        )
    return f'<ul class="bars">{"".join(parts)}</ul>'


def _pieces(chart: Chart, index: int, whole: float) -> Iterator[str]:
    """The values of one label, side by side."""
    x = 0.0
    yield f'<rect class="g" width="100%" height="{_BAR}"/>'
    for n, series in enumerate(chart.series):
        share = 100 * _at(series, index) / whole
        title = f"{chart.labels[index]}, {series.name}: {words(chart.unit, series.values[index])}"
        yield (
            f'<rect class="s{n}" x="{x:.2f}%" width="{share:.2f}%" height="{_BAR}">'
            f"<title>{safe_text(title)}</title></rect>"
        )
        x += share


def _sum_words(chart: Chart, index: int, total: float) -> str:
    shown = words(chart.unit, _tidy(total))
    if chart.kind != "shares" or not total:
        return shown
    return f"{words('percent', 100 * _at(chart.series[0], index) / total)} of {shown}"


def _lines(chart: Chart) -> str:
    """A line for each series over evenly spaced labels, the scale beside them."""
    most = max((_at(s, i) for s in chart.series for i in range(len(chart.labels))), default=0)
    top = chart.top or _round_up(most)
    heights = [_HEIGHT - _BOTTOM - _room() * part / _QUARTERS for part in range(_QUARTERS + 1)]
    scale = "".join(
        _text(str(_SCALE - 6), y + 4, _scale_words(chart, top * part / _QUARTERS), "end")
        for part, y in enumerate(heights)
    )
    parts = [f'<line x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>' for y in heights]
    parts += _places(chart)
    parts += [_line(chart, series, n, top) for n, series in enumerate(chart.series)]
    beside = f'<svg aria-hidden="true" width="{_SCALE}" height="{_HEIGHT}">{scale}</svg>'
    return f'<div class="plot">{beside}{_svg(chart, _HEIGHT, "".join(parts))}</div>'


def _scale_words(chart: Chart, value: float) -> str:
    if chart.unit == "percent":
        return f"{value:.0f}{THIN_SPACE}%"
    for least, size, unit in ((1_000_000, 1_000_000, "M"), (100_000, 1_000, "k")):
        if chart.unit == "count" and value >= least:
            return f"{value / size:g}{THIN_SPACE}{unit}"
    return words(chart.unit, _tidy(value))


def _line(chart: Chart, series: Series, number: int, top: float) -> str:
    """One line, broken at gaps; each point has its value."""
    drawn, pen, points = [], "M", []
    radius = 2 if len(chart.labels) > _MANY else 3.5
    for i, value in enumerate(series.values):
        if value is None:
            pen = "M"
            continue
        x, share = _across(chart, i), 1 - value / top
        drawn.append(f"{pen}{x:.2f} {100 * share:.2f}")
        pen = "L"
        title = safe_text(f"{chart.labels[i]}, {series.name}: {words(chart.unit, value)}")
        points.append(
            f'<circle class="s{number}" cx="{x:.2f}%" cy="{_TOP + share * _room():.1f}" '
            f'r="{radius}"><title>{title}</title></circle>'
        )
    path = f'<path class="l{number}" vector-effect="non-scaling-stroke" d="{" ".join(drawn)}"/>'
    return (
        f'<svg y="{_TOP}" width="100%" height="{_room()}" viewBox="0 0 100 100" '
        f'preserveAspectRatio="none">{path}</svg>{"".join(points)}'
    )


def _places(chart: Chart) -> Iterator[str]:
    """Some of the labels along the bottom; every other one is left out on a phone."""
    last = len(chart.labels) - 1
    every = max(-(-last // _PLACES), 1)
    for number, i in enumerate(range(0, last + 1, every)):
        anchor = "end" if i == last and last else "middle"
        narrow = "q w" if number % 2 else "q"
        yield _text(f"{_across(chart, i):.2f}%", _HEIGHT - 6, chart.labels[i], anchor, narrow)


def _across(chart: Chart, index: int) -> float:
    """Where a label is, in percent; points at the edges are not cut in half."""
    last = len(chart.labels) - 1
    return 50.0 if last < 1 else 1 + 98 * index / last


def _room() -> int:
    return _HEIGHT - _TOP - _BOTTOM


def _svg(chart: Chart, height: float, inside: str) -> str:
    title = safe_text(chart.title)
    return (
        f'<svg role="img" aria-label="{title}" width="100%" height="{height}">'
        f"<title>{title}</title>{inside}</svg>"
    )


def _text(x: str, y: float, text: str, anchor: str, name: str = "q") -> str:
    return (
        f'<text class="{name}" x="{x}" y="{y:g}" text-anchor="{anchor}">{safe_text(text)}</text>'
    )


def _at(series: Series, index: int) -> float:
    value = series.values[index]
    return 0.0 if value is None else float(value)


def _tidy(value: float) -> float:
    return int(value) if value == int(value) else round(value, 1)


def _round_up(value: float) -> float:
    """The next number whose quarters are whole and easy to read."""
    size = 1
    while True:
        for step in _NICE:
            quarter = step * size
            if quarter == int(quarter) and quarter * _QUARTERS >= value:
                return quarter * _QUARTERS
        size *= 10
