"""The faulty network of the tests: what other tests take for granted about it."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pika
import pytest
from pika.exceptions import AMQPConnectionError, StreamLostError

from tests.servers.brokers.consumer import Consumer
from tests.servers.brokers.rabbitmq import VirtualHost
from tests.servers.network.tcp_proxy import TcpProxy, Towards
from tests.servers.ports import LOOPBACK


class Echo:
    """A server that remembers what it heard and says it again."""

    def __init__(self) -> None:
        self.heard = b""
        self.listener = socket.create_server((LOOPBACK, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def end(self) -> None:
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # or accept() takes one more
        self.listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            while piece := client.recv(65_536):
                self.heard += piece
                client.sendall(piece)


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.end()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[TcpProxy]:
    with TcpProxy(echo.port) as proxy:
        yield proxy


@pytest.fixture
def client(proxy: TcpProxy) -> Iterator[socket.socket]:
    with socket.create_connection((LOOPBACK, proxy.port), timeout=5) as client:
        yield client


def test_everything_passes_both_ways_to_the_last_byte(client: socket.socket) -> None:
    sent = bytes(range(256)) * 20_000

    def send() -> None:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send)
    sender.start()
    came = b"".join(iter(lambda: client.recv(65_536), b""))
    sender.join()

    assert came == sent


def test_a_cut_resets_the_client(proxy: TcpProxy, client: socket.socket) -> None:
    ask(client, b"hello")
    assert proxy.connections == 1

    proxy.cut()

    with pytest.raises(ConnectionResetError):
        client.recv(1)
    assert proxy.connections == 0


def test_answers_can_be_held_while_questions_pass(
    proxy: TcpProxy, client: socket.socket, echo: Echo
) -> None:
    proxy.hold(Towards.CLIENT)
    client.sendall(b"confirm me")
    client.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.recv(1)
    assert echo.heard == b"confirm me"

    proxy.release()

    assert client.recv(100) == b"confirm me"


def test_a_cut_loses_what_was_held(proxy: TcpProxy, client: socket.socket, echo: Echo) -> None:
    proxy.hold()
    client.sendall(b"never heard")
    proxy.cut()
    proxy.release()

    with socket.create_connection((LOOPBACK, proxy.port), timeout=5) as other:
        ask(other, b"later")

    assert echo.heard == b"later"


def test_new_connections_can_be_refused(proxy: TcpProxy, client: socket.socket) -> None:
    ask(client, b"hello")

    proxy.refuse()
    with (
        pytest.raises(ConnectionResetError),
        socket.create_connection((LOOPBACK, proxy.port), timeout=5) as other,
    ):
        ask(other, b"hello")
    ask(client, b"still here")

    proxy.refuse(False)

    with socket.create_connection((LOOPBACK, proxy.port), timeout=5) as other:
        ask(other, b"hello again")


def test_a_delay_is_waited_for(proxy: TcpProxy, client: socket.socket) -> None:
    proxy.delay(0.2)
    begun = time.monotonic()
    ask(client, b"slowly")
    assert time.monotonic() - begun >= 0.4

    proxy.delay(0)
    begun = time.monotonic()
    ask(client, b"fast")
    assert time.monotonic() - begun < 0.2


def test_a_server_that_is_not_there_resets(echo: Echo, proxy: TcpProxy) -> None:
    echo.end()

    with (
        pytest.raises(ConnectionResetError),
        socket.create_connection((LOOPBACK, proxy.port), timeout=5) as client,
    ):
        ask(client, b"hello")


def test_a_publish_can_arrive_whose_confirm_does_not(broker: VirtualHost) -> None:
    consumer = Consumer(broker.url, exchange="sav_exchange")
    with TcpProxy(broker.server.port) as proxy:
        connection = pika.BlockingConnection(pika.URLParameters(proxy.through(broker.url)))
        channel = connection.channel()
        channel.confirm_delivery()
        proxy.hold(Towards.CLIENT)
        cutter = threading.Thread(target=cut_once_arrived, args=(proxy, consumer))
        cutter.start()

        with pytest.raises(StreamLostError):
            channel.basic_publish("sav_exchange", "sav.ticket.created", b"1", mandatory=True)

        cutter.join()
        with pytest.raises(AMQPConnectionError):
            pika.BlockingConnection(pika.URLParameters(proxy.through(broker.url)))
    assert [message.body for message in consumer.drain(1)] == [b"1"]


def cut_once_arrived(proxy: TcpProxy, consumer: Consumer) -> None:
    give_up = time.monotonic() + 10
    while not consumer.waiting() and time.monotonic() < give_up:
        time.sleep(0.02)
    proxy.refuse()
    proxy.cut()


def ask(client: socket.socket, question: bytes) -> None:
    client.sendall(question)
    assert client.recv(100) == question
