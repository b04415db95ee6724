"""The dead man's switch and `on_failure`: others are informed of a run, which never suffers."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from savctl.bootstrap import App
from savctl.config import load
from savctl.errors import ConfigurationError, NeedsConfirmation
from savctl.scheduling.job import Context
from savctl.scheduling.runner import JobReport, Start, run_job
from savctl.usecases.batch.report import Item, ItemOutcome
from tests.conftest import Cli
from tests.jobs.conftest import MakeApp, a_job
from tests.jobs.ping_server import PingServer, ping_server
from tests.servers.ports import free_port

KEY = "3f0c-secret-key"


@pytest.fixture
def pinged() -> Iterator[PingServer]:
    with ping_server() as server:
        yield server


@pytest.fixture
def watched(pinged: PingServer, make_app: MakeApp) -> App:
    return make_app(ping_url=f"{pinged.url}/{KEY}/{{job}}?create=1")


def ran(app: App, job: object = None, **start: object) -> JobReport:
    """The report of a run whose calls have arrived or been given up."""
    try:
        return run_job(job or a_job(), app, Start(**start))  # type: ignore[arg-type]
    finally:
        if app.pings is not None:
            app.pings.wait()


def partly(context: Context) -> None:
    context.terms.report.add([Item(7, "TKT-7", ItemOutcome.FAILED, "no room")], seen=1)


def braked(_: Context) -> None:
    raise NeedsConfirmation("too many closings")


def buggy(_: Context) -> None:
    raise ValueError("the customer's own words")


def test_the_beginning_and_the_success_of_a_run_are_reported(
    watched: App, pinged: PingServer
) -> None:
    ran(watched)

    assert pinged.seen == [f"/{KEY}/test-job/start?create=1", f"/{KEY}/test-job?create=1"]


@pytest.mark.parametrize(("work", "code"), [(partly, 3), (braked, 6), (buggy, 1)])
def test_a_failure_is_reported_with_its_exit_code(
    work: object, code: int, watched: App, pinged: PingServer
) -> None:
    try:
        ran(watched, a_job(work))  # type: ignore[arg-type]
    except (NeedsConfirmation, ValueError):
        assert work is not partly

    assert pinged.seen[1:] == [f"/{KEY}/test-job/fail?create=1 exit code {code}"]


def test_a_dry_run_and_a_run_that_never_begins_report_nothing(
    watched: App, pinged: PingServer
) -> None:
    ran(watched, dry_run=True)

    def twice(_: Context) -> None:
        with pytest.raises(Exception, match="is running already"):
            run_job(a_job(), watched, Start())

    ran(watched, a_job(twice))

    assert [path.split("?")[0].rpartition("/")[2] for path in pinged.seen] == ["start", "test-job"]


@pytest.mark.only_on("sqlite")
def test_a_run_that_is_continued_reports_no_end_and_one_that_a_signal_ends_reports_it(
    watched: App, pinged: PingServer
) -> None:
    def half(context: Context) -> None:
        context.terms.report.left = 5

    ran(watched, a_job(half), should_stop=lambda: True)
    assert len(pinged.seen) == 1

    ran(watched, a_job(half), should_stop=lambda: True, stopped=lambda: 143)
    assert pinged.seen[-1].endswith("exit code 143")


@pytest.mark.only_on("sqlite")
def test_what_fails_is_tried_three_times(watched: App, pinged: PingServer) -> None:
    pinged.answers += [500, 503]

    app_done = run_job(a_job(lambda _: time.sleep(0.4)), watched, Start())
    assert watched.pings is not None
    watched.pings.wait()

    names = [path.split("?")[0].rpartition("/")[2] for path in pinged.seen]
    assert names == ["start", "start", "start", "test-job"]
    assert app_done.done.failed == 0


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    "fault",
    [
        "away",
        "answers 500",
        "slow",
        pytest.param("silent", marks=pytest.mark.slow("three requests wait for an answer")),
        pytest.param("drips", marks=pytest.mark.slow("three requests wait for an answer")),
    ],
)
def test_a_server_at_fault_costs_a_job_five_seconds_at_most_and_fails_none(
    fault: str,
    pinged: PingServer,
    make_app: MakeApp,
    caplog: pytest.LogCaptureFixture,
) -> None:
    url = f"http://127.0.0.1:{free_port()}" if fault == "away" else pinged.url
    pinged.answers += [500] * 9 if fault == "answers 500" else []
    pinged.is_silent = fault == "silent"
    pinged.drips = fault == "drips"
    pinged.pause_seconds = 0.3 if fault == "slow" else 0.0
    app = make_app(ping_url=f"{url}/{KEY}/{{job}}")

    began = time.monotonic()
    with caplog.at_level(logging.WARNING, logger="savctl"):
        report = run_job(a_job(), app, Start())
        worked_for = time.monotonic() - began
        assert app.pings is not None
        app.pings.wait()
    waited_for = time.monotonic() - began - worked_for

    assert report.done.failed == 0
    assert worked_for < 1.5
    assert waited_for < 5.2
    assert KEY not in caplog.text
    assert ("ping_url" in caplog.text) == (fault != "slow")
    ends = [path for path in pinged.seen if path.endswith("/test-job")]
    assert len(ends) == {"away": 0, "answers 500": 3, "silent": 3, "drips": 3, "slow": 1}[fault]


@pytest.mark.only_on("sqlite")
def test_a_beginning_never_arrives_after_the_end(watched: App, pinged: PingServer) -> None:
    pinged.answers += [500]
    ran(watched)
    time.sleep(0.3)  # a second try of the beginning would be here by now

    assert pinged.seen[-1].endswith("/test-job?create=1")


def test_the_command_of_a_failure_gets_the_report_without_a_shell(
    make_app: MakeApp, tmp_path: Path
) -> None:
    given = tmp_path / "report; touch shell"
    app = make_app(
        on_failure=f"{sys.executable} -c \"open('{given}', 'w').write(__import__('sys')"
        '.stdin.read())"'
    )

    ran(app)
    assert not given.exists()
    ran(app, a_job(partly))

    report = json.loads(given.read_text())
    assert (report["job"], report["exit"], report["status"]) == ("test-job", 3, "partly")
    assert report["items"][0]["reason"] == "no room"
    with pytest.raises(ValueError, match="own words"):
        ran(app, a_job(buggy))
    again = given.read_text()
    assert json.loads(again)["error"] == "ValueError"
    assert "own words" not in again
    assert not (tmp_path / "shell").exists()


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (f"{sys.executable} -c 'raise SystemExit(4)'", "exit code 4"),
        ("/no/such/program", "cannot be started"),
        (f"{sys.executable} -c 'import time; time.sleep(60)'", "was killed"),
    ],
)
def test_a_command_that_fails_or_hangs_changes_nothing(
    command: str,
    problem: str,
    make_app: MakeApp,
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = make_app(on_failure=command)
    assert app.failure_command is not None
    app.failure_command._seconds = 0.5

    report = ran(app, a_job(partly))

    assert report.done.failed == 1
    assert problem in caplog.text


@pytest.mark.only_on("sqlite")
def test_the_address_is_a_secret_and_must_be_one(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_PING_URL", f"https://hc.example.org/{KEY}/{{job}}")

    shown = cli("config", "show", "-o", "json")

    assert KEY not in shown.out + shown.err
    assert "https://hc.example.org/***" in shown.out
    for wrong in ("ftp://host/{job}", "https:///x", "https://host/{jb}", "https://host/a b"):
        with pytest.raises(ConfigurationError, match="ping_url"):
            load({"HOME": ".", "SAVCTL_PING_URL": wrong})


def test_job_run_reports_from_the_command_line(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, pinged: PingServer
) -> None:
    monkeypatch.setenv("SAVCTL_PING_URL", f"{pinged.url}/{{job}}")

    shown = cli("job", "run", "cache-cleanup", "-o", "json")

    assert shown.code == 0
    assert pinged.seen == ["/cache-cleanup/start", "/cache-cleanup"]
    assert shown.err == ""


@pytest.mark.only_on("sqlite")
def test_without_the_settings_nothing_of_it_is_loaded(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in [name for name in sys.modules if name.startswith("savctl.adapters.watch")]:
        monkeypatch.delitem(sys.modules, module)

    assert cli("job", "run", "cache-cleanup").code == 0

    assert not [name for name in sys.modules if name.startswith("savctl.adapters.watch")]
