"""The table of roles in docs/security.md, made from the policy; run as a module it is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from savctl.domain.access.policy import POLICY, Need

PAGE = Path(__file__).resolve().parents[2] / "docs" / "security.md"
_COLUMNS = {
    "customer, agent, admin": Need.CUSTOMER,
    "agent, admin": Need.AGENT,
    "customer about self, admin": Need.SELF,
    "admin": Need.ADMIN,
    "without a token": Need.NOTHING,
}


def table() -> str:
    """The table, a line for each group of commands."""
    head = f"| group | {' | '.join(_COLUMNS)} |"
    return "\n".join((head, "|---" * (len(_COLUMNS) + 1) + "|", *_lines())) + "\n"


def stored() -> str:
    """The table as the page has it."""
    return _parts()[1]


def _lines() -> Iterator[str]:
    for group in dict.fromkeys(_named(command)[0] for command in POLICY):
        cells = [group or "(none)", *(_verbs(group, need) for need in _COLUMNS.values())]
        yield "|" + "|".join(f" {one} " if one else " " for one in cells) + "|"


def _verbs(group: str, need: Need) -> str:
    found = [_named(c)[1] for c, n in POLICY.items() if n is need and _named(c)[0] == group]
    return ", ".join(f"`{verb}`" for verb in found)


def _named(command: str) -> tuple[str, str]:
    """Group and verb; a command of one word has no group."""
    group, _, verb = command.partition(" ")
    return (group, verb) if verb else ("", group)


def _parts() -> tuple[str, str, str]:
    before, begin, rest = PAGE.read_text(encoding="utf-8").partition("| group |")
    body, end, after = rest.partition("\n\n")
    return before, f"{begin}{body}\n", f"{end[1:]}{after}"


if __name__ == "__main__":
    before, _, after = _parts()
    PAGE.write_text(f"{before}{table()}{after}", encoding="utf-8")
