"""The statements that make the search indexes, as revision 0008 and `db adopt` know them.

On SQLite two FTS5 tables of external content read from views that fold what unicode61 does not;
triggers keep them right, so that other programs' writes are in the index too. No text is kept a
second time. On MySQL and MariaDB the server keeps its FULLTEXT indexes itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

INDEXED: Mapping[str, tuple[str, ...]] = {
    "support_tickets": ("subject", "description"),
    "ticket_messages": ("message",),
}
_OBSOLETE_UNICODE = (  # symbols that unicode61 (Unicode 6.1) takes for letters: newer emoji
    *(range(0x20BA, 0x20C1), range(0x23F4, 0x2400), range(0x2B5A, 0x2C00)),
    *(range(0x2E3C, 0x2E5E), range(0xFDFE, 0xFE10), range(0x1F0E0, 0x1F0F6)),
    *(range(0x1F16C, 0x1F170), range(0x1F19B, 0x1F1AE), range(0x1F260, 0x1F266)),
    *(range(0x1F321, 0x1F337), range(0x1F37D, 0x1F380), range(0x1F394, 0x1F3A0)),
    *(range(0x1F3C5, 0x1F3E0), range(0x1F3F1, 0x1F400), range(0x1F43F, 0x1F442)),
    *(range(0x1F4F8, 0x1F500), range(0x1F53E, 0x1F550), range(0x1F568, 0x1F5FB)),
    *(range(0x1F641, 0x1F645), range(0x1F650, 0x1F680), range(0x1F6C6, 0x1F700)),
    *(range(0x1F780, 0x1F800), range(0x1F900, 0x1FB00)),
)
_REPLACED: tuple[Mapping[str, str], ...] = (  # two steps: SQLite's parser nests 30 deep
    dict(zip("άέήίόύώϊϋΐΰΆΈΉΊΌΎΏΪΫ", "αεηιουωιυιυαεηιουωιυ", strict=True)),
    {
        **dict.fromkeys("ёЁѐЀ", "\u0435"),
        "ß": "ss",
        **dict.fromkeys("\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u0670", ""),
    },
)


def index_name(table: str) -> str:
    """The FULLTEXT index of a table of the service, or on SQLite its FTS5 table."""
    return f"savctl_search_{table}"


def family_of(dialect: Any) -> str:
    """sqlite, mariadb or mysql, by SQLAlchemy's dialect."""
    return "mariadb" if getattr(dialect, "is_mariadb", False) else str(dialect.name)


def create_statements(family: str, table: str) -> list[str]:
    """What makes the index of one table, and fills it.

    MariaDB 10.11 builds one that finds nothing when the table had another one before, unless the
    table is rebuilt.
    """
    columns = INDEXED[table]
    if family != "sqlite":
        rebuilt = "FORCE, " if family == "mariadb" else ""
        listed = f"{index_name(table)} ({', '.join(columns)})"
        return [f"ALTER TABLE {table} {rebuilt}ADD FULLTEXT INDEX {listed}"]
    index = index_name(table)
    view, tokenizer = f"{index}_words", f'tokenize="{_tokenizer()}"'
    options = f"{', '.join(columns)}, content='{view}', content_rowid='id', {tokenizer}"
    return [
        f"CREATE VIEW {view} AS {_folded(columns, table, f' FROM {table}')}",
        f"CREATE VIRTUAL TABLE {index} USING fts5({options})",
        f"INSERT INTO {index} ({index}) VALUES ('rebuild')",  # noqa: S608 - our own name
        *_triggers(table, columns),
    ]


def drop_statements(family: str, table: str) -> list[str]:
    """What removes the index of one table again; on SQLite, as far as it is there."""
    index = index_name(table)
    if family != "sqlite":
        return [f"ALTER TABLE {table} DROP INDEX {index}"]
    return [
        *(f"DROP TRIGGER IF EXISTS {index}_{event}" for event in ("insert", "delete", "update")),
        f"DROP TABLE IF EXISTS {index}",
        f"DROP VIEW IF EXISTS {index}_words",
    ]


def _triggers(table: str, columns: Sequence[str]) -> list[str]:
    index, listed = index_name(table), ", ".join(columns)
    add = f"INSERT INTO {index} (rowid, {listed}) {_folded(columns, 'new')};"
    remove = (
        f"INSERT INTO {index} ({index}, rowid, {listed}) "  # noqa: S608 - our own names
        f"SELECT 'delete', id, {listed} FROM ({_folded(columns, 'old')});"
    )
    steps = {
        "insert": ("INSERT", add),
        "delete": ("DELETE", remove),
        "update": (f"UPDATE OF id, {listed}", f"{remove} {add}"),
    }
    return [
        f"CREATE TRIGGER {index}_{name} AFTER {event} ON {table} BEGIN {step} END"
        for name, (event, step) in steps.items()
    ]


def _folded(columns: Sequence[str], row: str, source: str = "") -> str:
    """A SELECT of the id and the folded columns of a row."""
    first, second = _REPLACED
    inner = ", ".join(f"{_replaced(f'{row}.{name}', first)} AS {name}" for name in columns)
    outer = ", ".join(f"{_replaced(name, second)} AS {name}" for name in columns)
    return f"SELECT id, {outer} FROM (SELECT {row}.id AS id, {inner}{source})"  # noqa: S608


def _replaced(expression: str, letters: Mapping[str, str]) -> str:
    for letter, plain in letters.items():
        expression = f"replace({expression}, '{letter}', '{plain}')"
    return expression


def _tokenizer() -> str:
    separators = "".join(chr(code) for span in _OBSOLETE_UNICODE for code in span)
    return (
        "unicode61 remove_diacritics 2 categories 'L* M* N*' tokenchars '_' "
        f"separators '{separators}'"
    )
