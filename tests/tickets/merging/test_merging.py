"""Merging duplicates: nothing is lost, nobody is notified twice, no clock moves (rules 6)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from savctl.domain.model.states import Status
from savctl.domain.sla.policy import Policies
from savctl.domain.tickets.closing import ClosingLimits
from savctl.domain.tickets.merging import AlreadyMerged, DifferentCustomers, MergedIntoItself
from savctl.errors import NotFound, Refused
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.database.integrity import CheckOptions, check_integrity
from savctl.usecases.operation import Operation
from savctl.usecases.privacy.holds import hold_ticket
from savctl.usecases.reports.sla_report import ReportSpan, report_sla
from savctl.usecases.reports.workload import report_workload
from savctl.usecases.sla.views import explain, sla_state
from savctl.usecases.tickets.closing import close_resolved, close_silent
from savctl.usecases.tickets.merging import merge_tickets
from tests.given import AGENT, BOSS, CUSTOMER, DAY, NOW, brought_to, created, snapshot, write
from tests.tickets.talk import (
    STRANGER,
    answer,
    conversation,
    file_on,
    files_of,
    merge,
    published,
    row_of,
    say,
    steps,
)

OPEN, WORK, WAIT, DONE, SHUT = Status
HOUR = timedelta(hours=1)


def test_messages_and_files_go_to_the_target_and_keep_everything_but_their_ticket(
    database: Database, clock: SetClock
) -> None:
    target = created(database, clock, description="Where is it?")
    source = created(database, clock, description="Lost!")
    asked = say(database, clock, source, "Any news?")
    note = say(database, clock, source, "Angry.", sender=("agent", AGENT), internal=True)
    write(database, f"UPDATE ticket_messages SET read_at = created_at WHERE id = {asked}")
    on_message, on_ticket = file_on(database, source, asked), file_on(database, source)
    before = {row[0]: row for row in snapshot(database)["ticket_messages"]}
    clock.advance(HOUR)

    merged = merge(database, clock, source, into=target)

    after = {row[0]: row for row in snapshot(database)["ticket_messages"]}
    assert {i: row[2:] for i, row in before.items()} == {i: after[i][2:] for i in (asked, note)}
    assert {row[1] for row in after.values()} == {target.id}
    assert conversation(database, target) == [
        ("customer", CUSTOMER, "Any news?", False),
        ("agent", AGENT, "Angry.", True),
        ("customer", CUSTOMER, "Lost!", False),
    ]
    assert files_of(database, target) == [(on_message, asked), (on_ticket, None)]
    assert files_of(database, source) == []
    assert (merged.messages, merged.attachments) == (3, 2)


@pytest.mark.parametrize(
    ("status", "path"),
    [
        (OPEN, [(OPEN, SHUT)]),
        (WORK, [(WORK, OPEN), (OPEN, SHUT)]),
        (WAIT, [(WAIT, SHUT)]),
        (DONE, [(DONE, SHUT)]),
    ],
)
def test_the_source_is_closed_as_a_duplicate_and_nobody_is_notified_of_a_solution(
    database: Database, clock: SetClock, status: Status, path: list[tuple[Status, Status]]
) -> None:
    target = created(database, clock)
    source = brought_to(database, clock, status)
    earlier = len(published(database, source))
    clock.advance(HOUR)

    merge(database, clock, source, into=target, reason="same parcel")

    row, why = row_of(database, source), f"duplicate of {target.ticket_number}: same parcel"
    assert (row["status"], str(row["closed_at"])[:19]) == ("closed", "2025-10-03 11:30:00")
    moves = [(e["from"], e["to"]) for e in row["metadata"]["history"] if e["action"] == "status"]
    assert moves[-len(path) :] == path
    assert row["metadata"]["history"][-1]["reason"] == why
    events = published(database, source)[earlier:]
    assert [(n, d["previous_status"], d["new_status"], d["reason"]) for n, d in events] == [
        ("TicketStatusChanged", before, after, why) for before, after in path
    ]
    assert ("merged_into", source.ticket_number, target.ticket_number) in steps(database, source)
    assert [name for name, _ in published(database, target)] == ["TicketCreated"]


def test_both_sides_keep_a_link(database: Database, clock: SetClock) -> None:
    target, first, second = (created(database, clock) for _ in range(3))

    merge(database, clock, first, second, into=target)

    at = "2025-10-03T10:30:00.000000Z"
    link = {"ticket_id": target.id, "ticket_number": target.ticket_number, "at": at, "actor": BOSS}
    assert row_of(database, first)["metadata"]["merged_into"] == link
    assert row_of(database, target)["metadata"]["merged_from"] == [
        {"ticket_id": t.id, "ticket_number": t.ticket_number, "at": at, "actor": BOSS}
        for t in (first, second)
    ]
    assert steps(database, target)[1:] == [
        ("merged_from", first.ticket_number, target.ticket_number),
        ("merged_from", second.ticket_number, target.ticket_number),
    ]
    assert not check_integrity(database, clock, terms=CheckOptions()).findings


def test_what_cannot_be_merged_is_refused_and_nothing_is_merged(
    database: Database, clock: SetClock
) -> None:
    target, held = created(database, clock), created(database, clock)
    good, shut = created(database, clock), brought_to(database, clock, SHUT)
    foreign = created(database, clock, user_id=STRANGER)
    hold_ticket(Operation(database, clock, actor=BOSS), held.id, reason="court")
    before = snapshot(database)

    for source, words in (
        (target, "into itself"),
        (shut, "is closed"),
        (held, "under legal hold"),
        (foreign, "belongs to customer 789"),
    ):
        with pytest.raises(Refused, match=words):
            merge(database, clock, source, into=target)
        with pytest.raises(Refused, match=words):
            merge(database, clock, good, source, into=target)
    with pytest.raises(Refused, match="is closed"):
        merge(database, clock, good, into=shut)
    with pytest.raises(Refused, match="under legal hold"):
        merge(database, clock, good, into=held)
    with pytest.raises(NotFound, match="no ticket 999"):
        merge_tickets(Operation(database, clock), [good.id, 999], target.id)

    assert snapshot(database) == before


def test_a_refusal_of_many_names_each_of_them(database: Database, clock: SetClock) -> None:
    target, shut = created(database, clock), brought_to(database, clock, SHUT)
    foreign = created(database, clock, user_id=STRANGER)

    with pytest.raises(Refused, match=r"2 of 3 tickets cannot be merged") as refused:
        merge(database, clock, shut, created(database, clock), foreign, into=target)

    assert shut.ticket_number in refused.value.message
    assert foreign.ticket_number in refused.value.message


def test_a_ticket_into_itself_is_named_so(database: Database, clock: SetClock) -> None:
    target = created(database, clock)

    with pytest.raises(MergedIntoItself):
        merge_tickets(Operation(database, clock), [target.ticket_number], target.id)


def test_a_merged_ticket_answers_with_where_it_went_through_every_merge(
    database: Database, clock: SetClock
) -> None:
    first, second, third, late = (created(database, clock) for _ in range(4))
    merge(database, clock, first, into=second)
    merge(database, clock, second, into=third)

    with pytest.raises(AlreadyMerged, match=f"merged into {third.ticket_number} already"):
        merge(database, clock, first, into=late)
    with pytest.raises(AlreadyMerged) as refused:
        merge(database, clock, late, into=first)

    assert refused.value.hint == f"Merge into {third.ticket_number} instead."
    assert len(conversation(database, third)) == 2
    assert not check_integrity(database, clock, terms=CheckOptions()).findings


def test_a_waiting_target_goes_on_when_its_newest_public_message_is_now_the_customers(
    database: Database, clock: SetClock
) -> None:
    target = brought_to(database, clock, WAIT)
    answer(database, clock, target, "A photo?")
    clock.advance(HOUR)
    source = created(database, clock, description="Here is the photo.")
    clock.advance(HOUR)

    merged = merge(database, clock, source, into=target)

    assert merged.target.status is WORK
    assert steps(database, target)[-1] == ("status", "waiting_customer", "in_progress")
    name, data = published(database, target)[-1]
    assert (name, data["new_status"]) == ("TicketStatusChanged", "in_progress")


def test_a_waiting_target_waits_on_when_the_agent_spoke_last(
    database: Database, clock: SetClock
) -> None:
    source = created(database, clock)
    clock.advance(HOUR)
    target = brought_to(database, clock, WAIT)
    answer(database, clock, target, "A photo?")

    assert merge(database, clock, source, into=target).target.status is WAIT


def test_a_merge_of_nothing_moves_nothing(database: Database, clock: SetClock) -> None:
    target = brought_to(database, clock, WAIT)
    write(
        database,
        "INSERT INTO ticket_messages (ticket_id, sender_id, sender_type, message, created_at, "
        f"updated_at) VALUES ({target.id}, {CUSTOMER}, 'customer', 'Late', '2030-01-01', "
        "'2030-01-01')",
    )
    before = snapshot(database)

    assert merge(database, clock, into=target).target.status is WAIT
    assert snapshot(database) == before


def test_a_resolved_target_with_a_newer_message_of_its_customer_is_held(
    database: Database, clock: SetClock
) -> None:
    target = brought_to(database, clock, DONE)
    clock.advance(HOUR)
    source = created(database, clock, description="It is broken again.")

    merged = merge(database, clock, source, into=target)
    clock.advance(2 * DAY)
    report = BatchReport()
    close_resolved(database, clock, limits=ClosingLimits(), terms=BatchContext(report=report))

    assert "its customer wrote later" in merged.warnings[-1]
    assert (report.changed, report.items[0].reason) == (0, "held: customer replied")


def test_a_merge_does_not_move_the_silence(database: Database, clock: SetClock) -> None:
    target = brought_to(database, clock, WAIT)
    answer(database, clock, target, "A photo?")
    clock.advance(5 * DAY)
    source = created(database, clock)
    clock.advance(HOUR)
    answer(database, clock, source, "Please wait.")
    clock.advance(HOUR)
    before = row_of(database, target)["updated_at"]
    merge(database, clock, source, into=target)
    assert row_of(database, target)["updated_at"] == before

    clock.advance(7 * DAY - 5 * DAY - 2 * HOUR)
    report = BatchReport()
    close_silent(database, clock, limits=ClosingLimits(), terms=BatchContext(report=report))

    assert report.changed == 1


def test_an_answer_that_came_with_a_merge_is_not_the_targets(
    database: Database, clock: SetClock
) -> None:
    target, source = created(database, clock), created(database, clock)
    clock.advance(HOUR)
    given = answer(database, clock, source)
    clock.advance(HOUR)
    merge(database, clock, source, into=target)

    known, now = Policies(), clock()
    unanswered = sla_state(database, target.id, now=now, policies=known).sla.response
    assert unanswered.ended_at is None
    clock.advance(HOUR)
    own = answer(database, clock, target)
    clock.advance(HOUR)

    story = explain(database, target.id, now=clock(), policies=known)
    assert story.seen.sla.response.ended_at == NOW + 3 * HOUR
    assert story.reply is not None
    assert story.reply.message_id == own != given
    gone = explain(database, source.id, now=clock(), policies=known)
    assert gone.seen.sla.response.ended_at == NOW + HOUR
    assert gone.reply is None
    past = sla_state(database, source.id, now=NOW + HOUR, policies=known, is_past=True).sla
    assert (past.is_counted, past.response.ended_at) == (True, NOW + HOUR)


def test_a_merged_ticket_leaves_the_sla_statistics(database: Database, clock: SetClock) -> None:
    target = brought_to(database, clock, WORK)
    source = brought_to(database, clock, DONE)
    write(
        database,
        "INSERT INTO savctl_sla_breaches (ticket_id, side, at, found_at, priority, "
        f"expected_minutes, actual_minutes) VALUES ({source.id}, 'response', "
        "'2025-10-03 10:40:00', '2025-10-03 10:41:00', 'medium', 1, 2)",
    )
    span = ReportSpan(NOW - DAY, NOW + DAY, NOW + HOUR)
    clock.advance(HOUR)
    before = report_workload(database, span, by="assigned_to", policies=Policies())[str(AGENT)]

    merge(database, clock, source, into=target)

    found = report_sla(database, span, by=("priority",), policies=Policies())["priority"]
    work = report_workload(database, span, by="assigned_to", policies=Policies())[str(AGENT)]
    assert (found.total.tickets, found.merged) == (1, 1)
    assert (before.breaches.total(), work.breaches.total()) == (1, 0)
    assert work.solved.counts.total() == 0


def test_across_customers_nobody_reads_anothers_words_or_files(
    database: Database, clock: SetClock
) -> None:
    target = created(database, clock)
    source = created(database, clock, user_id=STRANGER, description="My address is …")
    asked = say(database, clock, source, "Hello?", sender=("customer", STRANGER))
    answer(database, clock, source, "Dear Mr …")
    on_message, on_ticket = file_on(database, source, asked), file_on(database, source)

    with pytest.raises(DifferentCustomers, match="belongs to customer 789"):
        merge(database, clock, source, into=target)
    merge(database, clock, source, into=target, across=True)

    found = conversation(database, target)
    assert {words for _, _, words, internal in found if internal} == {
        "My address is …",
        "Hello?",
        "Dear Mr …",
    }
    assert all(internal for *_, internal in found)
    notes = row_of(database, target)["metadata"]["moved_messages"][0]
    assert files_of(database, target) == [(on_message, asked), (on_ticket, notes["description"])]
    assert len(notes["hidden"]) == 3


def test_a_foreign_message_does_not_end_the_waiting(database: Database, clock: SetClock) -> None:
    target = brought_to(database, clock, WAIT)
    answer(database, clock, target)
    clock.advance(HOUR)
    source = created(database, clock, user_id=STRANGER)

    assert merge(database, clock, source, into=target, across=True).target.status is WAIT


def test_hundreds_of_tickets_are_one_merge(database: Database, clock: SetClock) -> None:
    target = created(database, clock)
    sources = [created(database, clock, description=f"Nr {n}") for n in range(150)]

    merged = merge(database, clock, *reversed(sources), into=target)

    assert (len(merged.sources), merged.messages) == (150, 150)
    assert [words for _, _, words, _ in conversation(database, target)].count("Nr 7") == 1
    assert all(row_of(database, source)["status"] == "closed" for source in sources[::50])
    assert not check_integrity(database, clock, terms=CheckOptions()).findings


def test_a_dry_run_has_same_terms_and_stores_nothing(database: Database, clock: SetClock) -> None:
    target, source = created(database, clock), brought_to(database, clock, WORK)
    before = snapshot(database)

    dry = merge(database, clock, source, into=target, dry_run=True)

    assert snapshot(database) == before
    real = merge(database, clock, source, into=target)
    assert (dry.sources, dry.messages) == (real.sources, real.messages)


def test_a_different_order_is_reported(database: Database, clock: SetClock) -> None:
    target = created(database, clock, order_id=1)
    source = created(database, clock, order_id=2)

    warnings = merge(database, clock, source, into=target).warnings

    assert any("is about order 2" in warning for warning in warnings)


def test_a_check_finds_a_merge_that_another_program_spoiled(
    database: Database, clock: SetClock
) -> None:
    tickets = [created(database, clock) for _ in range(6)]
    for source, target in zip(tickets[::2], tickets[1::2], strict=True):
        merge(database, clock, source, into=target)
    wiped, forgets, opened = tickets[0], tickets[3], tickets[4]
    for ticket, key in ((wiped, "merged_into"), (forgets, "merged_from")):
        metadata = row_of(database, ticket)["metadata"]
        del metadata[key]
        text = json.dumps(metadata)
        write(database, f"UPDATE support_tickets SET metadata = '{text}' WHERE id = {ticket.id}")
    write(database, f"UPDATE support_tickets SET status = 'open' WHERE id = {opened.id}")
    write(
        database,
        "INSERT INTO ticket_messages (ticket_id, sender_id, sender_type, message, is_internal, "
        f"created_at, updated_at) VALUES ({opened.id}, 456, 'customer', 'Late', 0, "
        "'2025-10-03 10:30:00', '2025-10-03 10:30:00')",
    )

    found = check_integrity(database, clock, terms=CheckOptions(fix=True)).findings

    where = {check: [e.id for e in found[check].sample] for check in found}
    assert where["merge-link"] == [wiped.id, tickets[1].id, tickets[2].id]
    assert where["merged-open"] == where["message-on-merged"] == [opened.id]
    assert found["merge-link"].repaired == 0


def test_what_another_program_wrote_in_a_shape_of_its_own_is_kept(
    database: Database, clock: SetClock
) -> None:
    target, source = created(database, clock), created(database, clock)
    answer(database, clock, source)
    odd = '{"moved_messages": ["odd", {"a": 1}], "sla": "gold", "merged_into": "somewhere"}'
    write(
        database,
        f"UPDATE support_tickets SET metadata = '{odd}' WHERE id IN ({target.id}, {source.id})",
    )

    merge(database, clock, source, into=target)

    kept = row_of(database, target)["metadata"]["moved_messages"]
    assert kept[:2] == ["odd", {"a": 1}]
    assert kept[2]["ticket_id"] == source.id
    left = row_of(database, source)["metadata"]
    assert (left["unreadable_sla"], left["unreadable_merged_into"]) == ("gold", "somewhere")
    assert left["merged_into"]["ticket_id"] == target.id
