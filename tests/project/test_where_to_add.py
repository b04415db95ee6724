"""What CONTRIBUTING.md says is all there is to touch: each is added to a copy of the tree."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from savctl.persistence.schema import versions

PROJECT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow("starts savctl from a copy of the tree")

Run = Callable[..., str]
TICKET = ("--user", "456", "--subject", "Parcel", "--description", "Where?")

JOB = '''"""Greet."""

from __future__ import annotations

from dataclasses import dataclass

from savctl.scheduling.job import Context, Job
from savctl.scheduling.job_options import JobOptions, option


@dataclass(frozen=True, slots=True, kw_only=True)
class GreetingOptions(JobOptions):
    """The options of `greeting`."""

    loud: bool = option(False, "Greet aloud.")


def _run(context: Context) -> None:
    context.terms.report.seen += 7 if context.options_as(GreetingOptions).loud else 1


JOB = Job(name="greeting", cron="0 3 * * *", summary="Greet", run=_run, options=GreetingOptions)
'''

COMMAND = '''

@command(group, "greet", examples=["savctl agent greet"])
def greet(call: CommandContext) -> Answer:
    """Greet the agents."""
    return Answer(rows=[{"greeting": call.settings.greeting}], key="greeting")
'''

SETTING = """    greeting: str = setting("hello", str, "what agents are greeted with")
"""

EVENT = '''

@dataclass(frozen=True, slots=True, kw_only=True)
class TicketGreeted(Event):
    """An agent greeted the customer of a ticket."""

    routing_key: ClassVar[str] = "sav.ticket.greeted"

    greeting: str
'''

REVISION = '''"""The channel by which a ticket came."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{last}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("support_tickets", sa.Column("channel", sa.String(100)))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("support_tickets", "channel")
'''

FILE_TYPE = """LOG = FileType(
    mime="text/x-log", extensions=("log",), limit_bytes=2 * MB, family=TEXT_FAMILY
)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what is installed."""
    for part in ("savctl", "jobs", "migrations"):
        shutil.copytree(
            PROJECT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__")
        )
    return tmp_path


@pytest.fixture
def run(tree: Path, environment: dict[str, str]) -> Run:
    """`savctl WORDS…` of the copy."""
    home = {"SAVCTL_HOME": str(tree / "home"), "PYTHONPATH": str(tree)}

    def call(*words: str, **more: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "savctl", *words],
            env={**environment, **home, **more, "PATH": os.environ["PATH"]},
            cwd=tree,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return call


def append(tree: Path, name: str, text: str, *, before: str | None = None) -> None:
    """Add lines to a file of the copy, at its end or before a line."""
    path = tree / name
    old = path.read_text(encoding="utf-8")
    assert before is None or before in old
    new = old + text if before is None else old.replace(before, text + before, 1)
    path.write_text(new, encoding="utf-8")


def test_a_job_with_an_option_is_one_file(tree: Path, run: Run) -> None:
    append_new(tree / "jobs" / "greeting.py", JOB)

    listed = [row["job"] for row in json.loads(run("job", "list", "-o", "json"))]
    report = json.loads(run("job", "run", "greeting", "--loud", "-o", "json"))

    assert "greeting" in listed
    assert report["seen"] == 7
    assert "--loud" in run("job", "run", "--help")
    assert "job run greeting" in run("job", "crontab")


def test_a_command_is_a_function_and_a_setting_a_field(tree: Path, run: Run) -> None:
    append(tree, "savctl/cli/agent.py", COMMAND)
    append(tree, "savctl/config/subjects/job.py", SETTING, before="    protected: bool")

    assert "hello" in run("agent", "greet", "-o", "json")
    assert "bonjour" in run("agent", "greet", SAVCTL_GREETING="bonjour")
    assert "greet" in run("agent", "--help")
    shown = json.loads(run("config", "show", "-o", "json"))
    assert [row["value"] for row in shown if row["setting"] == "greeting"] == ["hello"]


def test_a_column_of_tickets_is_a_field_a_table_line_and_a_revision(tree: Path, run: Run) -> None:
    append(
        tree,
        "savctl/domain/model/ticket.py",
        "    channel: str | None = None\n",
        before="    resolved_at: datetime | None = None\n",
    )
    append(
        tree,
        "savctl/persistence/schema/tables/service.py",
        '    Column("channel", Words),\n',
        before='    Column("resolved_at", UtcDateTime),\n',
    )
    revision = REVISION.format(last=versions.HEAD)
    append_new(tree / "migrations" / "versions" / "r9999_channel.py", revision)

    number = run("ticket", "create", *TICKET, "-o", "ids").strip()
    exported = str(tree / "tickets.csv")
    run("export", "tickets", "--out", exported)

    assert json.loads(run("ticket", "show", number, "-o", "json"))["channel"] is None
    assert ",channel," in Path(exported).read_text().splitlines()[0]
    assert json.loads(run("db", "status", "-o", "json"))["current"] == "9999"


def test_an_event_is_a_class(tree: Path, run: Run) -> None:
    events = "savctl/domain/events/events.py"
    append(tree, events, EVENT, before="\n\nEVENTS: tuple[type[Event], ...] = (")
    append(tree, events, "    TicketGreeted,\n", before="    TicketCreated,\n")

    assert "greeting" in run("event", "schema", "TicketGreeted")


def test_a_file_type_is_a_row(tree: Path, run: Run) -> None:
    types = "savctl/domain/files/file_types.py"
    append(tree, types, FILE_TYPE, before="ZIP = FileType(")
    append(tree, types, "LOG, ", before="TEXT, ZIP)")
    (tree / "a.log").write_text("started\n")

    assert "text/x-log" in run("attachment", "check", "a.log", "-o", "json")


def append_new(path: Path, text: str) -> None:
    """Write a file that is not there."""
    assert not path.exists()
    path.write_text(text, encoding="utf-8")
