"""An erasure that somebody stops, or begins twice, in processes of their own."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from threading import Event, Thread

import pytest

from savctl.persistence.engine import Database
from savctl.ports import ObjectStore, SetClock, system_clock
from tests.crash.processes import count, ended, running, wait_until
from tests.erasure.everything import Everything, everything
from tests.erasure.looking import keys_of_own, leftovers
from tests.erasure.others import changed, others
from tests.given import CUSTOMER, created, rows
from tests.servers.stores.buckets import Bucket

pytestmark = [
    pytest.mark.slow("runs erasures in processes of their own"),
    pytest.mark.pairs(("sqlite", "directory"), ("mariadb", "seaweedfs")),
]
COMMAND = ("gdpr", "erase", str(CUSTOMER), "--confirm", str(CUSTOMER), "-o", "json")
CLEARED = "SELECT COUNT(*) AS n FROM savctl_erasure_places WHERE state = 'cleared'"
LISTED = "SELECT COUNT(*) AS n FROM savctl_erasure_places"
STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGTERM)
BEGUN = "SELECT COUNT(*) AS n FROM savctl_runs"


@pytest.fixture
def e(database: Database, store: ObjectStore, clock: SetClock) -> Everything:
    made = everything(database, store, clock)
    made.release()
    return made


@pytest.fixture
def around_it(
    environment: dict[str, str], database_url: str, bucket: Bucket, e: Everything
) -> dict[str, str]:
    return {**environment, "SAVCTL_DATABASE_URL": database_url, **bucket.environment}


def test_a_stopped_erasure_shows_no_certificate_and_goes_on(
    e: Everything, around_it: dict[str, str], tmp_path: Path
) -> None:
    before, ids = others(e), set[str]()
    certificate = ("--certificate", str(tmp_path / "erased.json"))
    moments = ((LISTED, 1), (CLEARED, 4), (CLEARED, 9))

    for (query, least), number in zip(moments, STOPS, strict=True):
        with running(around_it, *COMMAND, *certificate) as process:
            wait_until(
                lambda q=query, n=least, p=process: (  # type: ignore[misc]
                    count(e.database, q) >= n or p.poll() is not None
                ),
                what="an erasure at work",
                every=0.001,
            )
            process.send_signal(number)
            code, out, err = ended(process)
        assert code == 128 + number, err
        assert out == ""
        assert "run the same command again" in err
        assert not (tmp_path / "erased.json").exists()
        (begun,) = rows(e.database, "SELECT id, state, certificate FROM savctl_erasures")
        assert (begun["state"], begun["certificate"]) == ("running", None)
        ids |= {begun["id"]}
        assert changed(before, others(e)) == []

    with running(around_it, *COMMAND, *certificate) as process:
        code, out, err = ended(process)
    assert code == 0, err
    assert len(ids) == 1
    assert ids.pop() in out
    assert leftovers(e) == {}
    assert keys_of_own(e) == [e.shared]
    assert changed(before, others(e)) == []


def test_of_two_at_once_one_ends_with_9(e: Everything, around_it: dict[str, str]) -> None:
    with running(around_it, *COMMAND) as first:
        wait_until(lambda: count(e.database, BEGUN) > 0, what="a run", every=0.001)
        with running(around_it, *COMMAND) as second:
            code, out, err = ended(second)
        assert first.poll() is None, "it was over too soon to prove anything"
        assert code == 9, err
        assert out == ""
        assert ended(first)[0] == 0
    assert leftovers(e) == {}


def test_tickets_that_are_opened_meanwhile_are_found(
    e: Everything, around_it: dict[str, str]
) -> None:
    """As long as somebody goes on there is no certificate; then the same command ends it."""
    end, opened = Event(), list[int]()

    def write() -> None:
        while not end.is_set():
            opened.append(created(e.database, system_clock, description="mark-late").id)
            time.sleep(0.01)

    writer = Thread(target=write)
    writer.start()
    try:
        with running(around_it, *COMMAND) as process:
            code, out, err = ended(process)
    finally:
        end.set()
        writer.join()
    assert code == 10, err
    assert out == ""
    (begun,) = rows(e.database, "SELECT id, certificate FROM savctl_erasures")
    assert begun["certificate"] is None

    with running(around_it, *COMMAND) as process:
        code, out, err = ended(process)
    assert code == 0, err
    assert begun["id"] in out
    assert opened
    e.marks.append("mark-late")
    assert leftovers(e) == {}
