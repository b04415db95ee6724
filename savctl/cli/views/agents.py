"""Agents by name in reports, where the copy of the auth service's users knows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from savctl.usecases.reports.sla_report import NOBODY

if TYPE_CHECKING:
    from savctl.cli.framework.context import CommandContext
    from savctl.cli.framework.output import Row

AgentNames = Mapping[str, str]  # by id; empty for one that is not known


def agents_in(call: CommandContext, groups: Iterable[object]) -> AgentNames:
    """The names of the agents among the groups of a report."""
    from savctl.persistence.people.users import Users

    ids = [str(group) for group in groups if str(group).isdecimal()]
    with call.database.reading() as connection:
        known = Users(connection).known(map(int, ids))
    return {each: known[int(each)].name if int(each) in known else "" for each in ids}


def named_agents(names: AgentNames) -> dict[object, str]:
    """What a page shows for each group: `Julie Perrin (101)`, `Agent 105`, `Nobody`."""
    shown: dict[object, str] = {NOBODY: "Nobody"}
    for each, name in names.items():
        shown[each] = f"{name} ({each})" if name else f"Agent {each}"
    return shown


def with_names(rows: Iterable[Row], key: str, names: AgentNames) -> list[Row]:
    """The rows, each with the agent's name behind the id."""
    return [{key: row[key], "name": names.get(str(row[key]), ""), **row} for row in rows]
