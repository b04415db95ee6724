"""`savctl ticket import` of files that are not quite CSV, and of texts with `<` in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Cli

pytestmark = pytest.mark.only_on("sqlite")

HEAD = "user_id,subject,description\n"


def imported(cli: Cli, path: Path, text: str, *options: str) -> tuple[int, dict[str, object], str]:
    """Exit code, report and stderr of an import of this CSV."""
    file = path / "desk.csv"
    file.write_text(HEAD + text, newline="")
    shown = cli("ticket", "import", file, "-o", "json", *options)
    return shown.code, json.loads(shown.out), shown.err


def users(cli: Cli) -> list[int]:
    """Whose tickets there are."""
    return sorted(row["user_id"] for row in json.loads(cli("ticket", "list", "-o", "json").out))


def test_lines_of_a_long_cell_become_no_tickets(cli: Cli, tmp_path: Path) -> None:
    thread = "\n".join(f"{7_000 + n},phantom {n},quoted mail" for n in range(6_000))
    mapping = tmp_path / "desk.toml"
    mapping.write_text(
        'source="l"\n[fields]\nuser_id="user_id"\nsubject="subject"\ndescription="short"\n'
    )
    file = tmp_path / "desk.csv"
    file.write_text(f'user_id,subject,short,thread\n456,Long,short,"{thread}"\n457,Good,ok,n\n')

    shown = cli("ticket", "import", file, "--map", mapping, "-o", "json")

    assert (shown.code, users(cli)) == (0, [456, 457])


def test_a_broken_row_is_refused_with_all_its_lines(cli: Cli, tmp_path: Path) -> None:
    text = '456,s,"he said \\"no\\"\n999,Injected,by a customer\nbye"\n457,Good,ok\n'

    code, report, _ = imported(cli, tmp_path, text)

    assert (code, report["seen"], users(cli)) == (3, 2, [457])
    assert report["stopped_at"] is None
    assert "lines 2 to 4" in str(report["rejects"])


def test_behind_a_quote_that_is_never_closed_the_import_stops(cli: Cli, tmp_path: Path) -> None:
    good, open_quote = "455,First,ok\n", '456,s,"never closed\n999,Injected,by a customer\n'
    bad = tmp_path / "bad.csv"

    code, report, err = imported(cli, tmp_path, good + open_quote, "--reject-to", str(bad))

    assert (code, users(cli), report["stopped_at"]) == (3, [455], 3)
    assert "column 3 (description): a quote is opened and never closed" in str(report["rejects"])
    assert json.loads(err.splitlines()[-1])["error"]["line"] == 3
    assert not bad.exists() or bad.read_text() == HEAD  # no half rows for a second try

    code, _, _ = imported(
        cli, tmp_path, good + open_quote.replace("closed\n", 'closed"\n'), "--resume"
    )
    assert (code, users(cli)) == (0, [455, 456, 999])


def test_descriptions_that_were_cleaned_are_counted(cli: Cli, tmp_path: Path) -> None:
    text = (
        '1,a,"./run.sh -U <id> <file>"\n2,b,1 < 2\n3,c,<div>Paid 100</div><div>20 left</div>\n'
        '4,d,"<p>plain</p>"\n5,e,press <Del>\n'
    )

    _, report, _ = imported(cli, tmp_path, text)

    remarks = report["remarks"]
    assert isinstance(remarks, list)
    assert (report["adjusted"], [remark["line"] for remark in remarks]) == (2, [4, 6])
    assert "HTML was cleaned" in remarks[0]["reason"]
    stored = {
        row["user_id"]: row["description"]
        for row in json.loads(cli("ticket", "list", "-o", "json").out)
    }
    assert stored[1] == "./run.sh -U <id> <file>"
    assert stored[3] == "Paid 100<br>\n20 left"
