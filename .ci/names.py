"""What keeps the house in order: run by `make lint`.

- A class name means one thing in the whole tree.
- A folder stays small enough to be read at one glance.
- A module `_x.py` is its package's own.
- No identifier says `told` or `said`: the noun of the field stands there.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOTS = ("savctl", "jobs", "migrations")
BESIDE = ("tests", "benchmarks", ".ci")  # held to the words and the size of folders alone
LARGEST_FOLDER = 20  # Python files
ANY_SIZE = frozenset(("jobs", "migrations/versions"))  # a file each job, each revision
BANNED = frozenset(("told", "said"))
_PARTS = re.compile(r"(?<=[a-z])([A-Z])")


def main() -> int:
    """Print what is wrong; answers 1 if anything is."""
    trees = _parsed(ROOTS)
    every = trees | _parsed(BESIDE)
    problems = [*_classes(trees), *_folders(every), *_private(trees), *_words(every)]
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    return 1 if problems else 0


def _parsed(roots: tuple[str, ...]) -> dict[Path, ast.Module]:
    return {
        path: ast.parse(path.read_text(encoding="utf-8"))
        for root in roots
        for path in sorted(Path(root).rglob("*.py"))
    }


def _classes(trees: dict[Path, ast.Module]) -> Iterator[str]:
    homes: dict[str, list[str]] = defaultdict(list)
    for path, tree in trees.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(str(path))
    for name, found in homes.items():
        if len(found) > 1 and not name.startswith("_"):
            yield f"class {name} means several things: {', '.join(found)}"


def _folders(trees: dict[Path, ast.Module]) -> Iterator[str]:
    sizes = Counter(path.parent.as_posix() for path in trees)
    for folder, size in sizes.items():
        if size > LARGEST_FOLDER and folder not in ANY_SIZE:
            yield f"{folder} has {size} Python files: {LARGEST_FOLDER} at most"


def _private(trees: dict[Path, ast.Module]) -> Iterator[str]:
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.ImportFrom) or not node.module:
                continue
            package, _, module = node.module.rpartition(".")
            if module.startswith("_") and module != "__future__":
                own = ".".join(path.parent.parts)
                if own != package and not own.startswith(f"{package}."):
                    yield f"{path}:{node.lineno}: {node.module} is its package's own"


def _words(trees: dict[Path, ast.Module]) -> Iterator[str]:
    for path, tree in trees.items():
        for node in ast.walk(tree):
            for name in _names(node):
                if not BANNED.isdisjoint(_PARTS.sub(r"_\1", name).lower().split("_")):
                    yield f"{path}:{getattr(node, 'lineno', 0)}: {name}: use the noun of the field"


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
        yield node.name
    elif isinstance(node, ast.arg):
        yield node.arg


if __name__ == "__main__":
    sys.exit(main())
