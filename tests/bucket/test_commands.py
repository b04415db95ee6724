"""The jobs and the list as an operator runs them."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import pytest

from savctl.adapters.directory.store import DirectoryStore
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.bucket.conftest import Bucket
from tests.conftest import Cli
from tests.given import rows

LIVE = "tickets/1/11111111111111111111111111111111.png"
ORPHANS = [f"tickets/1/{number:032x}.png" for number in range(3)]
JOB = ("job", "run", "orphan-cleanup")


@pytest.fixture
def bucket(database: Database, clock: SetClock, tmp_path: Path, cli: Cli) -> Bucket:
    """The bucket of the command line's home; its objects are some weeks old."""
    found = Bucket(DirectoryStore(tmp_path / "home" / "files", clock), database, clock)
    found.put(LIVE, *ORPHANS)
    found.record(LIVE)
    return found


def test_the_list_shows_both_directions(cli: Cli, bucket: Bucket) -> None:
    bucket.record("tickets/1/gone.png")

    outcome = cli("attachment", "orphans", "-o", "json")

    assert outcome.code == 0
    found = {row["key"]: row["finding"] for row in json.loads(outcome.out)}
    assert found == {**dict.fromkeys(ORPHANS, "orphan"), "tickets/1/gone.png": "missing"}
    assert "4 objects, 2 records: 3 orphan, 0 too_young" in outcome.err
    assert bucket.visible() == {LIVE, *ORPHANS}


def test_the_list_can_show_one_finding_alone(cli: Cli, bucket: Bucket) -> None:
    bucket.record("tickets/1/gone.png")

    outcome = cli("attachment", "orphans", "--only", "missing", "-o", "ids")

    assert outcome.out.split() == ["tickets/1/gone.png"]


def test_hostile_keys_do_not_reach_the_terminal(cli: Cli, bucket: Bucket) -> None:
    bucket.put("tickets/1/a\u202egnp.png")

    shown = cli("attachment", "orphans").out + cli(*JOB, "--dry-run").out

    assert "\u202e" not in shown


def test_the_job_hides_and_tells(cli: Cli, bucket: Bucket) -> None:
    outcome = cli(*JOB, "-o", "json")

    report = json.loads(outcome.out)
    assert outcome.code == 0, outcome.err
    assert (report["seen"], report["changed"], report["details"]["hidden_bytes"]) == (4, 3, 21)
    assert bucket.visible() == {LIVE}
    last = json.loads(cli("attachment", "orphans", "--last", "-o", "json").out)
    assert last["orphan"] == 3


def test_before_the_first_run_there_is_no_last_one(cli: Cli, bucket: Bucket) -> None:
    assert cli("attachment", "orphans", "--last").code == 4


def test_the_brake_exits_6_and_force_lifts_it(cli: Cli, bucket: Bucket) -> None:
    bucket.database.transaction(lambda c: c.exec_driver_sql("DELETE FROM ticket_attachments"))

    outcome = cli(*JOB)
    assert outcome.code == 6
    assert "no record at all" in outcome.err
    assert len(bucket.visible()) == 4
    assert cli("job", "why", "orphan-cleanup").out.count("brake")

    assert cli(*JOB, "--force").code == 0
    assert bucket.visible() == set()


def test_a_bucket_that_is_down_exits_8(
    cli: Cli, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_STORAGE_URL", "file:///proc/none")

    assert cli(*JOB).code == 8


class TestPlan:
    def test_a_plan_is_written_and_nothing_hidden(
        self, cli: Cli, bucket: Bucket, tmp_path: Path
    ) -> None:
        outcome = cli(*JOB, "--plan-out", "plan.jsonl", "-o", "json")

        assert outcome.code == 0, outcome.err
        assert json.loads(outcome.out)["changed"] == 3
        first, *objects = map(json.loads, (tmp_path / "plan.jsonl").read_text().splitlines())
        assert (first["plan"], first["orphan"], first["objects"]) == ("orphan-cleanup", 3, 4)
        assert [one["key"] for one in objects] == ORPHANS
        assert objects[0]["modified_at"] == "2025-10-03T10:30:00.000000Z"
        assert bucket.visible() == {LIVE, *ORPHANS}
        assert rows(bucket.database, "SELECT id FROM savctl_runs") == []

    def test_it_is_not_written_over_another(
        self, cli: Cli, bucket: Bucket, tmp_path: Path
    ) -> None:
        (tmp_path / "plan.jsonl").write_text("mine")

        assert cli(*JOB, "--plan-out", "plan.jsonl").code == 6
        assert (tmp_path / "plan.jsonl").read_text() == "mine"

        assert cli(*JOB, "--plan-out", "plan.jsonl", "--force").code == 0
        assert (tmp_path / "plan.jsonl").read_text().startswith('{"plan": "orphan-cleanup"')

    def test_what_is_taken_out_or_named_by_now_stays(
        self, cli: Cli, bucket: Bucket, tmp_path: Path
    ) -> None:
        cli(*JOB, "--plan-out", "plan.jsonl")
        lines = (tmp_path / "plan.jsonl").read_text().splitlines(keepends=True)
        (tmp_path / "plan.jsonl").write_text("".join(lines[:-1]))
        bucket.record(ORPHANS[0])

        outcome = cli(*JOB, "--plan", "plan.jsonl", "-o", "json")

        report = json.loads(outcome.out)
        assert (report["seen"], report["changed"], report["skipped"]) == (2, 1, 1)
        assert bucket.visible() == {LIVE, ORPHANS[0], ORPHANS[2]}

    def test_a_plan_cannot_name_what_a_cleanup_would_not(
        self, cli: Cli, bucket: Bucket, tmp_path: Path
    ) -> None:
        cli(*JOB, "--plan-out", "plan.jsonl")
        with (tmp_path / "plan.jsonl").open("a") as plan:
            for key in (LIVE, "tickets/1/ffffffffffffffffffffffffffffffff.png"):
                row = {"key": key, "size_bytes": 7, "modified_at": "2025-10-03T10:30:00Z"}
                plan.write(json.dumps(row) + "\n")

        outcome = cli(*JOB, "--plan", "plan.jsonl", "-o", "json")

        assert bucket.visible() == {LIVE}
        assert [item["reason"] for item in json.loads(outcome.out)["items"]] == [
            "is named by now: attachment 1",
            "is gone already",
        ]

    def test_a_young_object_is_not_hidden_whatever_the_plan_says(
        self, cli: Cli, bucket: Bucket
    ) -> None:
        cli(*JOB, "--plan-out", "plan.jsonl")
        store = DirectoryStore(Path(bucket.store.name))  # the machine's clock: stored now
        store.put(ORPHANS[0], BytesIO(b"content"), size_bytes=7, content_type="image/png")

        cli(*JOB, "--plan", "plan.jsonl")

        assert bucket.visible() == {LIVE, ORPHANS[0]}

    def test_the_brake_counts_for_a_plan_too(
        self, cli: Cli, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SAVCTL_ORPHAN_BRAKE_COUNT", "2")
        cli(*JOB, "--plan-out", "plan.jsonl")

        assert cli(*JOB, "--plan", "plan.jsonl").code == 6
        assert len(bucket.visible()) == 4
        assert cli(*JOB, "--plan", "plan.jsonl", "--force").code == 0

    def test_a_plan_for_another_bucket_is_refused(
        self, cli: Cli, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cli(*JOB, "--plan-out", "plan.jsonl")
        monkeypatch.setenv("SAVCTL_STORAGE_URL", f"file://{Path.cwd()}/other")

        outcome = cli(*JOB, "--plan", "plan.jsonl")

        assert outcome.code == 2
        assert "is for the bucket" in outcome.err

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "no json\n",
            "[]\n",
            '{"plan": "other"}\n',
            "HEAD",
            'HEAD\n{"key": "backups/x.sql", "size_bytes": 1, "modified_at": "2025-10-03"}',
            'HEAD\n{"key": "tickets/1/x.png", "size_bytes": "1", "modified_at": "2025-10-03"}',
            'HEAD\n{"key": "tickets/1/x.png", "size_bytes": 1, "modified_at": "soon"}',
            'HEAD\n{"key": "tickets/1/x.png", "size_by',
            "HEAD\n[1]",
        ],
    )
    def test_what_is_no_plan_is_refused_before_anything_is_done(
        self, cli: Cli, bucket: Bucket, tmp_path: Path, text: str
    ) -> None:
        cli(*JOB, "--plan-out", "good.jsonl")
        good = (tmp_path / "good.jsonl").read_text().rstrip()
        (tmp_path / "plan.jsonl").write_text(text.replace("HEAD", good))

        outcome = cli(*JOB, "--plan", "plan.jsonl")

        assert outcome.code == (0 if text == "HEAD" else 2), outcome.err
        assert bucket.visible() == ({LIVE} if text == "HEAD" else {LIVE, *ORPHANS})

    def test_other_jobs_know_no_plan(self, cli: Cli, bucket: Bucket) -> None:
        assert cli("job", "run", "auto-close", "--plan-out", "x").code == 2
        assert cli("job", "run", "auto-close", "--force").code == 2
        assert cli(*JOB, "--plan", "a", "--plan-out", "b").code == 2
        assert cli(*JOB, "--plan", "absent.jsonl").code == 2
