"""A ticket's life: what the customer and the agents do, and when they do it next.

A life is a generator: it acts at the present moment of the shop's clock and yields the moment at
which it goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from savctl.demo.people import LEAD, DemoPerson
from savctl.demo.problems import DemoProblem, Words
from savctl.demo.shop import Shop
from savctl.domain.model.priority import Priority
from savctl.usecases.tickets.creation import NewTicket

Life = Iterator[datetime]

# Hours until somebody takes a ticket, by priority: at least, at most.
_TAKEN_AFTER = {"urgent": (0.1, 0.7), "high": (0.3, 4), "medium": (1, 14), "low": (4, 40)}
_INVALID = ("spam", "sent twice by the contact form", "not an order of ours")


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeStory:
    """What one ticket is about; `random` is its own, so that lives do not disturb each other."""

    customer: DemoPerson
    problem: DemoProblem
    product: str
    order_id: int
    order_value: Decimal
    random: Random
    follow_up_of: str | None = None

    @property
    def words(self) -> Words:
        """The texts, in the customer's language."""
        return self.problem.words[self.customer.language]


def life(shop: Shop, story: LifeStory) -> Life:
    """From the customer's first message to the end, or to the end of the demo."""
    random, words = story.random, story.words
    ticket = shop.create(_wanted(story))
    number = ticket.ticket_number
    if random.random() < 0.05:
        yield shop.in_office(shop.clock() + _hours(random, 1, 6))
        shop.close(number, LEAD, random.choice(_INVALID))
        return
    yield shop.in_office(shop.clock() + _hours(random, *_TAKEN_AFTER[ticket.priority]))
    if random.random() < 0.03:
        shop.raise_priority(number, Priority.HIGH, "regular customer, third mail today")
    agent = shop.assign(number, None if random.random() < 0.6 else random.choice(shop.agents))
    yield shop.in_office(shop.clock() + _hours(random, 0.2, 3))
    agent = shop.well(number, agent)
    course = random.random()
    if course < 0.48:
        shop.ask(number, agent, words.ask)
        yield from _waiting(shop, story, number)
        if not shop.answer(number, story.customer.id, words.reply):
            yield from _come_back(shop, story, number)
            return
        yield shop.in_office(shop.clock() + _hours(random, 1, 9))
    elif course < 0.58:
        shop.note(number, agent, "Not my field, passing on. Known with this product?")
        agent = shop.assign(number, random.choice(shop.agents))
        yield shop.in_office(shop.clock() + _hours(random, 1, 12))
    agent = shop.well(number, agent)
    shop.read(number, agent)
    shop.resolve(number, agent, words.solution)
    yield from _after(shop, story, number, agent)


def _after(shop: Shop, story: LifeStory, number: str, agent: int) -> Life:
    """What comes after a solution: nothing, thanks, a word of confirmation, or "still broken"."""
    random, customer = story.random, story.customer.id
    course = random.random()
    yield shop.clock() + _hours(random, 2, 21)
    if course < 0.12:
        if shop.answer(number, customer, story.words.still, reopen=True):
            yield shop.in_office(shop.clock() + _hours(random, 2, 26))
            agent = shop.well(number, agent)
            shop.read(number, agent)
            shop.resolve(number, agent, story.words.solution)
    elif course < 0.19:
        thanks = "Merci, je vérifie ce week-end." if _is_french(story) else "Thanks, will check."
        shop.answer(number, customer, thanks)
        yield shop.in_office(shop.clock() + _hours(random, 60, 400))
        shop.read(number, agent)
        shop.close(number, agent, "confirmed by the customer")
    elif course < 0.33:
        yield shop.in_office(shop.clock())
        shop.close(number, agent, "confirmed by the customer")


def _waiting(shop: Shop, story: LifeStory, number: str) -> Life:
    """Most customers answer within a day or two, some too late, some never."""
    random = story.random
    course = random.random()
    if course < 0.70:
        yield shop.clock() + _hours(random, 0.5, 60)
    elif course < 0.78:
        yield shop.clock() + timedelta(days=random.uniform(7.5, 12))
    else:
        yield shop.clock() + timedelta(days=9_999)


def _come_back(shop: Shop, story: LifeStory, number: str) -> Life:
    """The answer came too late: closed is final, so the customer opens a new ticket."""
    yield shop.clock() + _hours(story.random, 0.1, 2)
    again = LifeStory(
        customer=story.customer,
        problem=story.problem,
        product=story.product,
        order_id=story.order_id,
        order_value=story.order_value,
        random=story.random,
        follow_up_of=number,
    )
    yield from life(shop, again)


def _wanted(story: LifeStory) -> NewTicket:
    filled = {
        "product": story.product,
        "order": story.order_id,
        "days": story.random.randint(3, 12),
    }
    return NewTicket(
        user_id=story.customer.id,
        subject=story.words.subject.format(**filled),
        description=story.words.description.format(**filled),
        category=story.problem.category,
        order_id=story.order_id,
        order_value=story.order_value,
        is_payment_failed=story.problem.is_payment_failed,
        is_vip=story.customer.is_vip,
        follow_up_of=story.follow_up_of,
        meta={"language": story.customer.language, "channel": story.random.choice(_CHANNELS)},
    )


_CHANNELS = ("form", "form", "mail", "mail", "phone", "chat")


def _is_french(story: LifeStory) -> bool:
    return story.customer.language == "fr"


def _hours(random: Random, low: float, high: float) -> timedelta:
    return timedelta(seconds=round(random.uniform(low, high) * 3600))
