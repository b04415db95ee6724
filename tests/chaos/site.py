"""The servers of the day, and what makes savctl use them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from savctl.persistence.engine import Database
from savctl.persistence.schema import versions
from tests.servers import find
from tests.servers.brokers.consumer import Consumer
from tests.servers.brokers.rabbitmq import PrivateBroker
from tests.servers.databases.mysql_family import PrivateServer
from tests.servers.missing import missing
from tests.servers.network.commit_cutter import CommitCutter
from tests.servers.stores.buckets import server_bucket
from tests.servers.stores.s3_server import PrivateS3
from tests.servers.stores.seaweedfs import PrivateSeaweed

LEASE_SECONDS = 10
_EVERY_MINUTE = "* * * * *"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Private servers, the network to the database, and the environment of every process."""

    folder: Path
    database_server: PrivateServer
    broker_server: PrivateBroker
    store_server: PrivateS3
    network: CommitCutter
    consumer: Consumer
    environment: dict[str, str]
    database_url: str

    def database(self) -> Database:
        """The database without the network between; to be closed by the caller."""
        return Database(self.database_url)

    def heal(self) -> None:
        """Start what does not run, and let everything pass again."""
        self.network.cut_at(0)
        self.network.delay(0)
        self.network.release()
        for server in (self.database_server, self.store_server):
            if not server.is_running:
                server.start()
        self.broker_server.heal()


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """Start the servers; every commit is on the disk, because they are killed."""
    with ExitStack() as stack:
        programs = find.mariadb() or missing("mariadb")
        server = stack.enter_context(PrivateServer(programs, durable=True))
        broker = stack.enter_context(PrivateBroker(find.rabbitmq() or missing("rabbitmq")))
        store = stack.enter_context(PrivateSeaweed(find.seaweedfs() or missing("seaweedfs")))
        url = server.create_database("chaos")
        database = Database(url)
        versions.upgrade(database, owner="tests")
        database.close()
        network = stack.enter_context(CommitCutter(server.port))
        broker_url = broker.create_vhost("chaos")
        consumer = Consumer(broker_url, exchange="sav_exchange", routing_key="sav.ticket.#")
        yield Site(
            folder=folder,
            database_server=server,
            broker_server=broker,
            store_server=store,
            network=network,
            consumer=consumer,
            environment=_environment(folder, network.through(url), broker_url)
            | dict(server_bucket(store).environment),
            database_url=url,
        )


def _environment(folder: Path, database_url: str, broker_url: str) -> dict[str, str]:
    """Short spans, so that a day's closings happen within minutes."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "PYTHONUTF8": "1",
        "SAVCTL_HOME": str(folder / "home"),
        "SAVCTL_DATABASE_URL": database_url,
        "SAVCTL_BROKER_URL": broker_url,
        "SAVCTL_LEASE_SECONDS": str(LEASE_SECONDS),
        "SAVCTL_TICK_SECONDS": "1",
        "SAVCTL_BATCH_SIZE": "20",
        "SAVCTL_CLOSING_BRAKE": "1000000",
        "SAVCTL_AUTO_CLOSE_AFTER": "10s",
        "SAVCTL_CLOSE_RESOLVED_AFTER": "10s",
        "SAVCTL_SCHEDULE_AUTO_CLOSE": _EVERY_MINUTE,
        "SAVCTL_SCHEDULE_CLOSE_RESOLVED": _EVERY_MINUTE,
        "SAVCTL_SCHEDULE_SLA_ESCALATION": _EVERY_MINUTE,
        "SAVCTL_SCHEDULE_TEMP_CLEANUP": _EVERY_MINUTE,
    }
