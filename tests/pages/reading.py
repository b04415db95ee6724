"""What a page holds for machines: the exact value of each cell, as JSON."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any


class Cells(HTMLParser):
    """Tables and headline numbers of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tables: list[list[dict[str, Any]]] = []
        self.tiles: list[Any] = []
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.titles: list[list[str]] = []
        self._is_in_body = False
        self._is_in_head = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a cell by its key, a tile in its order."""
        self.tags.add(tag)
        given = dict(attrs)
        self.addresses += [v or "" for k, v in attrs if k in {"href", "src", "srcset", "action"}]
        if tag in {"thead", "tbody"}:
            self._is_in_body = tag == "tbody"
            self._is_in_head = tag == "thead"
        if tag == "thead":
            self.titles.append([])
        if tag == "tbody":
            self.tables.append([])
        elif tag == "tr" and self._is_in_body:
            self.tables[-1].append({})
        value = given.get("data-value")
        if value is None:
            return
        if "data-key" in given:
            self.tables[-1][-1][str(given["data-key"])] = json.loads(value)
        else:
            self.tiles.append(json.loads(value))

    def handle_data(self, data: str) -> None:
        """Note the title of a column."""
        if self._is_in_head and data.strip():
            self.titles[-1].append(data)

    def columns(self, table: int) -> dict[str, str]:
        """The title of each column of a table, by the key of its cells."""
        return dict(zip(self.tables[table][0], self.titles[table], strict=True))
