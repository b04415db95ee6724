"""The options that commands share, declared here once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from savctl.cli.framework.params import whole

Option = tuple[str, Any, Any]  # parameter, annotation, default

_OUTPUT = Annotated[
    str,
    typer.Option("--output", "-o", metavar="FORMAT", help="table, wide, json, jsonl, csv or ids."),
]
_COLUMNS = Annotated[
    str | None, typer.Option("--columns", metavar="A,B", help="Columns, as id,metadata.sla.")
]
_NO_HEADERS = Annotated[
    bool, typer.Option("--no-headers", help="No line of headers in a table or in CSV.")
]
_CONFIG = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Configuration file to read.")
]
_QUIET = Annotated[bool, typer.Option("--quiet", "-q", help="No notes on stderr.")]
_VERBOSE = Annotated[bool, typer.Option("--verbose", "-v", help="Say more on stderr.")]
_COLOR = Annotated[str, typer.Option("--color", metavar="WHEN", help="auto, always or never.")]
_LOG_FORMAT = Annotated[
    str | None,
    typer.Option("--log-format", metavar="FORMAT", help="Log lines on stderr: text or json."),
]
_AT = Annotated[
    str | None,
    typer.Option("--at", metavar="TIME", help="Set the clock (reading and dry runs only)."),
]
_DRY_RUN = Annotated[
    bool, typer.Option("--dry-run", "-n", help="Show what would change; change nothing.")
]
_AS = Annotated[
    int | None,
    typer.Option(
        "--as", metavar="USER_ID", parser=whole("--as"), help="Who acts; also SAVCTL_ACTOR."
    ),
]
_YES = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]

COMMON: tuple[Option, ...] = (
    ("output", _OUTPUT, "table"),
    ("columns", _COLUMNS, None),
    ("no_headers", _NO_HEADERS, False),
    ("config", _CONFIG, None),
    ("quiet", _QUIET, False),
    ("verbose", _VERBOSE, False),
    ("color", _COLOR, "auto"),
    ("log_format", _LOG_FORMAT, None),
)
CLOCK: tuple[Option, ...] = (("at", _AT, None),)
CONFIRMATION: tuple[Option, ...] = (("yes", _YES, False),)
ACTOR: tuple[Option, ...] = (("actor", _AS, None),)
WRITING: tuple[Option, ...] = (("dry_run", _DRY_RUN, False), *ACTOR, *CONFIRMATION)
SHARED: tuple[Option, ...] = (*COMMON, *CLOCK, *WRITING)
COMMON_NAMES = frozenset(name for name, _, _ in (*COMMON, *CLOCK)) | {"help"}
