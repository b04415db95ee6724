"""Private RabbitMQ nodes that are one broker."""

from dataclasses import replace
from types import TracebackType
from typing import Self

from tests.servers.brokers import rabbitmq_flags
from tests.servers.brokers.rabbitmq import PrivateBroker
from tests.servers.brokers.rabbitmq_flags import Ports
from tests.servers.find import BrokerPrograms
from tests.servers.process import GuardedProcess


class _Member(PrivateBroker):
    """A node that finds the others through the epmd of the first one."""

    def __init__(self, programs: BrokerPrograms, first: PrivateBroker) -> None:
        super().__init__(programs)
        self._first = first
        self.node = replace(first.node, name=self.node.name)

    def join(self) -> None:
        """Become part of the first one's cluster."""
        for words in (("stop_app",), ("join_cluster", self._first.node.name), ("start_app",)):
            self.ctl(*words)

    def _choose_ports(self) -> int:
        self._ports = replace(Ports.free(), epmd=self._first.ports.epmd)
        rabbitmq_flags.configure(self.folder, self.node, self._ports, certificates=None)
        return self._ports.amqp

    def _launch(self) -> GuardedProcess:
        return self._guarded(str(self.folder / "home" / "sbin" / "rabbitmq-server"))


class PrivateBrokerCluster:
    """Three nodes; `with PrivateBrokerCluster(programs) as cluster:` runs them."""

    def __init__(self, programs: BrokerPrograms) -> None:
        first = PrivateBroker(programs)
        self.nodes: list[PrivateBroker] = [first, *(_Member(programs, first) for _ in range(2))]

    @property
    def url(self) -> str:
        """What `broker_url` takes: every node."""
        return ",".join(node.url() for node in self.nodes)

    def wait_until_whole(self) -> None:
        """Wait until every node knows the others as running, and all queues have their copies."""
        self.nodes[0].ctl("await_online_nodes", str(len(self.nodes)), "-t", "60")

    def __enter__(self) -> Self:
        try:
            for node in self.nodes:
                node.start()
            for node in self.nodes:
                if isinstance(node, _Member):
                    node.join()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for node in reversed(self.nodes):
            node.crash()
            node.stop()
