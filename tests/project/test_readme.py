"""The README's tour works as it stands, and every command is known to the pages for people."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


def tour() -> str:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"## Five minutes\n.*?```sh\n(.*?)```", readme, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.slow("starts savctl for each line of the tour")
def test_the_five_minutes_of_the_readme_run_as_they_stand(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / ".venv").symlink_to(sys.prefix)  # as `make demo` leaves it in a checkout
    programs = str(Path(sys.executable).parent)
    path = ":".join(p for p in environment["PATH"].split(":") if p != programs)

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", tour()],
        env={**environment, "PATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    assert "error" not in done.stderr
    assert "TicketResolved" in done.stdout


def test_the_readme_begins_with_the_two_commands() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")

    assert readme.index("make demo") < readme.index("make test") < readme.index("## Five minutes")
