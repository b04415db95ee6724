"""`analytics-export`: the month before into a folder or a bucket, and again when it changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from savctl.bootstrap import App
from savctl.config import load
from savctl.domain.analytics.months import Month
from savctl.domain.sla.policy import Policies
from savctl.errors import Unavailable
from savctl.persistence.archive import index
from savctl.persistence.engine import Database
from savctl.scheduling.job import find_job
from savctl.scheduling.slots import Schedule
from savctl.usecases.analytics import publishing
from savctl.usecases.analytics.exporting import AnalyticsRun, export_analytics
from savctl.usecases.analytics.places import (
    AnalyticsPlace,
    BucketPlace,
    FolderPlace,
    revisions,
)
from savctl.usecases.analytics.publishing import Publishing, publish_analytics
from savctl.usecases.analytics.reading import Source
from savctl.usecases.archive.cold_storage import ColdStorage
from savctl.usecases.batch.atomic_file import new_file
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from tests.analytics.desk import FIRST, lived, rows_of
from tests.conftest import Cli
from tests.given import DAY, rows, write
from tests.servers.stores.buckets import Bucket

AFTER = datetime(2025, 10, 3, 2, tzinfo=UTC)
Publish = Callable[..., BatchReport]


@pytest.fixture
def place(tmp_path: Path) -> AnalyticsPlace:
    return FolderPlace(tmp_path / "figures")


@pytest.fixture
def publish(database: Database, place: AnalyticsPlace) -> Publish:
    """Run the job's work at a moment; answers its report."""

    def run(at: datetime = AFTER, *, form: str = "csv", dry_run: bool = False) -> BatchReport:
        source = Source(database=database, cold=_no_cold, policies=Policies(), now=at)
        how = Publishing(place=place, form=form, smallest=1, months=12)
        terms = BatchContext(report=BatchReport(lists_changes=dry_run), dry_run=dry_run)
        publish_analytics(source, how, terms)
        return terms.report

    return run


def _no_cold() -> ColdStorage:
    raise AssertionError("no ticket is archived: cold storage is not opened")


def held(place: AnalyticsPlace) -> list[str]:
    """The files without their schemas."""
    return sorted(name for name in place.names() if not name.endswith(".schema.json"))


@pytest.fixture
def desk(database: Database) -> int:
    """A ticket that was solved in September; answers its id."""
    return lived(database, FIRST, (1, "answer"), (3, "solve"))


def recategorised(database: Database, ticket: int, category: str) -> None:
    write(database, f"UPDATE support_tickets SET category = '{category}' WHERE id = {ticket}")


def test_the_month_before_is_published_with_its_schema_and_on_record(
    publish: Publish, place: AnalyticsPlace, database: Database, desk: int
) -> None:
    report = publish()

    assert sorted(place.names()) == ["2025-09.csv", "2025-09.csv.schema.json"]
    content = place.read("2025-09.csv")
    assert rows_of(content, ".csv")[-1]["resolved"] == 1
    (entry,) = rows(database, "SELECT actor, entry FROM savctl_audit WHERE action = 'export'")
    facts = json.loads(entry["entry"])
    assert (entry["actor"], facts["file"]) == (None, "2025-09.csv")
    assert facts["sha256"] == hashlib.sha256(content).hexdigest()
    assert (report.seen, report.changed, report.items) == (1, 1, [])


@pytest.mark.only_stores("seaweedfs")
@pytest.mark.only_on("sqlite")
def test_in_a_bucket_as_in_a_folder(
    database: Database, bucket: Bucket, cli: Cli, monkeypatch: pytest.MonkeyPatch, desk: int
) -> None:
    place = BucketPlace(bucket.store, "analytics/")
    source = Source(database=database, cold=_no_cold, policies=Policies(), now=AFTER)
    how = Publishing(place=place, form="jsonl", smallest=1, months=12)

    for category in ("delivery", "refund"):
        recategorised(database, desk, category)
        publish_analytics(source, how, BatchContext(report=BatchReport()))

    assert held(place) == ["2025-09-r2.jsonl", "2025-09.jsonl"]
    assert rows_of(place.read("2025-09-r2.jsonl"), ".jsonl")[0]["category"] == "refund"
    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    answered = cli("job", "run", "analytics-export", "-o", "json")
    assert answered.code == 0, answered.err
    assert json.loads(answered.out)["changed"] == 1
    last_month = Month.of(datetime.now(UTC)).plus(-1)
    assert last_month in revisions(place, "csv")


def test_the_same_figures_are_not_written_again(
    publish: Publish, place: AnalyticsPlace, desk: int
) -> None:
    publish()

    report = publish(AFTER + DAY)

    assert held(place) == ["2025-09.csv"]
    assert (report.seen, report.changed) == (1, 0)


def test_other_figures_are_written_beside_the_first_and_reported(
    publish: Publish, place: AnalyticsPlace, database: Database, desk: int
) -> None:
    publish()
    first = place.read("2025-09.csv")
    recategorised(database, desk, "refund")

    report = publish()
    write(database, "DELETE FROM support_tickets")  # as an erasure does
    again = publish()

    assert held(place) == ["2025-09-r2.csv", "2025-09-r3.csv", "2025-09.csv"]
    assert place.read("2025-09.csv") == first
    (item,) = report.items
    assert (item.id, item.reason) == ("2025-09-r2.csv", "other figures than 2025-09.csv")
    assert again.items[0].reason == "other figures than 2025-09-r2.csv"
    assert rows_of(place.read("2025-09-r3.csv"), ".csv")[-1]["created"] == 0


def test_a_later_run_publishes_what_is_missing_and_finds_older_months_that_changed(
    publish: Publish, place: AnalyticsPlace, database: Database, desk: int
) -> None:
    publish()
    lived(database, datetime(2025, 10, 7, tzinfo=UTC), (1, "solve"))
    recategorised(database, desk, "refund")

    publish(datetime(2026, 1, 3, 2, tzinfo=UTC))

    assert held(place) == [
        "2025-09-r2.csv",
        "2025-09.csv",
        "2025-10.csv",
        "2025-11.csv",
        "2025-12.csv",
    ]


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_months_that_are_read_in_several_passes_have_the_same_figures(
    at_once: int,
    publish: Publish,
    place: AnalyticsPlace,
    database: Database,
    desk: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish()
    lived(database, datetime(2025, 10, 7, tzinfo=UTC), (40, "answer"), (80, "solve"))
    lived(database, datetime(2025, 11, 7, tzinfo=UTC), (1, "answer"))
    recategorised(database, desk, "refund")
    later = datetime(2026, 2, 3, 2, tzinfo=UTC)
    published = {str(item.id) for item in publish(later, dry_run=True).items}
    publish(later)
    once = {name: place.read(name) for name in published}
    for name in published:
        (tmp_path / "figures" / name).unlink()

    monkeypatch.setattr(publishing, "MONTHS_AT_ONCE", at_once)
    report = publish(later)

    assert len(published) == 5
    assert {name: place.read(name) for name in published} == once
    assert (report.changed, report.left) == (5, 0)


def test_months_longer_ago_than_the_setting_are_left_alone(
    publish: Publish, place: AnalyticsPlace, database: Database, desk: int
) -> None:
    publish()
    recategorised(database, desk, "refund")

    publish(datetime(2026, 10, 3, 2, tzinfo=UTC))

    assert held(place) == ["2025-09.csv", "2026-09.csv"]


def test_a_dry_run_lists_the_files_and_writes_none(
    publish: Publish, place: AnalyticsPlace, database: Database, desk: int
) -> None:
    report = publish(dry_run=True)

    assert [item.id for item in report.items] == ["2025-09.csv"]
    assert held(place) == []
    assert rows(database, "SELECT 1 FROM savctl_audit WHERE action = 'export'") == []


def test_a_run_that_is_stopped_while_it_reads_writes_nothing(
    database: Database, place: AnalyticsPlace, desk: int
) -> None:
    source = Source(database=database, cold=_no_cold, policies=Policies(), now=AFTER)
    how = Publishing(place=place, form="csv", smallest=1, months=12)
    terms = BatchContext(report=BatchReport(), should_stop=lambda: True)

    publish_analytics(source, how, terms)

    assert (terms.report.left, terms.report.changed, held(place)) == (1, 0, [])


def test_an_export_that_is_stopped_leaves_no_file(
    database: Database, tmp_path: Path, desk: int
) -> None:
    source = Source(database=database, cold=_no_cold, policies=Policies(), now=AFTER)
    run = AnalyticsRun(
        month=Month(2025, 9), form="csv", smallest=1, by=None, should_stop=lambda: True
    )

    with new_file(tmp_path / "m.csv", overwrite=False) as file:
        report = export_analytics(source, run, file)

    assert report.reading.is_stopped
    assert list(tmp_path.glob("m.*")) == []
    assert rows(database, "SELECT 1 FROM savctl_audit WHERE action = 'export'") == []


def test_figures_that_tickets_left_for_the_archive_meanwhile_are_not_written(
    database: Database, place: AnalyticsPlace, desk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([(0, None), (1, AFTER)])
    monkeypatch.setattr(index, "standing", lambda _: next(answers))
    source = Source(database=database, cold=_no_cold, policies=Policies(), now=AFTER)
    how = Publishing(place=place, form="csv", smallest=1, months=12)

    with pytest.raises(Unavailable):
        publish_analytics(source, how, BatchContext(report=BatchReport()))

    assert held(place) == []


def test_files_of_other_programs_in_the_folder_are_no_months(
    publish: Publish, place: AnalyticsPlace, desk: int
) -> None:
    for name in ("2025-13.csv", "2025-09-r0.csv", "notes.txt.json", "2025-09.csv.part.json"):
        place.write(name, b"mine")

    publish()

    assert "2025-09.csv" in held(place)


def test_a_run_that_was_killed_between_schema_and_figures_is_done_again(
    publish: Publish, place: AnalyticsPlace, desk: int
) -> None:
    place.write("2025-09.csv.schema.json", b"{}")

    publish()

    assert held(place) == ["2025-09.csv"]
    assert len(place.read("2025-09.csv.schema.json")) > 100


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({}, "{home}/files/analytics"),
        ({"SAVCTL_ARCHIVE_URL": "file:///mnt/cold"}, "/mnt/cold/analytics"),
        ({"SAVCTL_ARCHIVE_URL": "s3://sav"}, "sav at {server}/analytics/"),
        ({"SAVCTL_ARCHIVE_URL": "s3://sav/cold"}, "sav at {server}/analytics/"),
        ({"SAVCTL_ARCHIVE_URL": "s3://sav/deep/cold"}, "sav at {server}/deep/analytics/"),
        ({"SAVCTL_ANALYTICS_URL": "s3://sav"}, "sav at {server}/analytics/"),
        ({"SAVCTL_ANALYTICS_URL": "s3://sav/figures"}, "sav at {server}/figures/"),
        ({"SAVCTL_ANALYTICS_URL": "file:///srv/figures"}, "/srv/figures"),
    ],
)
def test_the_place_is_beside_the_archive_or_where_the_setting_is(
    settings: dict[str, str], found: str, tmp_path: Path
) -> None:
    server = "http://127.0.0.1:1"
    environment = {"SAVCTL_HOME": str(tmp_path), "SAVCTL_STORAGE_ENDPOINT": server}
    app = App(load(environment=environment | settings))

    assert app.analytics_place.name == found.format(home=tmp_path, server=server)
    app.close()


def test_it_runs_on_the_third_of_the_month() -> None:
    schedule = Schedule(find_job("analytics-export").cron)

    assert schedule.next_after(datetime(2025, 10, 1, tzinfo=UTC)) == AFTER
