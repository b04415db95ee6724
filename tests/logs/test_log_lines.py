"""A log line is one line, has the fields of its record, and no stored text forges or steers it."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from savctl.bootstrap import App
from savctl.log import FORMATS, LOGGER, log_fields, to_stderr
from savctl.scheduling.runner import Start, run_job
from tests.cli.naughty import steering
from tests.conftest import Cli
from tests.jobs.conftest import a_job

FORGED = "lost\n2025-10-03T10:30:00Z INFO all is well\r\x1b[2K\u202eback\u2028next"


@pytest.fixture
def log() -> logging.Logger:
    return logging.getLogger(LOGGER)


def written(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err


@pytest.mark.parametrize("form", FORMATS)
def test_stored_text_forges_no_line_and_steers_no_terminal(
    form: str, log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    to_stderr(logging.INFO, form=form)

    log.error("a ticket failed: %s", FORGED, extra={"event": "item_failed", "problem": FORGED})

    text = written(capsys)
    assert text.count("\n") == 1
    assert steering(text) == set()


def test_a_json_line_has_time_level_host_and_fields(
    log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    to_stderr(logging.INFO, form="json")

    with log_fields(job="auto-close", run_id=7):
        log.warning("%s failed", FORGED, extra={"event": "item_failed", "ticket_id": 12})
    log.info("over")

    first, last = (json.loads(line) for line in written(capsys).splitlines())
    assert first["message"] == f"{FORGED} failed"
    assert (first["level"], first["event"], first["ticket_id"]) == ("warning", "item_failed", 12)
    assert (first["job"], first["run_id"]) == ("auto-close", 7)
    assert first["at"].endswith("Z")
    assert first["host"]
    assert "job" not in last


def test_a_text_line_has_the_fields_behind_the_message(
    log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    to_stderr(logging.INFO)

    log.warning("It failed.", extra={"event": "item_failed", "problem": "no room", "job": None})

    assert written(capsys).endswith(' WARNING It failed. event=item_failed problem="no room"\n')


@pytest.mark.parametrize("form", FORMATS)
def test_a_record_that_cannot_be_written_does_not_end_what_logs_it(
    form: str,
    log: logging.Logger,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log, "propagate", False)  # to handlers of the tests, which do raise
    log.handlers[:] = []
    to_stderr(logging.INFO, form=form)

    log.warning("%d tickets", FORGED, extra={"event": "item_failed"})

    [line] = written(capsys).splitlines()
    assert "%d tickets (its values cannot be shown: TypeError)" in line
    assert "log_failed" in line
    assert "all is well" not in line


@pytest.mark.parametrize("form", FORMATS)
def test_a_traceback_cannot_be_taken_for_lines_of_the_log(
    form: str, log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    to_stderr(logging.INFO, form=form)

    problem = ValueError(FORGED)
    log.error("A bug.", exc_info=(ValueError, problem, None))

    first, *more = written(capsys).splitlines()
    assert "A bug." in first
    assert all(line.startswith("    ") for line in more)
    assert form == "text" or more == []


@given(st.text())
def test_any_text_is_one_line(text: str) -> None:
    record = logging.makeLogRecord({"msg": "%s", "args": (text,), "problem": text})
    logger = logging.getLogger(LOGGER)
    for form in FORMATS:
        to_stderr(logging.INFO, form=form)
        line = logger.handlers[-1].format(record)
        assert len(line.splitlines()) == 1
        assert steering(line) <= {"\u200d", "\ufe0f"} | _ordinary(text)


def _ordinary(text: str) -> set[str]:
    """Characters that are invisible and steer nothing: they may stay."""
    steers = {
        "\u200e",
        "\u200f",
        *map(chr, range(0x202A, 0x202F)),
        *map(chr, range(0x2066, 0x206A)),
    }
    return {c for c in steering(text) if ord(c) >= 0xA0 and c not in steers | {"\u2028", "\u2029"}}


def test_what_a_run_logs_names_its_job_and_run(
    app: App, log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    to_stderr(logging.INFO, form="json")

    report = run_job(a_job(lambda _: log.warning("at work"), name="test-job"), app, Start())

    line = json.loads(written(capsys))
    assert (line["message"], line["job"], line["run_id"]) == ("at work", "test-job", report.run_id)


def test_another_form_is_refused_with_what_there_is(cli: Cli) -> None:
    outcome = cli("job", "list", "--log-format", "xml")

    assert outcome.code == 2
    assert "text, json" in outcome.err


def test_the_form_is_a_setting(
    cli: Cli, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_LOG_FORMAT", "xml")

    outcome = cli("config", "check")

    assert outcome.code == 2
    assert "log_format" in outcome.err


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("by", ["option", "variable", "file"])
@pytest.mark.parametrize(
    ("words", "event"),
    [
        (("ticket", "show", "999999"), "command_failed"),
        (("ticket", "list"), "warning"),
        (("job", "run", "auto-close", "--dry-run"), "note"),
        (("scheduler", "tick", "--only", "cache-cleanup"), "note"),
    ],
)
def test_every_line_of_stderr_is_one_of_the_log(
    cli: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    log: logging.Logger,
    by: str,
    words: tuple[str, ...],
    event: str,
) -> None:
    monkeypatch.setenv("SAVCTL_NO_SUCH_SETTING", "x")
    monkeypatch.setenv("SAVCTL_SCHEDULE_CACHE_CLEANUP", "off")
    if by == "variable":
        monkeypatch.setenv("SAVCTL_LOG_FORMAT", "json")
    elif by == "file":
        (tmp_path / "savctl.toml").write_text('log_format = "json"', encoding="utf-8")

    shown = cli(*words, *(("--log-format", "json") if by == "option" else ()))

    lines = [json.loads(line) for line in shown.err.splitlines()]
    assert all({"at", "level", "event", "message", "host"} <= set(line) for line in lines)
    assert event in {line["event"] for line in lines}
    assert "warning" in {line["level"] for line in lines}
    if event == "command_failed":
        assert (lines[-1]["level"], lines[-1]["error"]["exit"]) == ("error", 4)


def test_a_usage_error_is_one_too(cli: Cli) -> None:
    shown = cli("ticket", "lst", "--log-format=json")

    (line,) = (json.loads(text) for text in shown.err.splitlines())
    assert (shown.code, line["level"], line["error"]["code"]) == (2, "error", "usage")
