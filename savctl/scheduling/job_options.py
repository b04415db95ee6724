"""Options that a job declares for itself; `job run` shows and parses them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar

HELP = "help"
METAVAR = "metavar"
IS_NUMBER = "is_number"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOptions:
    """What a job without options takes; a job that has some declares a subclass.

    Each field is an option: `plan_out: Path | None = option(…)` is `--plan-out`. A bool is a
    flag, a Path a file; a number says so.
    """

    @property
    def is_plan_only(self) -> bool:
        """Whether the run changes nothing: it takes no lease and leaves no row."""
        return False


Options = TypeVar("Options", bound=JobOptions)


def option(default: Any, text: str, *, metavar: str | None = None, is_number: bool = False) -> Any:
    """Declare an option with its line in the help."""
    return field(default=default, metadata={HELP: text, METAVAR: metavar, IS_NUMBER: is_number})
