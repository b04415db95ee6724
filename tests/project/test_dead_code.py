"""What nothing calls is removed: a reader takes it for a rule that is in force."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
FOLDERS = [PROJECT / name for name in ("savctl", "jobs", "migrations")]
FROM_OUTSIDE = {
    "JOB",  # found by discovery
    *("revision", "down_revision", "branch_labels", "depends_on", "upgrade", "downgrade"),
    "drift",  # asked by the tests of the migrations
    "main",  # the entry point
    "__getattr__",  # of a module whose names are imported when they are asked for
}


def test_every_name_of_a_module_is_used_somewhere() -> None:
    sources = {path: path.read_text("utf-8") for at in FOLDERS for path in at.rglob("*.py")}
    uses = Counter(word for text in sources.values() for word in re.findall(r"\w+", text))

    dead = {
        f"{path.name}: {name}"
        for path, text in sources.items()
        for name in names_in(text)
        if uses[name] == 1 and name not in FROM_OUTSIDE
    }

    assert dead == set()


def names_in(text: str) -> Iterator[str]:
    """Functions, classes and constants of a module; a decorator may register what it has."""
    for node in ast.parse(text).body:
        match node:
            case ast.FunctionDef(decorator_list=[]) | ast.ClassDef(decorator_list=[]):
                yield node.name
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                if not name.startswith("__"):
                    yield name
