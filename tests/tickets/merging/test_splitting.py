"""Splitting messages out of a ticket: the way back from a wrong merge."""

from __future__ import annotations

from datetime import timedelta

import pytest

from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.policy import Policies
from savctl.errors import NotFound, Refused
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.database.integrity import CheckOptions, check_integrity
from savctl.usecases.operation import Operation
from savctl.usecases.privacy.holds import hold_ticket
from savctl.usecases.sla.views import sla_state
from savctl.usecases.tickets.splitting import Split, split_ticket
from savctl.usecases.tickets.transitions import close_ticket
from tests.given import AGENT, BOSS, CUSTOMER, NOW, created, rows, snapshot, write
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

HOUR = timedelta(hours=1)


def split(database: Database, clock: SetClock, ticket: Ticket, *messages: int) -> Split:
    return split_ticket(Operation(database, clock, actor=BOSS), ticket.id, messages)


def messages_of(database: Database, ticket: Ticket) -> list[int]:
    found = rows(database, f"SELECT id FROM ticket_messages WHERE ticket_id = {ticket.id}")
    return sorted(row["id"] for row in found)


def test_chosen_messages_become_a_new_ticket_with_their_files(
    database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock, category="shipping", order_id=7)
    stays = say(database, clock, ticket, "Where is it?")
    goes = say(database, clock, ticket, "And my other parcel is broken.")
    replied = answer(database, clock, ticket, "We look into both.")
    kept, moved = file_on(database, ticket, stays), file_on(database, ticket, goes)
    clock.advance(HOUR)

    done = split(database, clock, ticket, goes, replied)

    new = done.ticket
    assert (new.status, new.user_id, new.description) == (
        Status.OPEN,
        CUSTOMER,
        "And my other parcel is broken.",
    )
    assert (new.category, new.order_id, new.created_at) == ("shipping", 7, NOW + HOUR)
    assert messages_of(database, new) == [goes, replied]
    assert messages_of(database, ticket) == [stays]
    assert files_of(database, new) == [(moved, goes)]
    assert files_of(database, ticket) == [(kept, stays)]
    assert (done.messages, done.attachments) == (2, 1)


def test_both_tickets_tell_of_the_split(database: Database, clock: SetClock) -> None:
    ticket = created(database, clock)
    goes, _ = say(database, clock, ticket, "One."), say(database, clock, ticket, "Two.")

    new = split(database, clock, ticket, goes).ticket

    entry = ("split", ticket.ticket_number, new.ticket_number)
    assert steps(database, new) == [("created", None, "open"), entry]
    assert steps(database, ticket)[-1] == entry
    assert row_of(database, new)["metadata"]["split_from"]["ticket_number"] == ticket.ticket_number
    assert [name for name, _ in published(database, new)] == ["TicketCreated"]
    assert [name for name, _ in published(database, ticket)][-1] == "MessageAdded"
    assert not check_integrity(database, clock, terms=CheckOptions()).findings


def test_an_answer_that_left_still_counts_for_the_original_and_not_for_the_new_ticket(
    database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    say(database, clock, ticket, "Hello?")
    clock.advance(HOUR)
    replied = answer(database, clock, ticket)
    clock.advance(HOUR)
    before = row_of(database, ticket)["updated_at"]

    new = split(database, clock, ticket, replied).ticket

    clock.advance(HOUR)
    responses = [
        sla_state(database, t.id, now=clock(), policies=Policies()).sla.response
        for t in (ticket, new)
    ]
    assert [r.ended_at for r in responses] == [NOW + HOUR, None]
    assert responses[1].elapsed == HOUR
    assert row_of(database, ticket)["updated_at"] == before


def test_a_wrong_merge_is_taken_apart_again(database: Database, clock: SetClock) -> None:
    target = created(database, clock)
    source = created(
        database, clock, subject="Broken cup", description="It is broken.", order_id=9
    )
    asked = say(database, clock, source, "Any news?")
    loose = file_on(database, source)
    merge(database, clock, source, into=target)

    new = split(database, clock, target, *messages_of(database, target)).ticket

    assert (new.subject, new.description, new.order_id) == ("Broken cup", "It is broken.", 9)
    assert asked in messages_of(database, new)
    assert files_of(database, new) == [(loose, None)]
    assert messages_of(database, target) == []
    assert row_of(database, target)["metadata"]["moved_messages"] == []


def test_what_a_merge_across_customers_hid_goes_back_to_who_wrote_it(
    database: Database, clock: SetClock
) -> None:
    target = created(database, clock, subject="My secret")
    own = say(database, clock, target, "Mine.")
    source = created(database, clock, user_id=STRANGER, subject="Cup", description="Theirs.")
    answer(database, clock, source, "Dear stranger")
    note = say(database, clock, source, "Liar?", sender=("agent", AGENT), internal=True)
    merge(database, clock, source, into=target, across=True)
    foreign = [i for i in messages_of(database, target) if i != own]

    with pytest.raises(Refused, match=r"of different customers: customer 456: 1; customer 789"):
        split(database, clock, target, own, *foreign)
    new = split(database, clock, target, *foreign).ticket

    assert (new.user_id, new.subject, new.description) == (STRANGER, "Cup", "Theirs.")
    hidden = {words for _, _, words, internal in conversation(database, new) if internal}
    assert hidden == {"Liar?"}
    assert note in messages_of(database, new)
    assert messages_of(database, target) == [own]


def test_a_file_that_a_merge_hung_on_a_note_goes_back_and_is_counted_once(
    database: Database, clock: SetClock
) -> None:
    target = created(database, clock)
    source = created(database, clock, user_id=STRANGER)
    loose = file_on(database, source)
    merge(database, clock, source, into=target, across=True)
    (described,) = messages_of(database, target)

    done = split(database, clock, target, described)

    assert files_of(database, done.ticket) == [(loose, described)]
    assert (done.messages, done.attachments) == (1, 1)


def test_a_file_that_another_program_took_away_stays_where_it_put_it(
    database: Database, clock: SetClock
) -> None:
    target, source, third = (created(database, clock) for _ in range(3))
    loose = file_on(database, source)
    merge(database, clock, source, into=target)
    (described,) = messages_of(database, target)
    write(database, f"UPDATE ticket_attachments SET ticket_id = {third.id}")

    done = split(database, clock, target, described)

    assert (done.attachments, files_of(database, third)) == (0, [(loose, None)])


def test_through_two_merges_the_words_of_the_first_customer_are_still_known(
    database: Database, clock: SetClock
) -> None:
    first = created(database, clock, user_id=STRANGER, description="Theirs.")
    second, third = created(database, clock), created(database, clock)
    merge(database, clock, first, into=second, across=True)
    merge(database, clock, second, into=third)
    theirs = messages_of(database, third)[0]

    new = split(database, clock, third, theirs).ticket

    assert new.user_id == STRANGER
    assert conversation(database, new) == [("customer", STRANGER, "Theirs.", False)]


def test_words_of_a_customer_who_is_not_known_any_more_are_shown_to_nobody(
    database: Database, clock: SetClock
) -> None:
    target, source = created(database, clock), created(database, clock, user_id=STRANGER)
    say(database, clock, target, "Mine.")
    replied = answer(database, clock, source, "Dear stranger")
    merge(database, clock, source, into=target, across=True)
    write(database, f"DELETE FROM ticket_messages WHERE sender_id = {STRANGER}")
    before = snapshot(database)

    with pytest.raises(Refused, match="the message with its author is gone"):
        split(database, clock, target, replied)

    assert snapshot(database) == before


def test_what_cannot_be_split_is_refused(database: Database, clock: SetClock) -> None:
    ticket, other = created(database, clock), created(database, clock)
    mine = [say(database, clock, ticket, words) for words in ("One.", "Two.")]
    theirs = say(database, clock, other, "Other.")
    held = created(database, clock)
    on_held = [say(database, clock, held, words) for words in ("One.", "Two.")]
    hold_ticket(Operation(database, clock, actor=BOSS), held.id, reason="court")
    before = snapshot(database)

    with pytest.raises(Refused, match="all messages of"):
        split(database, clock, ticket, *mine)
    with pytest.raises(Refused, match=f"not of {ticket.ticket_number}: message {theirs}"):
        split(database, clock, ticket, mine[0], theirs)
    with pytest.raises(NotFound, match="no message 999"):
        split(database, clock, ticket, 999)
    with pytest.raises(Refused, match="under legal hold"):
        split(database, clock, held, on_held[0])

    assert snapshot(database) == before


def test_a_closed_ticket_is_not_split(database: Database, clock: SetClock) -> None:
    ticket = created(database, clock)
    words = [say(database, clock, ticket, values) for values in ("One.", "Two.")]
    close_ticket(Operation(database, clock, actor=BOSS), ticket.id, reason="spam")

    with pytest.raises(Refused, match="is closed: cannot split it"):
        split(database, clock, ticket, words[0])
