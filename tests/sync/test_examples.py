"""The first ten minutes of docs/sync.md, as written, with the example services."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pika
import pytest

from savctl.adapters.rabbitmq.broker import RabbitBroker, RabbitSettings
from tests.conftest import Cli
from tests.crash.processes import wait_until
from tests.servers.brokers.rabbitmq import VirtualHost

PROJECT = Path(__file__).resolve().parents[2]
EXAMPLES = PROJECT / "docs" / "examples"
pytestmark = pytest.mark.only_on("sqlite")


def commands() -> list[str]:
    """The lines of the page's console block behind their prompt."""
    page = (PROJECT / "docs" / "sync.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    return [line.removeprefix("$ ") for line in block.splitlines()]


@pytest.fixture
def environment_of(broker: VirtualHost, tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "BROKER_URL": broker.url, "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def started(environment_of: dict[str, str], tmp_path: Path) -> Iterator[Any]:
    """Start an example; it is gone at the end."""
    running: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *words],
            env=environment_of,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()


@pytest.mark.slow("starts the example services as a reader would")
def test_the_first_ten_minutes_work_as_written(
    cli: Cli,
    database_url: str,
    broker: VirtualHost,
    started: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SAVCTL_DATABASE_URL", database_url)
    monkeypatch.setenv("SAVCTL_BROKER_URL", broker.url)
    outputs: dict[str, str] = {}
    for line in commands():
        first, *words = shlex.split(line)
        if first == "savctl":
            done = cli(*words, "-o", "json")
            assert done.code == 0, (line, done.err)
            outputs[line] = done.out
        elif first == "python":
            script = str(PROJECT / words[0])
            stays = words[-1] == "&"
            process = started(script, *words[1 : -1 if stays else None])
            if stays:
                assert process.stdout.readline().startswith("answering")
            else:
                assert process.wait(20) == 0

    made = next(json.loads(out) for line, out in outputs.items() if "ticket create" in line)
    (listed,) = json.loads(next(out for line, out in outputs.items() if "ticket list" in line))
    assert (made["priority"], listed["priority"]) == ("high", "urgent")
    assert made["metadata"]["order_check"] == "valid"
    shown = json.loads(next(out for line, out in outputs.items() if "user show" in line))
    assert shown["email"] == "ada@example.org"


@pytest.mark.slow("starts a consumer as another service would")
def test_the_example_consumer_counts_an_event_that_comes_twice_once(
    broker: VirtualHost, started: Any
) -> None:
    RabbitBroker(RabbitSettings(url=broker.url)).declare()
    process = started(str(EXAMPLES / "consume_events.py"))
    connection = pika.BlockingConnection(pika.URLParameters(broker.url))
    channel = connection.channel()
    wait_until(lambda: _has_queue(connection), what="the consumer's queue")
    body = json.dumps({"event": "TicketCreated", "data": {"ticket_number": "TKT-1"}})
    last = json.dumps({"event": "TicketCreated", "data": {"ticket_number": "TKT-2"}})
    for name, text in (("m-1", body), ("m-1", body), ("m-2", last)):
        properties = pika.BasicProperties(message_id=name)
        channel.basic_publish("", "example.tickets", text, properties)

    lines = [process.stdout.readline().strip() for _ in range(2)]

    connection.close()
    assert lines == ["TicketCreated TKT-1", "TicketCreated TKT-2"]


def _has_queue(connection: Any) -> bool:
    channel = connection.channel()
    try:
        channel.queue_declare("example.tickets", passive=True)
    except pika.exceptions.ChannelClosedByBroker:
        return False
    channel.close()
    return True
