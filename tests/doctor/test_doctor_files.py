"""`doctor` and the bucket: how it is set up, whether savctl may do its work, who else may."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from botocore.exceptions import ClientError

from savctl.adapters.directory.store import DirectoryStore
from savctl.adapters.s3.store import S3Settings, S3Store
from savctl.persistence.engine import Database
from savctl.ports import (
    ObjectStore,
    Scanner,
    ScannerUnavailable,
    ScanResult,
    SetClock,
    StoredObject,
    StoreUnavailable,
    system_clock,
)
from savctl.usecases.doctor.checks import CheckLevel, CheckResult, Environment, diagnose
from savctl.usecases.doctor.files import FILES, RECORDS
from tests.conftest import Cli, S3Servers
from tests.given import created, snapshot, write
from tests.servers.ports import LOOPBACK, free_port
from tests.servers.stores.buckets import Bucket, server_bucket
from tests.servers.stores.canned_s3 import Answer, CannedS3, Heard
from tests.servers.stores.ministack import PrivateMinistack
from tests.servers.stores.s3_server import PrivateS3

SERVERS = pytest.mark.only_stores("seaweedfs", "ministack")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Database]:
    """A database, which doctor asks for first."""
    from savctl.persistence.schema import versions as schema

    found = Database(f"sqlite:///{tmp_path}/savctl.db")
    schema.upgrade(found, owner="tests")
    yield found
    found.close()


@pytest.fixture
def server(store_kind: str, s3_servers: S3Servers) -> PrivateS3:
    return s3_servers.of(store_kind)


@pytest.fixture
def name(bucket: Bucket) -> str:
    return bucket.environment["SAVCTL_STORAGE_URL"].removeprefix("s3://")


@pytest.fixture
def examine(home: Database) -> Callable[..., list[CheckResult]]:
    def examined(store: ObjectStore | None, scanner: Scanner | None = None) -> list[CheckResult]:
        environment = Environment(database=home, clock=system_clock, store=store, scanner=scanner)
        return diagnose(environment, RECORDS, elsewhere=FILES).results[1:]

    return examined


Examine = Callable[..., list[CheckResult]]


def troubles(signs: list[CheckResult]) -> dict[str, tuple[CheckLevel, str]]:
    return {
        sign.check: (sign.level, sign.found)
        for sign in signs
        if sign.level in {CheckLevel.WARN, CheckLevel.ERROR}
    }


def test_a_good_bucket_has_no_trouble_and_nothing_is_left_in_it(
    store: ObjectStore, examine: Examine
) -> None:
    store.hide(["make it"])
    store.purge(["make it"])

    signs = examine(store)

    assert troubles(signs) == {}
    assert {sign.check for sign in signs} >= {
        "bucket",
        "bucket versions",
        "bucket lifecycle",
        "bucket rights",
        "bucket privacy",
    }
    assert list(store.versions("")) == []
    assert list(store.partial_uploads("")) == []


class BreaksOff(DirectoryStore):
    """A store that goes away in the middle of the examination."""

    def find(self, key: str) -> StoredObject | None:
        raise StoreUnavailable(f"gone at {key}")


def test_a_store_that_breaks_off_keeps_no_probe(tmp_path: Path, examine: Examine) -> None:
    (tmp_path / "files").mkdir(mode=0o700)
    store = BreaksOff(tmp_path / "files")

    failed = troubles(examine(store))

    assert "gone at temp/" in failed["bucket"][1]
    assert list(store.versions("")) == []
    store.close()


def test_a_folder_that_is_not_there_yet_is_no_trouble_and_is_not_made(
    tmp_path: Path, examine: Examine
) -> None:
    store = DirectoryStore(tmp_path / "files")

    (sign,) = [sign for sign in examine(store) if sign.check == "bucket"]

    assert (sign.level, sign.found) == (CheckLevel.OK, f"{tmp_path}/files is made on first use")
    assert not (tmp_path / "files").exists()


def record(database: Database, *keys: str) -> None:
    """Records that name these, as the service writes them."""
    ticket = created(database, system_clock)
    for key in keys:
        write(
            database,
            "INSERT INTO ticket_attachments (ticket_id, original_name, filename, file_path, "
            "mime_type, file_size, created_at, updated_at) VALUES "
            f"({ticket.id}, 'a', 'a', '{key}', 'text/plain', 1, '2025-10-03', '2025-10-03')",
        )


@pytest.mark.parametrize(
    ("stored", "level"),
    [(6, None), (5, CheckLevel.WARN), (1, CheckLevel.ERROR), (0, CheckLevel.ERROR)],
)
def test_a_bucket_of_another_database_is_found_by_its_newest_files(
    tmp_path: Path, home: Database, examine: Examine, stored: int, level: CheckLevel | None
) -> None:
    (tmp_path / "files").mkdir(mode=0o700)
    keys = [f"tickets/1/{number}.txt" for number in range(6)]
    record(home, *keys)

    with closing(DirectoryStore(tmp_path / "files")) as store:
        for key in keys[:stored]:
            store.put(key, BytesIO(b"1"), size_bytes=1, content_type="text/plain")
        signs = [sign for sign in examine(store) if sign.check == "bucket files"]

    assert [sign.level for sign in signs] == [level or CheckLevel.OK]
    assert f"of the newest 5 files are not in {tmp_path}/files" in signs[0].found or not level


def test_a_key_that_no_store_takes_is_a_file_that_is_not_there(
    tmp_path: Path, home: Database, examine: Examine
) -> None:
    record(home, "../up.txt")
    (tmp_path / "files").mkdir(mode=0o700)

    with closing(DirectoryStore(tmp_path / "files")) as store:
        found = troubles(examine(store))

    assert found["bucket files"][0] is CheckLevel.ERROR


def test_a_folder_whose_disk_is_away_is_reported_by_doctor_and_left_alone_by_everything(
    cli: Cli, database: Database, clock: SetClock, tmp_path: Path
) -> None:
    ticket = created(database, clock)
    (tmp_path / "a.txt").write_text("a")
    assert cli("attachment", "add", ticket.id, "a.txt").code == 0
    folder = tmp_path / "home" / "files"
    folder.rename(tmp_path / "away")
    folder.mkdir()  # the mount point
    before = snapshot(database)

    doctor = cli("doctor")
    others = [
        cli("attachment", "add", ticket.id, "a.txt"),
        cli("attachment", "get", "1", "--out", "-"),
        *(
            cli("job", "run", job)
            for job in ("orphan-cleanup", "temp-cleanup", "attachment-purge")
        ),
    ]

    assert doctor.code == 10
    assert f"the folder of files {folder} has no index.db" in doctor.out
    assert "has no index.db" not in doctor.err
    assert [other.code for other in others] == [8] * 5
    assert all(f"touch {folder}/index.db" in other.err for other in others)
    assert list(folder.iterdir()) == []
    kept = ("ticket_attachments", "savctl_files", "savctl_purges", "savctl_uploads")
    after = snapshot(database)
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}

    folder.rmdir()
    (tmp_path / "away").rename(folder)
    assert cli("attachment", "verify").code == 0


def test_a_folder_that_others_can_enter_is_an_error(tmp_path: Path, examine: Examine) -> None:
    (tmp_path / "files").mkdir(mode=0o755)
    store = DirectoryStore(tmp_path / "files")

    found = troubles(examine(store))

    store.close()
    assert found == {
        "bucket privacy": (CheckLevel.ERROR, "open to other users of this host (mode 0755)")
    }


@SERVERS
def test_a_bucket_without_versions_is_an_error(server: PrivateS3, examine: Examine) -> None:
    store = server_bucket(server, versioned=False).store

    found = troubles(examine(store))

    assert list(found) == ["bucket versions"]
    assert found["bucket versions"][0] is CheckLevel.ERROR
    assert list(store.versions("")) == []
    store.close()


@SERVERS
@pytest.mark.parametrize(
    ("rule", "level"),
    [
        ({"Filter": {"Prefix": ""}, "Expiration": {"Days": 30}}, CheckLevel.ERROR),
        ({"Filter": {"Prefix": "tickets/"}, "Expiration": {"Days": 30}}, CheckLevel.ERROR),
        ({"Filter": {"Prefix": "temp/"}, "Expiration": {"Days": 3}}, CheckLevel.WARN),
    ],
)
def test_a_rule_that_deletes_behind_our_back_is_found(
    bucket: Bucket,
    server: PrivateS3,
    name: str,
    examine: Examine,
    rule: dict[str, Any],
    level: CheckLevel,
) -> None:
    configuration = {"Rules": [{"ID": "old", "Status": "Enabled", **rule}]}
    server.client.put_bucket_lifecycle_configuration(
        Bucket=name, LifecycleConfiguration=configuration
    )

    found = troubles(examine(bucket.store))

    assert list(found) == ["bucket lifecycle"]
    assert found["bucket lifecycle"][0] is level
    assert f"Days {rule['Expiration']['Days']}" in found["bucket lifecycle"][1]


@pytest.mark.parametrize(
    ("terms", "found"),
    [
        ("<ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker>", None),
        ("<Days>9</Days>", "a rule deletes objects (Days 9) below everything"),
    ],
)
def test_a_rule_for_markers_that_hide_nothing_is_harmless(
    examine: Examine, terms: str, found: str | None
) -> None:
    rule = f"<Status>Enabled</Status><Filter/><Expiration>{terms}</Expiration>"
    lifecycle = f"<LifecycleConfiguration><Rule>{rule}</Rule></LifecycleConfiguration>"

    def answer(heard: Heard) -> Answer:
        return 200, lifecycle if "lifecycle" in heard.path else listing()

    with CannedS3(answer) as server:
        store = store_at(server)
        signs = [sign for sign in examine(store) if sign.check == "bucket lifecycle"]
        store.close()

    assert [sign.found for sign in signs] == [found or "deletes nothing by itself"]


@SERVERS
def test_a_rule_that_is_off_deletes_nothing(
    bucket: Bucket, server: PrivateS3, name: str, examine: Examine
) -> None:
    rule = {"ID": "off", "Status": "Disabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    server.client.put_bucket_lifecycle_configuration(
        Bucket=name, LifecycleConfiguration={"Rules": [rule]}
    )

    assert troubles(examine(bucket.store)) == {}


@SERVERS
def test_a_policy_that_lets_everybody_read_is_found_in_word_and_deed(
    bucket: Bucket, server: PrivateS3, name: str, examine: Examine
) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{name}/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    with suppress(ClientError):  # SeaweedFS has none
        server.client.delete_public_access_block(Bucket=name)
    server.client.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))

    privacy = [sign for sign in examine(bucket.store) if sign.check == "bucket privacy"]

    assert [(sign.level, sign.found) for sign in privacy] == [
        (CheckLevel.ERROR, "open to everybody, by its policy (s3:GetObject)"),
        (CheckLevel.ERROR, "anybody can read a file without a key"),
    ]


@pytest.mark.slow("takes each right away from a real server in turn")
@pytest.mark.only_stores("ministack")
def test_the_documented_policy_is_enough_and_each_of_its_rights_is_missed(
    server: PrivateS3, examine: Examine
) -> None:
    assert isinstance(server, PrivateMinistack)
    page = Path(__file__).parents[2].joinpath("docs", "attachments.md").read_text()
    blocks = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    policy = next(json.loads(block) for block in blocks if '"Statement"' in block)
    rights = [right for statement in policy["Statement"] for right in statement["Action"]]

    not_missed = []
    for left_out in (None, *rights):
        bucket = server.new_bucket()
        text = json.dumps(policy).replace(":::sav", f":::{bucket}")
        if left_out is not None:
            text = text.replace(f'"{left_out}"', '"s3:Nothing"')
        access_key, secret_key = server.new_user(json.loads(text))
        store = server_bucket(
            server, bucket=bucket, access_key=access_key, secret_key=secret_key
        ).store
        found = troubles(examine(store))
        store.close()
        if left_out is None:
            assert found == {}
        elif not found:
            not_missed.append(left_out)

    assert len(rights) == 11
    assert not_missed == []


def listing(name: str = "sav") -> str:
    return f"<ListBucketResult><Name>{name}</Name></ListBucketResult>"


def store_at(server: CannedS3) -> S3Store:
    return S3Store(
        S3Settings(
            bucket="sav",
            endpoint=server.url,
            attempts=1,
            access_key="AK",
            secret_key="SK",  # noqa: S106
        )
    )


def test_rights_that_are_missing_are_named_one_by_one(examine: Examine) -> None:
    """A server on which these keys may list, and nothing else."""

    def answer(heard: Heard) -> Answer:
        if heard.method == "GET" and "list-type" in heard.path:
            return 200, listing()
        return 403, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>"

    with CannedS3(answer) as server:
        store = store_at(server)

        signs = examine(store)

        store.close()
    found = troubles(signs)
    assert found["bucket versions"] == (CheckLevel.WARN, "the bucket does not answer that")
    assert found["bucket lifecycle"] == (CheckLevel.WARN, "the bucket does not answer that")
    assert found["bucket privacy"] == (CheckLevel.WARN, "the bucket does not answer that")
    assert "nobody without a key" not in [sign.found for sign in signs]
    level, values = found["bucket rights"]
    assert level is CheckLevel.ERROR
    assert [verb for verb in ("put", "hide", "bring back", "purge") if verb not in values] == []


@pytest.mark.parametrize(
    ("skew", "level"),
    [
        (timedelta(0), None),
        (timedelta(seconds=20), CheckLevel.WARN),
        (timedelta(seconds=-20), CheckLevel.WARN),
        (timedelta(minutes=3), CheckLevel.ERROR),
    ],
)
def test_clocks_that_differ_are_found(
    examine: Examine, skew: timedelta, level: CheckLevel | None
) -> None:
    with CannedS3(lambda _: (200, listing()), skew=skew) as server:
        store = store_at(server)

        found = troubles(examine(store))

        store.close()
    assert (found["bucket clock"][0] if level else "bucket clock" in found) == (level or False)


def test_without_a_database_the_bucket_is_examined_all_the_same(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = f"mysql+pymysql://sav@{LOOPBACK}:{free_port()}/sav"
    for url, code in ((f"sqlite:///{tmp_path}/not/yet.db", 0), (away, 8)):
        monkeypatch.setenv("SAVCTL_DATABASE_URL", url)
        monkeypatch.setenv("SAVCTL_STORAGE_URL", f"file://{tmp_path}/files")

        well = cli("doctor", "-o", "json")
        monkeypatch.setenv("SAVCTL_STORAGE_URL", f"file://{tmp_path}/files.txt")
        (tmp_path / "files.txt").touch()
        ill = cli("doctor", "-o", "json")

        body = {row["check"]: row["level"] for row in json.loads(ill.out)}
        assert (well.code, ill.code) == (code, code or 10)
        lines = ["database", "broker", "bucket", "scanner", "token"]
        assert [row["check"] for row in json.loads(well.out)] == lines
        assert (list(body), body["bucket"]) == (lines, "error")
    assert not (tmp_path / "not").exists()


@SERVERS
def test_wrong_keys_and_a_server_that_is_away_are_reported(
    server: PrivateS3, examine: Examine
) -> None:
    wrong = server_bucket(server, secret_key="wrong").store  # noqa: S106
    away = server_bucket(server, endpoint=f"http://{LOOPBACK}:{free_port()}", attempts=1).store

    (refused,), (gone,) = (
        [sign for sign in examine(each) if sign.check == "bucket"] for each in (wrong, away)
    )

    assert (refused.level, gone.level) == (CheckLevel.ERROR, CheckLevel.ERROR)
    assert "secret key" in refused.found
    assert "cannot be reached" in gone.found
    wrong.close()
    away.close()


class StandIn:
    """A scanner that answers, or does not."""

    name = "tcp://scanner:3310"

    def __init__(self, *, answers: bool) -> None:
        self._answers = answers

    def check(self) -> str:
        if not self._answers:
            raise ScannerUnavailable("the scanner does not answer")
        return "ClamAV 1.4, signatures of today"

    def scan(self, content: BinaryIO) -> ScanResult:
        raise AssertionError(f"a doctor scans nothing: {content}")


def test_a_scanner_is_asked_for_its_signatures(examine: Examine) -> None:
    (off,) = examine(None)
    (well,) = examine(None, StandIn(answers=True))
    (gone,) = examine(None, StandIn(answers=False))

    assert (off.level, off.check) == (CheckLevel.OFF, "scanner")

    assert (well.level, well.check) == (CheckLevel.OK, "scanner")
    assert "signatures of today" in well.found
    assert (gone.level, gone.found) == (CheckLevel.ERROR, "the scanner does not answer")


@pytest.mark.only_on("sqlite")
@pytest.mark.only_stores("seaweedfs")
def test_the_command_examines_the_configured_bucket(
    cli: Cli, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in bucket.environment.items():
        monkeypatch.setenv(variable, value)

    well = cli("doctor", "-o", "json")
    monkeypatch.setenv("SAVCTL_STORAGE_SECRET_KEY", "a-wrong-secret")
    ill = cli("doctor", "-o", "json")

    lines = {row["check"]: row["found"] for row in json.loads(well.out)}
    assert "rights: all that savctl needs" in lines["bucket"]
    assert "privacy: nobody without a key" in lines["bucket"]
    assert well.code == 0, well.out
    assert ill.code == 10
    assert "a-wrong-secret" not in ill.out + ill.err
