"""The values that a shell completes: closed sets only, none of them from the database."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from savctl.cli.framework.tables.fields import fields_of
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status

LISTS = frozenset(("--columns", "--status", "--priority", "--with"))  # several, with commas
_PARTS = ("messages", "attachments", "history", "sla")
_GROUPS = ("priority", "agent", "category", "day", "week", "month")
_SORTS = ("id", "created_at", "updated_at", "priority", "status", "ticket_number")


def _jobs() -> Iterable[str]:
    """Names of jobs, by their files: to import them all would take a second."""
    from savctl.places import folder_of

    return sorted(file.stem.replace("_", "-") for file in folder_of("jobs").glob("[!_]*.py"))


def _events() -> Iterable[str]:
    from savctl.domain.events.schema import all_schemas
    from savctl.domain.sync.schemas import sync_schemas

    return {**all_schemas(), **sync_schemas()}


def _run_statuses() -> Iterable[str]:
    from savctl.persistence.jobs.runs import RunStatus

    return map(str, RunStatus)


def _findings() -> Iterable[str]:
    from savctl.domain.files.orphans import BucketMismatch

    return (*map(str, BucketMismatch), "all")


def _owners() -> Iterable[str]:
    from savctl.domain.privacy.inventory.entry import Whose

    return map(str, Whose)


# By `COMMAND OPTION` first, then by the option, or by the name of an argument, alone.
_FIXED: dict[str, tuple[str, ...]] = {
    "--output": ("table", "wide", "json", "jsonl", "csv", "ids"),
    "--color": ("auto", "always", "never"),
    "--log-format": ("text", "json"),
    "--status": tuple(map(str, Status)),
    "--priority": tuple(map(str, Priority)),
    "--agent": ("none",),
    "--type": ("response", "resolution"),
    "PRIORITY": tuple(map(str, Priority)),
    "SHELL": ("bash", "zsh", "fish"),
    "ticket list --sort": (*_SORTS, *(f"-{name}" for name in _SORTS)),
    "ticket show --with": _PARTS,
    "ticket assign --to": ("auto",),
    "export analytics --format": ("csv", "jsonl"),
    "export tickets --with": ("messages", "attachments"),
    "export tickets --format": ("csv", "jsonl", "jsonl.zst"),
    "ticket import --format": ("csv", "jsonl"),
    "demo --format": ("csv", "jsonl"),
    "report sla --by": _GROUPS,
    "sla report --by": _GROUPS,
    "report workload --by": ("agent", "category", "priority"),
    "report volume --by": ("day", "week", "month"),
}
_FOUND: dict[str, Callable[[], Iterable[str]]] = {
    "--only": _jobs,
    "--except": _jobs,
    "--whose": _owners,
    "attachment orphans --only": _findings,
    "job history --status": _run_statuses,
    **{f"job {verb} NAME": _jobs for verb in ("run", "why", "unlock", "history")},
    "event schema EVENT": _events,
}


def values_of(path: str, name: str) -> tuple[str, ...]:
    """The values of an option or argument of the command at this path."""
    if name == "--columns":
        return fields_of(path)
    for key in (f"{path} {name}", name):
        if key in _FOUND:
            return tuple(_FOUND[key]())
        if key in _FIXED:
            return _FIXED[key]
    return ()
