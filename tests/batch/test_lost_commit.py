"""The answer to a COMMIT is lost: done exactly once, or "may have been stored" (rules 20.13)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import pytest

from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.persistence.engine import Database
from savctl.persistence.schema.tables import metadata
from savctl.ports import SetClock
from savctl.usecases.events.relaying import RelayOptions, RelayReport, drain
from savctl.usecases.files.attaching import delete_attachment
from savctl.usecases.operation import Operation
from tests.archive.support import old_tickets, put_files
from tests.batch.through_a_cutter import cut_url, cutter, through
from tests.cli.shop import home_store
from tests.conftest import Cli, Outcome
from tests.events.broker.fake_broker import FakeBroker
from tests.files.making import JPEG
from tests.given import AGENT, CUSTOMER, DAY, NOW, attached, brought_to, created, rows, write
from tests.impatience import impatient
from tests.servers.network.commit_cutter import CommitCutter, Loss
from tests.tickets.talk import say

__all__ = ["cut_url", "cutter", "through"]  # fixtures
pytestmark = pytest.mark.only_on("mariadb", "mysql")

# Whoever works writes them anew when it works again: they hold no change of the service's.
# Rows of the last two are made once and raised afterwards.
NOT_COUNTED = {
    *("savctl_commits", "savctl_leases", "savctl_meta"),
    *("savctl_totals", "savctl_figures"),
}
COUNTS = " UNION ALL ".join(
    f"SELECT '{name}' AS name, COUNT(*) AS n FROM {name}"
    for name in sorted(metadata.tables)
    if name not in NOT_COUNTED
)
Words = tuple[object, ...]


@dataclass(slots=True)
class Desk:
    """What the commands of the cases work on."""

    database: Database
    clock: SetClock
    folder: Path
    runs: int = field(default=0)

    def ticket(self, status: Status = Status.IN_PROGRESS) -> Ticket:
        return brought_to(self.database, self.clock, status)

    def unused_key(self) -> str:
        self.runs += 1
        return f"key-{self.runs}"

    def photo(self) -> Path:
        """A file that no ticket has yet."""
        self.runs += 1
        path = self.folder / "photo.jpg"
        path.write_bytes(JPEG + str(self.runs).encode())
        return path


Prepare = Callable[[Desk], Words]
NEW = ("ticket", "create", "--user", CUSTOMER, "--subject", "s", "--description", "only once")
BY = ("--as", AGENT)


def _message(desk: Desk, *more: object) -> Words:
    number = desk.ticket(Status.WAITING_CUSTOMER).ticket_number
    sender = ("--from", f"customer:{CUSTOMER}")
    return ("message", "add", number, *sender, "--body", "only once", *more)


def _split(desk: Desk) -> Words:
    ticket = desk.ticket()
    message, _ = [say(desk.database, desk.clock, ticket, "And my parcel?") for _ in range(2)]
    return ("ticket", "split", ticket.ticket_number, "--messages", message, *BY)


def _merge(desk: Desk) -> Words:
    source, target = desk.ticket(), desk.ticket()
    say(desk.database, desk.clock, source, "Any news?")
    return ("ticket", "merge", source.ticket_number, "--into", target.ticket_number, "--yes", *BY)


def _import(desk: Desk) -> Words:
    desk.runs += 1
    path = desk.folder / f"old-{desk.runs}.jsonl"
    row = {"user_id": CUSTOMER, "subject": "Lost", "description": "Where is it?"}
    lines = [json.dumps({"external_id": f"OLD-{n}", **row}) for n in range(5)]
    path.write_text("\n".join(lines))
    return ("ticket", "import", path)


def _closings(status: Status, job: str) -> Prepare:
    def prepare(desk: Desk) -> Words:
        for _ in range(5):
            desk.ticket(status)
        return ("job", "run", job, "--yes")

    return prepare


def _late(desk: Desk) -> Words:
    for _ in range(5):
        created(desk.database, desk.clock)
    return ("job", "run", "sla-escalation")


def _archive(desk: Desk) -> Words:
    desk.runs += 10
    old_tickets(desk.database, 3, first=desk.runs, attachments_each=1)
    with closing(home_store(desk.folder)) as store:
        put_files(desk.database, store)
    return ("archive", "run", "--yes")


def _cache(desk: Desk) -> Words:
    for number in range(5):
        row = f"('k{number}', 'x', 1)"
        write(desk.database, f"INSERT INTO cache (`key`, value, expiration) VALUES {row}")
    return ("job", "run", "cache-cleanup")


def _purge(desk: Desk) -> Words:
    for _ in range(3):
        ticket, content = desk.ticket(), desk.photo().read_bytes()
        with closing(home_store(desk.folder)) as store:
            named = ("a.jpg", content)
            (file,) = attached(desk.database, store, ticket.id, named, clock=desk.clock)
        delete_attachment(Operation(desk.database, desk.clock, actor=AGENT), file.id)
    return ("job", "run", "attachment-purge")


def _retention(desk: Desk) -> Words:
    desk.runs += 10
    old_tickets(desk.database, 3, first=desk.runs, closed_at=NOW - 3_000 * DAY, attachments_each=1)
    return ("job", "run", "retention", "--yes")


def _delete(desk: Desk) -> Words:
    with closing(home_store(desk.folder)) as store:
        named = ("a.jpg", desk.photo().read_bytes())
        (file,) = attached(desk.database, store, desk.ticket().id, named)
    return ("attachment", "delete", file.id)


def _skip(desk: Desk) -> Words:
    ticket = desk.ticket()
    (event,) = rows(
        desk.database, f"SELECT MAX(id) AS id FROM savctl_outbox WHERE ticket_id = {ticket.id}"
    )
    return ("event", "skip", event["id"], "--yes")


CASES: dict[str, Prepare] = {
    "create": lambda _: NEW,
    "create with a file": lambda desk: (*NEW, "--attach", desk.photo()),
    "message": _message,
    "message with a file": lambda desk: _message(desk, "--attach", desk.photo()),
    "message with a key": lambda desk: _message(desk, "--idempotency-key", desk.unused_key()),
    "attach": lambda desk: ("attachment", "add", desk.ticket().ticket_number, desk.photo()),
    "assign": lambda desk: (
        "ticket",
        "assign",
        desk.ticket(Status.OPEN).ticket_number,
        "--to",
        AGENT,
    ),
    "resolve": lambda d: (
        "ticket",
        "resolve",
        d.ticket().ticket_number,
        "--message",
        "Done.",
        *BY,
    ),
    "edit": lambda desk: ("ticket", "edit", desk.ticket().ticket_number, "--tag", "parcel"),
    "hold": lambda d: ("gdpr", "hold", "add", d.ticket().ticket_number, "--reason", "court"),
    "delete a file": _delete,
    "skip an event": _skip,
    "split": _split,
    "merge": _merge,
    "import": _import,
    "auto-close": _closings(Status.WAITING_CUSTOMER, "auto-close"),
    "close-resolved": _closings(Status.RESOLVED, "close-resolved"),
    "sla-escalation": _late,
    "cache-cleanup": _cache,
    "attachment-purge": _purge,
    "archive": _archive,
    "retention": _retention,
}


@pytest.fixture
def desk(database: Database, clock: SetClock, tmp_path: Path) -> Desk:
    return Desk(database, clock, tmp_path)


def counts(database: Database) -> dict[str, int]:
    return {row["name"]: row["n"] for row in rows(database, COUNTS)}


def added(database: Database, before: dict[str, int]) -> dict[str, int]:
    """By how many rows each table grew."""
    return {name: n - before[name] for name, n in counts(database).items() if n != before[name]}


def done(cli: Cli, desk: Desk, prepare: Prepare) -> dict[str, int]:
    """Do what the case does; answers what it added."""
    words = prepare(desk)
    before = counts(desk.database)
    outcome = cli(*words, "-o", "json")
    assert outcome.code == 0, outcome.err
    json.loads(outcome.out)
    return added(desk.database, before)


@pytest.mark.slow("does it again for each of its commits")
@pytest.mark.parametrize("case", CASES)
def test_whichever_commit_loses_its_answer_all_is_done_exactly_once(
    through: Cli, cutter: CommitCutter, desk: Desk, case: str
) -> None:
    cutter.cut_at(0)
    expected = done(through, desk, CASES[case])

    number = 0
    while number == 0 or cutter.was_cut:
        number += 1
        cutter.cut_at(number)
        assert done(through, desk, CASES[case]) == expected, f"commit {number}"

    assert number > 1
    check = through("db", "check", "-o", "json")
    assert check.code == 0, check.out


def test_events_are_marked_as_sent_whichever_commit_loses_its_answer(
    cutter: CommitCutter, cut_url: str, desk: Desk
) -> None:
    broker, away = FakeBroker(), Database(cut_url)
    broker.declare()
    for number in range(1, 4):
        expected = len(broker.arrived) + 2
        for _ in range(2):
            created(desk.database, desk.clock)
        cutter.cut_at(number)

        drain(away, broker, desk.clock, terms=RelayOptions(), report=RelayReport())

        assert len(broker.arrived) == expected
        assert rows(desk.database, "SELECT id FROM savctl_outbox WHERE published_at IS NULL") == []
    away.close()


@pytest.mark.parametrize("loss", [Loss.COMMAND, Loss.OPEN, Loss.LATE, Loss.ERROR])
@pytest.mark.parametrize("case", ["create", "message", "close-resolved"])
def test_a_commit_that_is_not_heard_or_late_or_answered_with_an_error_is_done_once_too(
    through: Cli, cutter: CommitCutter, desk: Desk, case: str, loss: Loss
) -> None:
    cutter.cut_at(0)
    expected = done(through, desk, CASES[case])
    cutter.cut_at(1, loss)
    with going_on_when_looked_up(cutter):
        assert done(through, desk, CASES[case]) == expected

    assert cutter.was_cut


@contextmanager
def going_on_when_looked_up(cutter: CommitCutter) -> Iterator[None]:
    """The server hears the rest once somebody waits for what became of the commit."""

    def go_on() -> None:
        cutter.is_looked_up.wait(10)
        cutter.go_on()

    thread = Thread(target=go_on)
    thread.start()
    yield
    thread.join()


@pytest.mark.parametrize(
    ("loss", "is_stored"), [(Loss.ANSWER, True), (Loss.COMMAND, False), (Loss.OPEN, False)]
)
@pytest.mark.parametrize("case", ["create", "message", "import", "close-resolved"])
def test_what_cannot_be_looked_up_may_have_been_stored_and_a_command_tells(
    through: Cli,
    cutter: CommitCutter,
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    case: str,
    loss: Loss,
    is_stored: bool,
) -> None:
    impatient(monkeypatch)
    words = CASES[case](desk)
    before = counts(desk.database)
    cutter.cut_at(1, loss, then_refuses=True)

    outcome = through(*words, "-o", "json")

    assert (outcome.code, outcome.out) == (8, "")
    (line,) = outcome.err.splitlines()
    error = json.loads(line)["error"]
    assert error["code"] == "may_be_stored"
    assert "may have been stored" in error["message"]
    assert "nothing" not in error["message"]
    cutter.go_on()
    cutter.refuse(False)
    assert f"savctl db committed {error['commit_token']}" in error["hint"]
    assert bool(added(desk.database, before)) is is_stored
    for values in fate(through, error["commit_token"]):
        assert values.code == (0 if is_stored else 4)


def fate(cli: Cli, token: str) -> list[Outcome]:
    """What the command tells, first in a dry run, then twice."""
    words = ("db", "committed", token, "-o", "json")
    return [cli(*words, "--dry-run"), cli(*words), cli(*words)]


@pytest.mark.slow("waits for a server that stays away")
def test_a_job_that_may_have_stored_its_batch_is_interrupted_and_goes_on(
    through: Cli, cutter: CommitCutter, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch)
    words = CASES["close-resolved"](desk)
    cutter.cut_at(2, then_refuses=True)
    assert through(*words).code == 8
    cutter.cut_at(0)
    assert through("job", "unlock", "close-resolved", "--yes").code == 0

    assert through(*words).code == 0

    is_closing = "JSON_VALUE(envelope, '$.data.new_status') = 'closed'"
    closings = f"SELECT id FROM savctl_outbox WHERE {is_closing}"
    assert rows(desk.database, "SELECT id FROM support_tickets WHERE status <> 'closed'") == []
    assert len(rows(desk.database, closings)) == 5
    assert through("db", "check").code == 0


@pytest.mark.slow("waits for a lock")
def test_a_token_of_an_open_transaction_waits_and_then_says_so(
    through: Cli, cutter: CommitCutter, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch)
    cutter.cut_at(1, Loss.OPEN, then_refuses=True)
    error = json.loads(through(*NEW, "-o", "json").err)["error"]
    cutter.refuse(False)

    still_open = through("db", "committed", error["commit_token"])

    assert still_open.code == 8
    assert "may have been stored" in still_open.err
    cutter.go_on()
    assert through("db", "committed", error["commit_token"]).code == 4
    assert rows(desk.database, "SELECT id FROM support_tickets") == []


@pytest.mark.parametrize(("word", "problem"), [("abc", "not a commit token"), ("0" * 32, "older")])
def test_a_word_that_is_no_token_is_refused(through: Cli, word: str, problem: str) -> None:
    outcome = through("db", "committed", word)

    assert outcome.code == 2
    assert problem in outcome.err


def test_old_tokens_are_removed_with_the_expired_cache(
    through: Cli, database: Database, desk: Desk
) -> None:
    old, kept = "0001" + "a" * 28, "ffff" + "a" * 28
    for token in (old, kept):
        write(database, f"INSERT INTO savctl_commits VALUES ('{token}', 1, '2026-01-01')")

    outcome = through("job", "run", "cache-cleanup", "-o", "json")

    assert json.loads(outcome.out)["changed"] == 1
    tokens = {row["token"] for row in rows(database, "SELECT token FROM savctl_commits")}
    assert kept in tokens
    assert old not in tokens


def test_what_changes_nothing_leaves_no_token(
    through: Cli, database: Database, desk: Desk
) -> None:
    number = desk.ticket(Status.RESOLVED).ticket_number
    before = rows(database, "SELECT token FROM savctl_commits ORDER BY token")

    assert through("ticket", "resolve", number).code == 0
    assert through("ticket", "reopen", number, "--dry-run").code == 0
    assert through("ticket", "list").code == 0

    assert rows(database, "SELECT token FROM savctl_commits ORDER BY token") == before
