"""`savctl gdpr erase, verify, log, requests, certificate` and the job `erasure`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from savctl.adapters.directory.store import DirectoryStore
from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.persistence.jobs import leases
from savctl.persistence.unit_of_work import in_transaction
from savctl.ports import ObjectStore, SetClock
from savctl.usecases.archive.cold_storage import DEFAULT_PREFIX, ColdStorage
from tests.archive.support import archive, old_tickets
from tests.conftest import Cli, Outcome
from tests.given import BOSS, CUSTOMER, brought_to, created, rows, snapshot, write
from tests.privacy.people import OTHER, a_past

pytestmark = [
    pytest.mark.each_database("a person is found by SQL"),
    pytest.mark.slow("each searches all places of a person several times"),
]


@pytest.fixture
def ada(database: Database, clock: SetClock, home_store: ObjectStore) -> list[int]:
    """A customer with a past, one of whose tickets is under legal hold."""
    return a_past(database, clock, home_store)


def erased(cli: Cli, *more: object, user: int = CUSTOMER) -> Outcome:
    return cli("gdpr", "erase", user, "--confirm", user, "-o", "json", *more)


def released(cli: Cli) -> None:
    (held,) = json.loads(cli("gdpr", "hold", "list", "-o", "json").out)
    assert cli("gdpr", "hold", "release", held["id"], "--reason", "over").code == 0


def test_a_hold_stops_it_unless_the_rest_is_to_go_and_then_the_job_finishes_it(
    cli: Cli, database: Database, ada: list[int]
) -> None:
    held = f"SELECT * FROM support_tickets WHERE id = {ada[1]}"
    before = rows(database, held)
    everything = snapshot(database)

    assert cli("gdpr", "erase", CUSTOMER, "--dry-run").code == 5
    refused = erased(cli)
    assert refused.code == 5
    assert json.loads(refused.err)["error"]["tickets"] == [before[0]["ticket_number"]]
    assert rows(database, held) == before
    assert {k: v for k, v in snapshot(database).items() if k not in _RUNS} == {
        k: v for k, v in everything.items() if k not in _RUNS
    }

    partly = erased(cli, "--except-held")
    assert partly.code == 3
    first = json.loads(partly.out)
    assert (first["partial"], len(first["holds"])) == (True, 1)
    assert rows(database, held) == before
    assert rows(database, "SELECT id FROM support_tickets WHERE user_id = 456") == [{"id": ada[1]}]
    again = erased(cli, "--except-held")
    assert json.loads(again.out) == {**first, "changed": False}
    assert json.loads(cli("job", "run", "erasure", "-o", "json").out)["changed"] == 0
    (line,) = [
        one for one in json.loads(cli("doctor", "-o", "json").out) if one["check"] == "erasures"
    ]
    assert line["found"] == "0 requests open, 1 rest kept by legal holds"

    released(cli)
    report = json.loads(cli("job", "run", "erasure", "-o", "json").out)
    assert report["changed"] == 1
    shown = json.loads(cli("gdpr", "log", "show", first["id"], "-o", "json").out)
    assert (shown["id"], shown["partial"]) == (first["id"], False)
    assert cli("gdpr", "verify", CUSTOMER).code == 0
    assert rows(database, "SELECT user_id FROM savctl_erasures") == [{"user_id": None}]


_RUNS = {"savctl_runs", "savctl_leases", "savctl_commits", "savctl_meta"}


def test_it_is_confirmed_by_the_user_id_alone(
    cli: Cli, database: Database, ada: list[int]
) -> None:
    released(cli)
    before = snapshot(database)

    for words in ((), ("--yes",), ("--confirm", OTHER), ("--confirm", "yes")):
        assert cli("gdpr", "erase", CUSTOMER, *words).code == 6
    assert snapshot(database) == before

    assert cli("gdpr", "erase", "ada@example.org", "--confirm", CUSTOMER).code == 0


def test_a_dry_run_counts_by_place_and_changes_nothing(
    cli: Cli, database: Database, ada: list[int]
) -> None:
    released(cli)
    before = snapshot(database)

    planned = json.loads(cli("gdpr", "erase", CUSTOMER, "--dry-run", "-o", "json").out)

    counts = {row["place"]: row["found"] for row in planned["places"]}
    assert (counts["tickets"], counts["messages"], counts["messages_elsewhere"]) == (4, 5, 1)
    assert counts["objects"] == 4
    assert snapshot(database) == before


def test_a_stranger_is_not_found_and_an_erased_person_is_erased_already(
    cli: Cli, ada: list[int]
) -> None:
    released(cli)
    assert erased(cli, user=999).code == 4

    first = json.loads(erased(cli).out)
    second = erased(cli)

    assert second.code == 0
    assert json.loads(second.out) == {**first, "changed": False}


def test_an_agent_with_open_tickets_is_refused(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = brought_to(database, clock, Status.IN_PROGRESS, user_id=OTHER)

    refused = erased(cli, user=int(str(ticket.assigned_to)))

    assert refused.code == 5
    assert ticket.ticket_number in refused.err


def test_two_at_once_are_one_too_many(cli: Cli, database: Database, ada: list[int]) -> None:
    released(cli)
    lease = database.transaction(
        lambda c: leases.acquire(c, "erasure", owner="elsewhere:1", seconds=60)
    )

    assert erased(cli).code == 9
    database.transaction(lambda c: leases.release(c, lease))
    assert erased(cli).code == 0


def test_the_certificate_names_nobody_and_notices_an_altered_byte(
    cli: Cli, ada: list[int], tmp_path: Path
) -> None:
    released(cli)
    file = tmp_path / "erased.json"
    assert erased(cli, "--reason", "request of 3 October", "--certificate", file).code == 0
    text = file.read_text()
    certificate = json.loads(text)

    for name in ("456", "Ada", "ada@", "Byron"):
        assert name not in text.replace(certificate["sha256"], "").replace(
            certificate["person"], ""
        ).replace(certificate["id"], "")
    checked = json.loads(cli("gdpr", "certificate", "check", file, "-o", "json").out)
    assert (checked["intact"], checked["made_here"]) == (True, True)
    assert cli("gdpr", "certificate", "check", file).code == 0
    assert erased(cli, "--certificate", file).code == 6

    altered = tmp_path / "altered.json"
    altered.write_text(text.replace("3 October", "4 October"))
    found = cli("gdpr", "certificate", "check", altered, "-o", "json")
    assert found.code == 10
    assert json.loads(found.out)["intact"] is False
    twice = text.replace("{", '{"reason": "forged",', 1)
    altered.write_text(twice)
    assert json.loads(twice) == certificate
    assert cli("gdpr", "certificate", "check", altered).code == 10
    forged: dict[str, Any] = {**certificate, "reason": "forged"}
    from savctl.domain.privacy.certificate import sealed

    forged.pop("sha256")
    altered.write_text(json.dumps(sealed(forged)))
    assert cli("gdpr", "certificate", "check", altered).code == 10


def test_the_certificate_is_a_page_as_well(cli: Cli, ada: list[int], tmp_path: Path) -> None:
    released(cli)
    done = json.loads(erased(cli).out)
    page = tmp_path / "certificate.html"

    assert cli("gdpr", "log", "show", done["id"], "--html", page).code == 0

    text = page.read_text()
    assert "Certificate of erasure" in text
    assert done["sha256"] in text
    assert "ada@" not in text


def test_a_reason_that_names_the_person_is_refused(cli: Cli, ada: list[int]) -> None:
    released(cli)
    for reason in ("Ada asked", "mail from ADA@example.org", "user 456"):
        assert erased(cli, "--reason", reason).code == 2


def test_a_request_is_due_in_a_month_and_the_job_carries_out_what_was_confirmed(
    cli: Cli, database: Database, ada: list[int]
) -> None:
    released(cli)
    made = json.loads(cli("gdpr", "requests", "add", CUSTOMER, "-o", "json").out)
    again = json.loads(cli("gdpr", "requests", "add", CUSTOMER, "-o", "json").out)
    assert (made["changed"], again["changed"]) == (True, False)
    due, asked = (datetime.fromisoformat(made[name]) for name in ("due_at", "requested_at"))
    assert timedelta(days=28) <= due - asked <= timedelta(days=31)
    assert json.loads(cli("job", "run", "erasure", "-o", "json").out)["seen"] == 0

    assert cli("gdpr", "requests", "confirm", CUSTOMER).code == 0
    assert json.loads(cli("job", "run", "erasure", "-o", "json").out)["changed"] == 1

    assert cli("gdpr", "verify", CUSTOMER).code == 0
    (done,) = json.loads(cli("gdpr", "log", "--kind", "erasure", "-o", "json").out)
    assert done["id"] == made["id"]
    shown = json.loads(cli("gdpr", "log", "show", made["id"], "-o", "json").out)
    assert shown["requested_at"] == made["requested_at"]
    report = rows(database, "SELECT report FROM savctl_runs WHERE changed > 0")[-1]["report"]
    assert "456" not in report.replace(shown["person"], "").replace(shown["id"], "")


def test_a_late_request_is_a_finding_and_a_cancelled_one_cannot_be_confirmed(
    cli: Cli, database: Database, ada: list[int]
) -> None:
    cli("gdpr", "requests", "add", CUSTOMER)
    assert cli("gdpr", "requests", "list").code == 0
    late = datetime.now(UTC) - timedelta(days=1)
    write(database, f"UPDATE savctl_erasures SET due_at = '{late:%Y-%m-%d %H:%M:%S}.000000'")

    found = cli("gdpr", "requests", "list", "-o", "json")
    assert found.code == 10
    assert json.loads(found.out)[0]["late"] is True
    (line,) = [
        one for one in json.loads(cli("doctor", "-o", "json").out) if one["check"] == "erasures"
    ]
    assert line["level"] == "error"

    assert cli("gdpr", "requests", "cancel", CUSTOMER).code == 0
    assert cli("gdpr", "requests", "confirm", CUSTOMER).code == 5
    assert cli("gdpr", "requests", "confirm", OTHER).code == 4
    assert rows(database, "SELECT user_id FROM savctl_erasures") == [{"user_id": None}]


def test_who_was_erased_is_not_brought_back_until_they_are_forgiven(
    cli: Cli, database: Database, ada: list[int], tmp_path: Path
) -> None:
    released(cli)
    assert erased(cli).code == 0
    file = tmp_path / "old.csv"
    file.write_text(
        "external_id,user_id,subject,description\n"
        f"A-1,{CUSTOMER},old,words of Ada\nA-2,{OTHER},old,words of Eve\n"
    )

    first = cli("ticket", "import", file, "--format", "csv", "-o", "json")
    assert first.code == 3
    assert json.loads(first.out)["imported"] == 1
    assert rows(database, "SELECT id FROM support_tickets WHERE user_id = 456") == []

    assert json.loads(cli("gdpr", "requests", "forgive", CUSTOMER, "-o", "json").out)["changed"]
    assert cli("ticket", "import", file, "--format", "csv", "--resume").code == 0
    assert len(rows(database, "SELECT id FROM support_tickets WHERE user_id = 456")) == 1
    assert erased(cli).code == 0
    assert rows(database, "SELECT id FROM support_tickets WHERE user_id = 456") == []


def test_the_archive_brings_no_erased_person_back(
    cli: Cli, database: Database, clock: SetClock, home_store: ObjectStore
) -> None:
    """A suppression made elsewhere, such as before a backup was restored."""
    old_tickets(database, 1)
    archive(database, clock, ColdStorage(home_store, DEFAULT_PREFIX))
    (row,) = rows(database, "SELECT ticket_number, user_id FROM savctl_archived_tickets")
    number, user = row["ticket_number"], row["user_id"]
    from savctl.persistence.privacy.erasure.keys import made_keys
    from savctl.persistence.privacy.erasure.suppressions import suppress

    def work(connection: Any) -> None:
        keys = made_keys(connection, None)
        person = keys.pseudonym(user)
        suppress(connection, person, key_id=keys.current, erasure_id="er-x", at=clock())

    database.transaction(work)

    refused = cli("archive", "restore", number, "--confirm", number, "-o", "json")

    assert refused.code == 5
    assert json.loads(refused.err)["error"]["code"] == "person_erased"
    assert cli("gdpr", "requests", "forgive", user).code == 0
    assert cli("archive", "restore", number, "--confirm", number).code == 0


def test_a_ticket_that_is_opened_meanwhile_is_found_and_goes_too(
    cli: Cli, database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    created(database, clock)
    from savctl.usecases.erasure.places import all_places

    users = next(place for place in all_places() if place.name == "users")
    erase, opened = users.erase, list[int]()

    def late(work: Any) -> None:
        if not opened:
            opened.append(created(database, clock).id)
        erase(work)

    monkeypatch.setattr(users, "erase", late)

    done = json.loads(erased(cli).out)

    assert opened
    assert done["verification"] == {"rounds": 2, "places": len(all_places()), "found": 0}
    assert rows(database, "SELECT id FROM support_tickets WHERE user_id = 456") == []


def test_a_bucket_that_is_away_leaves_no_certificate_and_the_same_command_goes_on(
    cli: Cli, database: Database, ada: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    from savctl.ports.objects import StoreUnavailable

    released(cli)

    def away(*_: object) -> None:
        raise StoreUnavailable("the bucket is away")

    with monkeypatch.context() as patched:
        patched.setattr(DirectoryStore, "purge", away)
        assert erased(cli).code == 8
    (begun,) = rows(database, "SELECT id, state, certificate FROM savctl_erasures")
    assert (begun["state"], begun["certificate"]) == ("running", None)

    done = json.loads(erased(cli).out)

    assert done["id"] == begun["id"]
    assert cli("gdpr", "verify", CUSTOMER).code == 0


def test_the_key_of_pseudonyms_may_be_configured_and_changed(
    cli: Cli, ada: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import hashlib
    import hmac

    released(cli)
    key = tmp_path / "erasure.key"
    key.write_text("old first-secret\n")
    monkeypatch.setenv("SAVCTL_ERASURE_KEY_FILE", str(key))
    done = json.loads(erased(cli).out)
    expected = hmac.new(b"first-secret", str(CUSTOMER).encode(), hashlib.sha256).hexdigest()
    assert done["person"] == expected

    key.write_text("old first-secret\nnew second-secret\n")
    again = json.loads(erased(cli).out)

    assert (again["changed"], again["id"]) == (False, done["id"])
    assert json.loads(cli("gdpr", "requests", "forgive", CUSTOMER, "-o", "json").out)["changed"]


def test_the_check_of_the_database_finds_nothing_wrong_afterwards(
    cli: Cli, database: Database, ada: list[int]
) -> None:
    released(cli)

    def wrong() -> set[str]:
        found = json.loads(cli("db", "check", "-o", "json").out)
        return {row["check"] for row in found if row["severity"] != "info"}

    before = wrong()

    assert erased(cli, "--mode", "anonymise").code == 0

    assert wrong() <= before
    entry = f"SELECT metadata FROM support_tickets WHERE id = {ada[1]}"
    left = rows(database, entry)
    cli("db", "check", "--fix")
    assert rows(database, entry) == left
    assert rows(database, "SELECT id FROM support_tickets WHERE user_id = 0") == [{"id": ada[1]}]


def test_reasons_go_out_of_reports_of_jobs_and_of_the_audit_and_nothing_else(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    hers, eves = created(database, clock), created(database, clock, user_id=OTHER)
    for ticket in (hers, eves):
        cli("ticket", "close", ticket.id, "--reason", f"because of {ticket.id}")
    items = [
        {"id": t.id, "ticket_number": t.ticket_number, "outcome": "skipped", "reason": "why é"}
        for t in (hers, eves)
    ]
    report = json.dumps({"job": "archive", "items": items}, ensure_ascii=False)
    values = f"'archive', 'hand', 'ok', 'host', 1, '2025-10-03 10:30:00.000000', '{report}'"
    write(
        database,
        "INSERT INTO savctl_runs (job, started_by, status, host, token, started_at, report) "
        f"VALUES ({values})",
    )

    assert erased(cli).code == 0

    (kept,) = rows(database, "SELECT report FROM savctl_runs WHERE job = 'archive'")
    items[0]["reason"] = "[erased]"
    assert kept["report"] == json.dumps({"job": "archive", "items": items}, ensure_ascii=False)
    entries = rows(database, "SELECT ticket_id, entry FROM savctl_audit WHERE action = 'status'")
    assert {e["ticket_id"]: json.loads(e["entry"])["reason"] for e in entries} == {
        hers.id: "[erased]",
        eves.id: f"because of {eves.id}",
    }


def test_a_user_who_was_deleted_elsewhere_is_requested_and_left_in_no_table_of_sync(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    from savctl.ports import QueueMessage
    from savctl.usecases.erasure.sync_hook import StoredErasures
    from savctl.usecases.sync.intake import IntakeOptions, read_all, take_in

    created(database, clock)
    data = {"user_id": CUSTOMER}
    gone = {"event": "UserDeleted", "timestamp": "2025-10-03T10:30:00Z", "data": data}
    broken = {"event": "UserUpdated", "timestamp": "x", "data": {**data, "email": "ada@x.org"}}
    options = IntakeOptions(erasure=StoredErasures())

    def bring(*bodies: object) -> Any:
        messages = [
            QueueMessage(queue="q", body=json.dumps(body).encode(), message_id=None, tag=n)
            for n, body in enumerate(bodies)
        ]
        return in_transaction(
            database,
            lambda uow: take_in(uow, read_all(messages, options), options, now=clock()),
        )

    bring(gone, broken)
    (asked,) = rows(database, "SELECT user_id, source FROM savctl_erasures")
    assert asked == {"user_id": CUSTOMER, "source": "UserDeleted"}

    assert erased(cli).code == 0

    assert rows(database, "SELECT id FROM savctl_dead_messages") == []
    (state,) = rows(database, "SELECT subject FROM savctl_sync_state")
    (done,) = rows(database, "SELECT person FROM savctl_erasures")
    assert state["subject"] == done["person"]
    news = {"email": "ada@example.org", "firstname": "Ada", "lastname": "Byron"}
    later = {"event": "UserUpdated", "timestamp": "2026-12-03T10:30:00Z", "data": {**data, **news}}
    assert bring(later).suppressed == 1
    assert rows(database, "SELECT id FROM users") == []


def test_events_that_were_not_sent_are_given_up_as_erased(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    sent, waiting = created(database, clock), created(database, clock)
    write(
        database,
        "UPDATE savctl_outbox SET published_at = '2025-10-03 10:30:00' "
        f"WHERE ticket_id = {sent.id}",
    )

    assert erased(cli, "--reason", "asked", "--as", BOSS).code == 0

    (left,) = rows(database, "SELECT * FROM savctl_outbox")
    assert (left["ticket_id"], left["last_error"]) == (waiting.id, "erased")
    assert left["skipped_at"] is not None
    assert "subject" not in left["envelope"]
    assert cli("event", "retry", left["id"]).code != 0
    assert json.loads(cli("event", "status", "-o", "json").out)["waiting"] == 0
