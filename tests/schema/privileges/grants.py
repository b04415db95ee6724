"""The SQL of deploy/sql/grants.sql, and the command line as the users that it makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from savctl.persistence.engine import Database

FILE = Path(__file__).resolve().parents[3] / "deploy/sql/grants.sql"
NAME, PASSWORD = "sav_service_db", "pa55word-of-nobody"
DAILY, DEPLOY = "savctl", "savctl_deploy"
AWAY = (
    f"DROP DATABASE IF EXISTS {NAME}",
    *(f"DROP USER IF EXISTS '{user}'@'%'" for user in (DAILY, DEPLOY)),
)


def statements() -> list[str]:
    """Each statement of the file, with a password in place of the dots."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    code = "\n".join(line for line in lines if not line.startswith("--"))
    return [one.strip().replace("…", PASSWORD) for one in code.split(";") if one.strip()]


def use(monkeypatch: pytest.MonkeyPatch, server: Database, user: str) -> None:
    """Have the command line log in as this user."""
    address = f"mysql://{user}:{PASSWORD}@{server.url.host}:{server.url.port}/{NAME}"
    monkeypatch.setenv("SAVCTL_DATABASE_URL", address)
