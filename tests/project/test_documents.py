"""Documents that cannot go stale."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from savctl.config import SETTINGS, Setting
from savctl.errors import ExitCode

PROJECT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_stands_in_the_configuration_page(setting: Setting) -> None:
    page = (PROJECT / "docs" / "configuration.md").read_text(encoding="utf-8")

    assert f"| {setting.name} | {setting.variables[0]} |" in page


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_stands_in_the_runbook(code: ExitCode) -> None:
    page = (PROJECT / "docs" / "runbook.md").read_text(encoding="utf-8")
    first_cells = [line.split("|")[1] for line in page.splitlines() if line.startswith("|")]

    assert any(str(int(code)) in cell.replace(",", " ").split() for cell in first_cells)


def test_every_job_stands_in_the_page_about_jobs() -> None:
    from savctl.scheduling.job import all_jobs

    page = (PROJECT / "docs" / "jobs.md").read_text(encoding="utf-8")

    assert [name for name in all_jobs() if f"| {name} |" not in page] == []


def test_every_page_that_is_spoken_of_is_there() -> None:
    spoken = {
        found
        for path in (*(PROJECT / "savctl").rglob("*.py"), PROJECT / "README.md")
        for found in re.findall(r"docs/[\w/-]+\.(?:md|toml)", path.read_text(encoding="utf-8"))
    }

    assert [page for page in sorted(spoken) if not (PROJECT / page).is_file()] == []
