"""Documents that cannot go stale."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from savctl.config import SETTINGS, Setting
from savctl.errors import ExitCode
from tests.project.page_blocks import PAGES

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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_has_short_lines_and_its_links_lead_somewhere(page: Path) -> None:
    content = page.read_text(encoding="utf-8")
    prose = re.sub(r"^<!--.*?-->$|```.*?```", "", content, flags=re.DOTALL | re.MULTILINE)
    long = [line for line in prose.splitlines() if len(line) > 120 and not line.startswith("|")]
    links = re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", prose)

    lost = [
        f"{name}#{anchor}"
        for name, anchor in links
        if not (page.parent / name).exists()
        or (anchor and anchor not in anchors(page.parent / name if name else page))
    ]

    assert long == []
    assert lost == []


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_nothing_that_the_repository_lacks(page: Path) -> None:
    content = page.read_text(encoding="utf-8")

    assert [w for w in ("specification", "shared/", "the spec ", "cli.md") if w in content] == []
