"""The commands of docs/recovery.md for a person without savctl lead to a point in time."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from savctl.persistence.engine import Database
from tests.backup.logs.conftest import NAME, here, is_mysql, sql
from tests.backup.support import create
from tests.conftest import Cli
from tests.given import created, rows
from tests.project.page_blocks import PROJECT, blocks
from tests.servers.databases.mysql_family import PrivateServer

PAGE = PROJECT / "docs" / "recovery.md"

pytestmark = [
    pytest.mark.skipif(not shutil.which("zstd"), reason="no zstd on this machine"),
]


def by_hand(log_server: PrivateServer, folder: Path, why: str, **names: str) -> str:
    """What the block of the page for this prints, with these names put in."""
    [block] = [b for b in blocks(PAGE) if b.why == why]
    text = block.text
    for name, value in names.items():
        text = text.replace(name, value)
    text = text.replace("sav_service_db", NAME)
    if is_mysql(log_server):
        text = text.replace("mariadb ", "mysql ")
    options = folder / ".my.cnf"
    options.write_text(
        f"[client]\nhost=127.0.0.1\nport={log_server.port}\nuser=root\nprotocol=tcp\n"
    )
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "TZ": "UTC"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_dump_and_its_logs_lead_to_the_place_before_an_accident(
    live_cli: Cli, live: Database, log_server: PrivateServer, folder: Path
) -> None:
    backup = create(live_cli)
    ticket = created(live, lambda: datetime.now(UTC))
    sql(live, "FLUSH BINARY LOGS", "UPDATE support_tickets SET subject = 'before'")
    end = here(live)
    sql(live, "DELETE FROM support_tickets")
    assert live_cli("job", "run", "binlog-backup", "--quiet").code == 0
    first, _, start = str(backup["position"]).partition(":")
    log_server.drop_database("sav_restored")
    numbers = {"FIRST": first, "LAST": end.log, "3456": start}

    shown = by_hand(
        log_server,
        folder,
        "a dump, its logs, and MySQL's clients"
        if is_mysql(log_server)
        else "a dump, its logs, and the server's clients",
        ID=str(backup["id"]),
        **numbers,
        **{"1234": str(end.offset)},
    )
    assert (f"LOG_FILE='{first}'" in shown, f"LOG_POS={start};" in shown) == (True, True)

    restored = Database(log_server.url("sav_restored"))
    assert rows(restored, "SELECT id, subject FROM support_tickets") == [
        {"id": ticket.id, "subject": "before"}
    ]
    assert rows(live, "SELECT id FROM support_tickets") == []

    by_hand(log_server, folder, "a restored dump", **{"123": str(ticket.id)})

    assert rows(live, "SELECT id, subject FROM support_tickets") == [
        {"id": ticket.id, "subject": "before"}
    ]
    restored.close()
    log_server.drop_database("sav_restored")
