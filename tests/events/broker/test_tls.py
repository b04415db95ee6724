"""The same line over TLS: who is trusted, and what a broken line loses (nothing)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from savctl.adapters.rabbitmq.broker import RabbitBroker, RabbitSettings
from savctl.errors import ConfigurationError
from savctl.persistence.engine import Database
from savctl.ports import BrokerUnavailable
from tests.conftest import Cli
from tests.crash.processes import PATIENCE_SECONDS, wait_until
from tests.events.backlog import mixed, put, waiting
from tests.events.relay.test_faults import arrive_as_promised, drained_in_thread, standing_still
from tests.servers.brokers.consumer import Consumer
from tests.servers.brokers.rabbitmq import VirtualHost
from tests.servers.certificates import Certificates
from tests.servers.network.tcp_proxy import TcpProxy, Towards

EVENTS, TICKETS = 4_000, 300


@pytest.fixture
def ca(broker: VirtualHost) -> str:
    return str(broker.server.certificates.ca)


@pytest.mark.slow("a relay process and a broker that breaks")
@pytest.mark.only_on("mariadb", "mysql")
def test_a_tls_line_cut_between_publish_and_confirm_loses_nothing(
    database: Database, broker: VirtualHost, listener: Consumer, ca: str
) -> None:
    put(database, mixed(EVENTS, TICKETS))

    with TcpProxy(broker.server.ports.tls) as proxy:
        url = proxy.through(broker.tls_url)
        thread, ended = drained_in_thread(database, url, ca_file=ca, window=50)
        wait_until(lambda: listener.waiting() > 100, what="messages under way")
        proxy.hold(Towards.CLIENT)
        wait_until(standing_still(listener), what="a window without confirms")
        proxy.cut()
        thread.join(PATIENCE_SECONDS)
        proxy.release()
        again, ended_again = drained_in_thread(database, url, ca_file=ca, window=50)
        again.join(PATIENCE_SECONDS)

    assert isinstance(ended[0], BrokerUnavailable)
    assert ended_again == ["done"]
    assert waiting(database) == 0
    assert arrive_as_promised(database, listener) > 0, "nothing was cut between the two"


def test_events_go_over_tls_to_a_broker_of_a_trusted_authority(
    cli: Cli,
    monkeypatch: pytest.MonkeyPatch,
    broker: VirtualHost,
    ca: str,
    listener: Consumer,
    new_ticket: Callable[[], int],
) -> None:
    monkeypatch.setenv("SAVCTL_BROKER_URL", broker.tls_url)
    monkeypatch.setenv("SAVCTL_BROKER_CA_FILE", ca)
    new_ticket()

    sent = cli("event", "relay", "--once")

    assert sent.code == 0, sent.err
    assert len(listener.drain(1)) == 1


@pytest.mark.parametrize("trusts", ["nobody", "somebody else"])
def test_a_broker_of_an_unknown_authority_is_not_trusted(
    broker: VirtualHost, trusts: str, tmp_path: Path
) -> None:
    stranger = None
    if trusts == "somebody else":
        stranger = str(Certificates.make(tmp_path / "stranger").ca)
    line = RabbitBroker(RabbitSettings(url=broker.tls_url, ca_file=stranger))

    with pytest.raises(ConfigurationError, match="TLS failed: CERTIFICATE_VERIFY_F") as raised:
        line.check()
    assert "SAVCTL_BROKER_CA_FILE" in str(raised.value.hint)


def test_a_port_without_tls_is_named_as_such(broker: VirtualHost) -> None:
    line = RabbitBroker(RabbitSettings(url=broker.url.replace("amqp:", "amqps:")))

    with pytest.raises(ConfigurationError, match="TLS failed: WRONG_VERSION_NUMBER") as raised:
        line.check()
    assert "That port speaks no TLS" in str(raised.value.hint)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"ca_file": "/nowhere/ca.pem"}, "broker_ca_file /nowhere/ca.pem: No such file"),
        ({"ca_file": __file__}, "broker_ca_file .*test_tls.py: no such key or certificate"),
        ({"cert_file": "/nowhere/me.pem"}, "broker_cert_file, .* /nowhere/me.pem: No such file"),
    ],
    ids=["missing", "no certificate", "client certificate"],
)
def test_a_wrong_certificate_file_is_named_when_a_line_is_opened(
    broker: VirtualHost, files: dict[str, str], words: str
) -> None:
    line = RabbitBroker(RabbitSettings(url=broker.tls_url, **files))  # type: ignore[arg-type]

    with pytest.raises(ConfigurationError, match=words):
        line.check()
