"""A page: headline numbers, charts and tables, for a screen, a phone and paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from savctl.pages._style import STYLE
from savctl.pages.charts import Chart
from savctl.pages.values import exact, safe_text, words


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `kind` is text, prose, state, period, count, percent, minutes
    or time.

    `names` are shown instead of values that have one.
    """

    key: str
    title: str
    kind: str = "text"
    names: Mapping[object, str] = field(default_factory=dict)

    def words(self, value: object) -> str:
        """The value for people, not escaped yet."""
        return self.names[value] if value in self.names else words(self.kind, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under named columns; each cell also holds its exact value for machines.

    With `has_sum` the last row is the sum of those above.
    """

    title: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, object]]
    note: str | None = None
    has_sum: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A headline number with what it means."""

    label: str
    value: object
    kind: str = "count"
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Charts and the tables that hold their numbers."""

    title: str
    text: str = ""
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page; `subtitle` is the period, `made` when and by what it was made.

    `text` says how the numbers are meant, `problem` what is wrong with all of them. A page with
    `refresh` is fetched again after so many seconds, without a script.
    """

    title: str
    subtitle: str
    made: str
    text: str = ""
    problem: str = ""
    refresh: int | None = None
    tiles: Sequence[Tile] = ()
    sections: Sequence[Section] = ()


def render(page: Page) -> str:
    """The whole page as HTML; the same page is the same bytes."""
    tiles = "".join(map(tile, page.tiles))
    sections = "".join(map(_section, page.sections))
    title = safe_text(page.title)
    text = f'<p class="note">{safe_text(page.text)}</p>' if page.text else ""
    problem = f'<p class="problem" role="alert">{safe_text(page.problem)}</p>\n'
    return (
        f"{opening(page.title, refresh=page.refresh)}"
        f"<header><h1>{title}</h1><p>{safe_text(page.subtitle)}</p></header>\n"
        f"<main>\n{problem if page.problem else ''}"
        f'<div class="tiles">{tiles}</div>{text}\n{sections}</main>\n'
        f"<footer>{safe_text(page.made)}</footer>\n</body>\n</html>\n"
    )


def opening(title: str, *, style: str = "", refresh: int | None = None) -> str:
    """A page up to its body: no script runs in it, nothing is fetched from anywhere."""
    again = f'<meta http-equiv="refresh" content="{refresh}">\n' if refresh else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" '
        f"content=\"default-src 'none'; style-src 'unsafe-inline'\">\n{again}"
        f"<title>{safe_text(title)}</title>\n<style>{STYLE}{style}</style>\n</head>\n<body>\n"
    )


def tile(shown: Tile) -> str:
    """A headline number as HTML."""
    return (
        f'<div class="tile"><b data-value="{exact(shown.value)}">'
        f"{safe_text(words(shown.kind, shown.value))}</b>"
        f"<span>{safe_text(shown.label)}</span><small>{safe_text(shown.hint)}</small></div>"
    )


def _section(section: Section) -> str:
    text = f"<p>{safe_text(section.text)}</p>" if section.text else ""
    charts = "".join(chart.svg() for chart in section.charts)
    if charts:
        charts = f'<div class="charts">{charts}</div>'
    tables = "".join(map(_table, section.tables))
    return f"<section><h2>{safe_text(section.title)}</h2>{text}{charts}{tables}</section>\n"


def _table(table: Table) -> str:
    head = "".join(
        f'<th scope="col" class="{_align(column)}">{safe_text(column.title)}</th>'
        for column in table.columns
    )
    last = len(table.rows) if table.has_sum else 0
    rows = "".join(
        _row(table.columns, row, is_sum=place == last)
        for place, row in enumerate(table.rows, start=1)
    )
    if not table.rows:
        rows = f'<tr><td colspan="{len(table.columns)}" class="empty">Nothing.</td></tr>'
    note = f'<p class="note">{safe_text(table.note)}</p>' if table.note else ""
    return (
        f'<div class="scroll" tabindex="0"><table><caption>{safe_text(table.title)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{note}"
    )


def _row(columns: Sequence[Column], row: Mapping[str, object], *, is_sum: bool) -> str:
    cells = []
    for number, column in enumerate(columns):
        value = row.get(column.key)
        name, scope = ("td", "") if number else ("th", ' scope="row"')
        cells.append(
            f'<{name}{scope} class="{_align(column)}{_mark(column, value)}" '
            f'data-key="{safe_text(column.key)}" '
            f'data-value="{exact(value)}">{safe_text(column.words(value))}'
            f"</{name}>"
        )
    kind = ' class="sum"' if is_sum else ""
    return f"<tr{kind}>{''.join(cells)}</tr>"


def _align(column: Column) -> str:
    return {"text": "t", "prose": "t p", "state": "d", "time": "d", "period": "d"}.get(
        column.kind, "n"
    )


def _mark(column: Column, value: object) -> str:
    """What paints a word with a meaning; the word itself stands there as well."""
    return f" {_MARKS.get(str(value), '')}".rstrip() if column.kind == "state" else ""


_MARKS = {
    **dict.fromkeys(("failed", "overdue", "late", "abandoned", "dead", "never proven"), "bad"),
    **dict.fromkeys(("braked", "partly", "due", "interrupted"), "warn"),
    **dict.fromkeys(("ok", "running"), "good"),
}
