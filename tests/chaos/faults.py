"""What goes wrong during the day; each fault ends by itself or by `Site.heal`."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from types import MappingProxyType

from tests.chaos.crew import Crew
from tests.chaos.site import LEASE_SECONDS
from tests.servers.network.commit_cutter import Loss

Fault = Callable[[Crew, random.Random], None]


def kill_a_scheduler(crew: Crew, chance: random.Random) -> None:
    """SIGKILL; its supervisor starts another one."""
    if (process := crew.scheduler(chance)) is not None:
        process.kill()


def pause_a_scheduler(crew: Crew, chance: random.Random) -> None:
    """Stopped for longer than its leases last, then it goes on as if nothing had been."""
    if (process := crew.scheduler(chance)) is not None:
        process.send_signal(signal.SIGSTOP)
        time.sleep(LEASE_SECONDS + 3)
        process.send_signal(signal.SIGCONT)


def kill_commands(crew: Crew, chance: random.Random) -> None:
    """SIGKILL of some commands, each at a moment of its own."""
    for _ in range(8):
        time.sleep(chance.uniform(0.05, 0.4))
        if (process := crew.command(chance)) is not None:
            process.kill()


def crash_the_database(crew: Crew, chance: random.Random) -> None:
    """kill -9 of the server, and a while without it."""
    crew.site.database_server.crash()
    time.sleep(chance.uniform(0.5, 4))
    crew.site.database_server.start()


def cut_the_database(crew: Crew, chance: random.Random) -> None:
    """Every connection is reset, several times."""
    for _ in range(5):
        crew.site.network.cut()
        time.sleep(chance.uniform(0.1, 0.6))


def lose_commits(crew: Crew, chance: random.Random) -> None:
    """The server commits and the answer is lost, or the COMMIT itself never arrives."""
    for _ in range(4):
        crew.site.network.cut_at(1, chance.choice((Loss.ANSWER, Loss.COMMAND)))
        time.sleep(chance.uniform(0.3, 0.8))
    crew.site.network.cut_at(0)


def hang_the_database(crew: Crew, chance: random.Random) -> None:
    """Nothing passes in either direction for some seconds; connections stay open."""
    crew.site.network.hold()
    time.sleep(chance.uniform(1, 5))
    crew.site.network.release()


def slow_the_database(crew: Crew, chance: random.Random) -> None:
    """Every packet takes a while."""
    crew.site.network.delay(chance.uniform(0.02, 0.1))
    time.sleep(4)
    crew.site.network.delay(0)


def crash_the_broker(crew: Crew, chance: random.Random) -> None:
    """kill -9 of the node."""
    crew.site.broker_server.crash()
    time.sleep(chance.uniform(0.5, 4))
    crew.site.broker_server.start()


def alarm_the_broker(crew: Crew, chance: random.Random) -> None:
    """The node takes no messages for some seconds."""
    crew.site.broker_server.memory_alarm(on=True)
    time.sleep(chance.uniform(1, 5))
    crew.site.broker_server.memory_alarm(on=False)


def crash_the_store(crew: Crew, chance: random.Random) -> None:
    """kill -9 of the S3 server."""
    crew.site.store_server.crash()
    time.sleep(chance.uniform(0.5, 3))
    crew.site.store_server.start()


FAULTS: MappingProxyType[str, Fault] = MappingProxyType(
    {
        fault.__name__: fault
        for fault in (
            *(kill_a_scheduler, pause_a_scheduler, kill_commands),
            *(crash_the_database, cut_the_database, lose_commits),
            *(hang_the_database, slow_the_database),
            *(crash_the_broker, alarm_the_broker, crash_the_store),
        )
    }
)
