"""Some months at the shop: who writes when, what goes wrong, and everybody's turn in time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from heapq import heappop, heappush
from random import Random

from savctl.demo.lives import Life, LifeStory, life
from savctl.demo.people import FIRST_AGENT, DemoPerson, customers, team
from savctl.demo.problems import OUTAGE, PROBLEMS, PRODUCTS, RECALL, DemoProblem
from savctl.demo.shop import Illness, Shop
from savctl.domain.clock import to_the_second
from savctl.domain.sla.policy import Policies
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.replay.timed_jobs import TimedJob

_FIRST_ORDER = 70_001
_SALE_SHARE, _SALE_SECONDS = 0.07, 30 * 3600  # how many tickets come in the last hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What determines a demo: the same script gives the same tickets."""

    seed: int = 7
    tickets: int = 400
    months: int = 4
    until: datetime

    @property
    def since(self) -> datetime:
        """When the story begins."""
        return to_the_second(self.until) - timedelta(days=round(30.4 * self.months))


@dataclass(frozen=True, slots=True, kw_only=True)
class Luck:
    """What went wrong in these months."""

    outage_at: datetime
    outage_tickets: int
    recall_at: datetime
    recall_tickets: int
    recalled: str
    illness: Illness


def play(
    database: Database,
    clock: SetClock,
    script: Script,
    *,
    jobs: Sequence[TimedJob] = (),
    policies: Policies | None = None,
    on_step: Callable[[datetime], None] = lambda _: None,
) -> Luck:
    """Play the script into an empty database; at the end the clock stands at its end."""
    random = Random(f"savctl {script.seed}")  # noqa: S311 - a story, not a secret
    luck = _luck(script, random)
    people = customers(max(script.tickets * 2 // 3, 1), random)
    shop = Shop(
        database=database,
        clock=clock,
        random=random,
        agents=range(FIRST_AGENT, FIRST_AGENT + 5),
        illness=luck.illness,
        jobs=jobs,
        policies=policies or Policies(),
        numbers=f"savctl {script.seed}",
    )
    clock.at = script.since
    shop.hire([*team(), *people])
    _run(shop, script, _arrivals(script, random, luck, people), on_step)
    return luck


def _run(
    shop: Shop,
    script: Script,
    arrivals: Sequence[tuple[datetime, LifeStory]],
    on_step: Callable[[datetime], None],
) -> None:
    turns: list[tuple[datetime, int, Life]] = []
    for order, (moment, story) in enumerate(arrivals):
        heappush(turns, (moment, order, life(shop, story)))
    while turns:
        moment, order, one = heappop(turns)
        if moment > script.until:
            continue
        _run_jobs(shop, moment)
        shop.clock.at = max(moment, shop.clock.at)
        on_step(moment)
        following = next(one, None)
        if following is not None:
            heappush(turns, (following, order, one))
    _run_jobs(shop, script.until)
    shop.clock.at = script.until


def _run_jobs(shop: Shop, until: datetime) -> None:
    while True:
        due = [(slot, job) for job in shop.jobs if (slot := job.next_slot) and slot <= until]
        if not due:
            return
        slot, job = min(due, key=lambda one: one[0])
        shop.clock.at = max(slot, shop.clock.at)
        job.run_next()


def _luck(script: Script, random: Random) -> Luck:
    span = script.until - script.since
    outage_at = _at_hour(script.since + span * random.uniform(0.25, 0.45), 19)
    recall_at = _at_hour(script.since + span * random.uniform(0.55, 0.75), 8)
    ill_at = _at_hour(script.since + span * random.uniform(0.3, 0.9), 6)
    return Luck(
        outage_at=outage_at,
        outage_tickets=max(script.tickets // 25, 1),
        recall_at=recall_at,
        recall_tickets=max(script.tickets // 16, 1),
        recalled=PRODUCTS[5],
        illness=Illness(agent=FIRST_AGENT + 2, since=ill_at, until=ill_at + timedelta(days=4)),
    )


def _arrivals(
    script: Script, random: Random, luck: Luck, people: Sequence[DemoPerson]
) -> list[tuple[datetime, LifeStory]]:
    """Every ticket's moment and story, in the order of time."""
    usual = script.tickets - luck.outage_tickets - luck.recall_tickets
    weights = [problem.weight for problem in PROBLEMS]
    moments: list[tuple[datetime, DemoProblem, str]] = []
    for _ in range(max(usual, 0)):
        problem = random.choices(PROBLEMS, weights)[0]
        moments.append((_moment(script, random), problem, random.choice(PRODUCTS)))
    for _ in range(luck.outage_tickets):
        moment = luck.outage_at + timedelta(seconds=random.randrange(2 * 3600))
        moments.append((moment, OUTAGE, random.choice(PRODUCTS)))
    for _ in range(luck.recall_tickets):
        moment = luck.recall_at + timedelta(seconds=random.randrange(3 * 86_400))
        moments.append((moment, RECALL, luck.recalled))
    moments.sort(key=lambda one: one[0])
    return [
        (moment, _story(script, random, number, problem, product, people))
        for number, (moment, problem, product) in enumerate(moments)
    ]


def _story(
    script: Script,
    random: Random,
    number: int,
    problem: DemoProblem,
    product: str,
    people: Sequence[DemoPerson],
) -> LifeStory:
    # A few customers write again and again: their fifth ticket of a kind is high by the rules.
    regulars = people[: max(len(people) // 30, 1)]
    value = min(random.lognormvariate(4.4, 0.9), 2_400)
    return LifeStory(
        customer=random.choice(regulars if random.random() < 0.12 else people),
        problem=problem,
        product=product,
        order_id=_FIRST_ORDER + number * 3 + random.randrange(3),
        order_value=Decimal(round(value * 100)) / 100,
        random=Random(f"savctl {script.seed} {number}"),  # noqa: S311 - as above
    )


def _moment(script: Script, random: Random) -> datetime:
    """More in the evening than at night, a little more each month, and a sale at the end."""
    span = script.until - script.since
    if random.random() < _SALE_SHARE:
        return script.until - timedelta(seconds=random.randrange(_SALE_SECONDS))
    day = script.since + span * max(random.random(), random.random() * 0.9)
    hour = round(random.triangular(6, 23, 18))
    moment = _at_hour(day, min(hour, 23)) + timedelta(seconds=random.randrange(3600))
    return min(max(moment, script.since), script.until)


def _at_hour(moment: datetime, hour: int) -> datetime:
    return moment.replace(hour=hour, minute=0, second=0, microsecond=0)
