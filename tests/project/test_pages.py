"""Every block of every page runs as it stands, in a home where nothing was before."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from typer._click.exceptions import BadParameter, MissingParameter, NoSuchOption

from savctl.errors import InvalidInput
from savctl.persistence.engine import Database
from tests.cli.shop import COMMANDS
from tests.conftest import Servers
from tests.crash.forked_program import program_in
from tests.project.page_blocks import PAGES, PROJECT, Block, blocks, commands
from tests.schema.privileges.grants import NAME, PASSWORD, statements
from tests.schema.support import load_laravel, run_sql

LANGUAGES = {
    *("sh", "console", "toml", "ini", "sql", "json", "mermaid", "text", "crontab", "env", "php")
}
BLOCKS = [block for page in PAGES for block in blocks(page)]
RUN = [b for b in BLOCKS if b.language == "sh"]
ON_SQLITE = sorted({b.page for b in RUN if b.mark is None})


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_runs_or_gives_the_reason_why_not(block: Block) -> None:
    assert block.language in LANGUAGES
    if block.language == "console":
        assert block.mark == "not run"
        assert len(block.why) > 7
    if block.language == "sh":
        assert block.mark != "not run"


@pytest.mark.parametrize("block", [b for b in BLOCKS if any(commands(b))], ids=str)
def test_every_savctl_command_of_a_block_is_understood(block: Block) -> None:
    for words in commands(block):
        if words and {"--help", "-h", "--version"}.isdisjoint(words):
            name = next(n for n in (" ".join(words[:k]) for k in (3, 2, 1)) if n in COMMANDS)
            try:
                COMMANDS[name].make_context(name, words[len(name.split()) :]).close()
            except (NoSuchOption, MissingParameter) as problem:
                pytest.fail(f"{words}: {problem.message}")
            except (BadParameter, InvalidInput):
                assert any(word.isupper() for word in words), words  # TKT, ID: a value to fill in


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_sentence_names_exists(page: Path) -> None:
    outside = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    names = {*COMMANDS, *(name.rpartition(" ")[0] for name in COMMANDS), "help"}

    unknown = [
        words
        for words in re.findall(r"`savctl ([a-z][a-z -]*?)(?=[^a-z -]|$)", outside)
        if not any(words.strip() == n or f"{words} ".startswith(f"{n} ") for n in names if n)
    ]

    assert unknown == []


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.mark == "file"], ids=str)
def test_a_block_that_shows_a_file_is_that_file(block: Block) -> None:
    assert block.text == (PROJECT / block.why).read_text(encoding="utf-8")


def in_a_clean_home(
    script: str, environment: dict[str, str], folder: Path, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a page's blocks as one shell would, with savctl installed and nothing configured."""
    programs = folder / "bin"
    programs.mkdir()
    work = folder / "work"
    work.mkdir()
    (work / "docs").symlink_to(PROJECT / "docs")
    system = ":".join(p for p in ("/usr/local/bin", "/usr/bin", "/bin"))
    with program_in(programs):
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            env={
                **environment,
                "PATH": f"{programs}:{system}",
                "SAVCTL_HOME": f"{folder}/home",
                **more,
            },
            cwd=work,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


@pytest.mark.slow("starts savctl for each line of the page")
@pytest.mark.parametrize(
    "page", [p for p in ON_SQLITE if p.name != "README.md"], ids=lambda page: page.name
)
def test_the_blocks_of_a_page_run_in_order(
    page: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    script = "\n".join(b.text for b in RUN if b.page == page and b.mark is None)

    done = in_a_clean_home(script, environment, tmp_path)

    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


@pytest.mark.slow("starts savctl for each line of the page")
@pytest.mark.only_on("mariadb", "mysql")
def test_the_page_on_installing_runs_on_the_service_s_own_database(
    database: Database, environment: dict[str, str], servers: Servers, tmp_path: Path
) -> None:
    clean = [f"DROP DATABASE IF EXISTS {NAME}"]
    clean += [f"DROP USER IF EXISTS '{user}'@'%'" for user in ("savctl", "savctl_deploy")]
    run_sql(database, *clean, *statements())
    named = Database(database.url.set(database=NAME).render_as_string(hide_password=False))
    load_laravel(named)
    named.close()
    host = f"{database.url.host}:{database.url.port}"
    script = "\n".join(b.text for b in RUN if (b.mark, b.why) == ("run", "mariadb"))
    script = script.replace("PASSWORD@sav-db:3306", f"{PASSWORD}@{host}")

    done = in_a_clean_home(
        script,
        environment,
        tmp_path,
        SAVCTL_DATABASE_URL=f"mysql://savctl:{PASSWORD}@{host}/{NAME}",
    )
    run_sql(database, *clean)

    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
