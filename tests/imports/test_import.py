"""`savctl ticket import` as an operator meets it."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from savctl.domain.imports.mapping import mapped
from savctl.domain.imports.replay_plan import plan
from savctl.usecases.imports.mapping_file import read_mapping
from tests.conftest import Cli

pytestmark = pytest.mark.each_database(
    "rows are stored in bulk, times and texts as the columns hold them"
)

CSV = """\
user_id,subject,description,status,assigned_to
456,Order not received,Where is it?,open,
456,"Two
lines",Ça va ?,resolved,10
456,No agent,Where is it?,in_progress,
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "old-desk.csv"
    path.write_text(CSV)
    return path


def test_bad_rows_are_reported_and_the_rest_is_there(cli: Cli, file: Path) -> None:
    shown = cli("ticket", "import", file)

    assert shown.code == 3
    assert "line 5: status is in_progress, which needs an agent" in shown.err
    assert "1 of 3 rows not imported" in shown.err
    assert len(json.loads(cli("ticket", "list", "-o", "json").out)) == 2


def test_json_holds_counts_and_bad_rows(cli: Cli, file: Path) -> None:
    shown = cli("ticket", "import", file, "-o", "json")

    answer = json.loads(shown.out)
    assert (answer["source"], answer["seen"], answer["imported"], answer["rejected"]) == (
        "old-desk",
        3,
        2,
        1,
    )
    assert [bad["line"] for bad in answer["rejects"]] == [5]
    assert json.loads(shown.err.splitlines()[-1])["error"]["exit"] == 3


def test_a_dry_run_stores_nothing(cli: Cli, file: Path, tmp_path: Path) -> None:
    shown = cli("ticket", "import", file, "--dry-run", "--reject-to", tmp_path / "bad.csv")

    assert shown.code == 3
    assert "imported  2" in shown.out
    assert not (tmp_path / "bad.csv").exists()
    assert json.loads(cli("ticket", "list", "-o", "json").out) == []


def test_bad_rows_can_be_mended_and_imported(cli: Cli, file: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    cli("ticket", "import", file, "--reject-to", bad)
    assert bad.read_text().splitlines() == [CSV.splitlines()[0], CSV.splitlines()[-1]]

    bad.write_text(bad.read_text().replace("in_progress,", "in_progress,10"))
    shown = cli("ticket", "import", bad)

    assert shown.code == 0
    assert len(json.loads(cli("ticket", "list", "-o", "json").out)) == 3


def test_a_file_of_bad_rows_is_never_overwritten(cli: Cli, file: Path) -> None:
    shown = cli("ticket", "import", file, "--reject-to", file)

    assert shown.code == 2
    assert file.read_text() == CSV


def test_a_second_import_is_refused_and_says_what_to_do(cli: Cli, file: Path) -> None:
    cli("ticket", "import", file)

    shown = cli("ticket", "import", file)

    assert shown.code == 5
    assert "--resume" in shown.err
    assert cli("ticket", "import", file, "--resume", "-o", "json").code == 3
    assert len(json.loads(cli("ticket", "list", "-o", "json").out)) == 2


def test_what_list_prints_is_what_import_reads(cli: Cli, file: Path, tmp_path: Path) -> None:
    cli("ticket", "import", file)
    listed = cli("ticket", "list", "--limit", 0, "-o", "jsonl").out
    renamed = listed.replace("TKT-", "TKT-COPY-")

    shown = cli(
        *("ticket", "import", "-", "--format", "jsonl", "--source", "copy", "--keep-times"),
        stdin=renamed,
    )

    assert shown.code == 0, shown.err
    assert len(json.loads(cli("ticket", "list", "-o", "json").out)) == 4


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("nowhere.csv",), 2, "cannot read nowhere.csv"),
        (("-", "--source", "x"), 2, "does not show its format"),
        (("-", "--format", "csv"), 2, "--source NAME"),
        (("x.xls",), 2, "does not show its format"),
        (("x.csv", "--format", "xml"), 2, "not one of csv, jsonl"),
        (("x.csv", "--map", "nowhere.toml"), 2, "cannot read the mapping"),
    ],
)
def test_wrong_words_are_refused(
    cli: Cli, words: tuple[str, ...], code: int, message: str
) -> None:
    shown = cli("ticket", "import", *words)

    assert shown.code == code
    assert message in shown.err


def test_a_mapping_file_is_read(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "desk.toml").write_text(
        'source = "desk"\nnull = ["?"]\ntimes = ["D/M/YYYY HH:MM"]\ndelimiter = ";"\n'
        '[fields]\nexternal_id = "No"\nuser_id = { column = "Who", pattern = \'(\\d+)\' }\n'
        'subject = "What"\ndescription = { template = "{What}, {Where}" }\n'
        'created_at = "When"\n[metadata]\nplace = "Where"\n'
    )
    (tmp_path / "x.csv").write_text(
        "No;Who;What;Where;When;More\n1;Caller 7;Lost;?;3/10/2024 09:05;x\n"
    )

    shown = cli("ticket", "import", "x.csv", "--map", "desk.toml", "--keep-times")

    assert shown.code == 0
    assert "unused columns: More" in shown.err
    (ticket,) = json.loads(cli("ticket", "list", "-o", "json").out)
    assert (ticket["user_id"], ticket["description"]) == (7, "Lost, ")
    assert ticket["created_at"] == "2024-10-03T09:05:00Z"
    assert ticket["metadata"]["imported"]["source"] == "desk"
    assert "place" not in ticket["metadata"]


PROJECT = Path(__file__).resolve().parents[2]


def test_the_page_on_import_shows_mappings_that_are_read() -> None:
    page = (PROJECT / "docs" / "import.md").read_text(encoding="utf-8")

    fields, replay = (
        tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    )
    assert mapped(fields).source == "old-desk"
    assert plan(mapped(replay).replay).renews


@pytest.mark.parametrize("name", ["italian-helpdesk", "servicenow"])
def test_the_examples_are_read(name: str) -> None:
    text = read_mapping(PROJECT / "docs" / "examples" / f"{name}.toml")

    assert text.source == name
    assert plan(text.replay).means
