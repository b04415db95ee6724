"""`ticket merge` and `ticket split` as ops type them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.conftest import Cli
from tests.given import created, rows, snapshot
from tests.tickets.talk import STRANGER, say

pytestmark = pytest.mark.each_database("rows are moved under locks")


def test_a_merge_wants_a_word_and_nothing_is_done_without(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    target, *sources = (created(database, clock) for _ in range(8))
    say(database, clock, sources[0], "Any news?")
    before = snapshot(database)

    one = cli("ticket", "merge", sources[0].id, "--into", target.id)
    many = cli("ticket", "merge", *[source.id for source in sources], "--into", target.id)

    assert [(one.code, one.out), (many.code, many.out)] == [(6, "")] * 2
    first, into = sources[0].ticket_number, target.ticket_number
    assert f"error: Merge 1 ticket ({first}) with 2 messages and 0 files into {into}: " in one.err
    assert f"Merge 7 tickets ({first}, " in many.err
    assert "…) with 8 messages and 0 files" in many.err
    assert snapshot(database) == before


def test_what_cannot_be_merged_is_refused_before_anybody_is_asked(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)

    outcome = cli("ticket", "merge", ticket.id, "--into", ticket.id)

    assert (outcome.code, outcome.out) == (5, "")
    assert "not confirmed" not in outcome.err


def test_a_merge_answers_with_the_target_and_what_came(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    target, source = created(database, clock), created(database, clock)

    outcome = cli(
        "ticket", "merge", source.ticket_number.lower(), "--into", target.id, "--yes", "-o", "json"
    )

    answer = json.loads(outcome.out)
    assert (answer["ticket_number"], answer["merged"], answer["messages"]) == (
        target.ticket_number,
        1,
        1,
    )
    assert [s["ticket_number"] for s in answer["sources"]] == [source.ticket_number]
    assert answer["changed"] is True


def test_exit_codes_tell_what_was_wrong(cli: Cli, database: Database, clock: SetClock) -> None:
    target, source = created(database, clock), created(database, clock)
    foreign = created(database, clock, user_id=STRANGER)

    def merge(*words: object) -> int:
        return cli("ticket", "merge", *words, "--yes").code

    assert merge(999, "--into", target.id) == 4
    assert merge(source.id, "--into", 999) == 4
    assert merge(target.id, "--into", target.id) == 5
    assert merge(foreign.id, "--into", target.id) == 5
    assert merge(source.id) == 2
    assert merge(source.id, "--into", target.id) == 0
    again = cli("ticket", "merge", source.id, "--into", target.id, "--yes", "-o", "json")
    assert again.code == 5
    failure = json.loads(again.err.splitlines()[-1])["error"]
    assert (failure["code"], failure["merged_into"]) == ("already_merged", target.ticket_number)


def test_sources_come_from_stdin(cli: Cli, database: Database, clock: SetClock) -> None:
    target, *sources = (created(database, clock) for _ in range(4))
    lines = "\n".join(json.dumps({"id": s.id}) for s in sources)

    outcome = cli("ticket", "merge", "-", "--into", target.id, "--yes", "-o", "json", stdin=lines)

    assert json.loads(outcome.out)["merged"] == 3


def test_an_empty_list_on_stdin_is_nothing_to_do(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    target = created(database, clock)
    before = snapshot(database)

    outcome = cli("ticket", "merge", "-", "--into", target.id, "-o", "json", stdin="\n")

    assert (outcome.code, json.loads(outcome.out)["changed"]) == (0, False)
    assert snapshot(database) == before


def test_the_same_key_answers_the_same_merge(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    target, source = created(database, clock), created(database, clock)
    words = ("ticket", "merge", source.id, "--into", target.id, "--yes", "-o", "json")
    first = json.loads(cli(*words, "--idempotency-key", "k").out)
    before = snapshot(database)

    outcome = cli(*words, "--idempotency-key", "k")

    again = json.loads(outcome.out)
    assert (again["replayed"], again["changed"]) == (True, False)
    assert again["sources"] == first["sources"]
    assert snapshot(database) == before


def test_who_writes_to_a_merged_ticket_learns_where_it_went(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    target, source = created(database, clock), created(database, clock)
    cli("ticket", "merge", source.id, "--into", target.id, "--yes", "--bridge")

    outcome = cli("message", "add", source.id, "--from", "customer:456", "--body", "Hello?")

    assert outcome.code == 5
    assert f"It was merged into {target.ticket_number}: use that ticket." in outcome.err


def test_a_note_made_of_another_customers_words_waits_for_nobody_to_read_it(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    target, source = created(database, clock), created(database, clock, user_id=STRANGER)
    words = ("ticket", "merge", source.id, "--into", target.id, "--yes")

    cli(*words, "--across-customers")

    assert json.loads(cli("message", "unread", "-o", "json").out) == []
    public = json.loads(cli("message", "list", target.id, "--public", "-o", "json").out)
    assert public == []
    assert "Where is it?" in cli("message", "list", target.id, "-o", "json").out


def test_a_split_answers_with_the_new_ticket(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    goes, _ = say(database, clock, ticket, "One."), say(database, clock, ticket, "Two.")

    outcome = cli("ticket", "split", ticket.ticket_number, "--messages", goes, "-o", "json")

    answer = json.loads(outcome.out)
    assert (answer["split_from"], answer["messages"], answer["description"]) == (
        ticket.ticket_number,
        1,
        "One.",
    )


@pytest.mark.parametrize("given", ["", ",", "x", "1,-2", "0"])
def test_messages_that_are_no_ids_are_wrong_usage(
    cli: Cli, database: Database, clock: SetClock, given: str
) -> None:
    ticket = created(database, clock)

    assert cli("ticket", "split", ticket.ticket_number, "--messages", given).code == 2


@pytest.mark.slow("starts Python twice")
def test_of_two_merges_of_one_ticket_one_wins_and_the_other_learns_where_it_went(
    database: Database, database_url: str, environment: dict[str, str], clock: SetClock
) -> None:
    source, *targets = (created(database, clock) for _ in range(5))
    say(database, clock, source, "Hello?")

    command = [sys.executable, "-m", "savctl", "ticket", "merge", str(source.id), "--into"]
    racers = [
        subprocess.Popen(
            [*command, str(target.id), "--yes", "-o", "json"],
            env=environment | {"SAVCTL_DATABASE_URL": database_url},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for target in targets
    ]
    answers = [racer.communicate(timeout=60) for racer in racers]

    assert sorted(racer.returncode for racer in racers) == [0, 5, 5, 5]
    (winner,) = (json.loads(out) for out, _ in answers if out)
    for out, err in answers:
        if not out:
            assert f"was merged into {winner['ticket_number']} already" in err
    assert len(rows(database, "SELECT id FROM ticket_messages")) == 2
    where = rows(database, "SELECT DISTINCT ticket_id FROM ticket_messages")
    assert [row["ticket_id"] for row in where] == [winner["id"]]
