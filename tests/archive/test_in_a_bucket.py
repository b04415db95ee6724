"""The archive in a real bucket, asked on the command line: wherever cold storage is in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from savctl.adapters.s3.store import S3Settings, S3Store
from savctl.persistence.engine import Database
from savctl.ports import ObjectStore
from tests.archive.support import (
    LAPSED,
    all_rows,
    answer_of,
    archived_ids,
    bundle_states,
    hot_ids,
    old_tickets,
    put_files,
)
from tests.conftest import Cli, S3Servers
from tests.crash.processes import count, ended, running, wait_until
from tests.given import rows
from tests.servers.stores.buckets import Bucket
from tests.servers.stores.s3_server import PrivateS3

pytestmark = pytest.mark.only_on("sqlite")
DONE = "SELECT COUNT(*) AS n FROM savctl_archive_bundles WHERE state = 'done'"
Place = Callable[[PrivateS3, str], tuple[str | None, str, str]]


def prefix_of_ours(server: PrivateS3, ours: str) -> tuple[str | None, str, str]:
    """No setting: a prefix that savctl chooses."""
    return None, ours, "archive/"


def prefix_of_its_own(server: PrivateS3, ours: str) -> tuple[str | None, str, str]:
    """A chosen prefix of the same bucket."""
    return f"s3://{ours}/cold/sav/", ours, "cold/sav/"


def another_bucket(server: PrivateS3, ours: str) -> tuple[str | None, str, str]:
    """A bucket of its own, without a prefix."""
    other = server.new_bucket()
    return f"s3://{other}", other, "archive/"


def checked(cli: Cli) -> list[tuple[int, str | None]]:
    """What `archive verify` says: how many tickets each bundle has, and what is wrong with it."""
    return sorted((one["tickets"], one["problem"]) for one in answer_of(cli, "archive", "verify"))


def on(server: PrivateS3, name: str) -> ObjectStore:
    """A bucket of the server, seen without the command line."""
    return S3Store(
        S3Settings(
            bucket=name,
            endpoint=server.url,
            access_key=server.access_key,
            secret_key=server.secret_key,
        )
    )


@pytest.mark.only_stores("seaweedfs", "ministack")
@pytest.mark.parametrize("place", [prefix_of_ours, prefix_of_its_own, another_bucket])
def test_tickets_go_come_back_and_end_wherever_cold_storage_is(
    cli: Cli,
    database: Database,
    bucket: Bucket,
    store_kind: str,
    s3_servers: S3Servers,
    monkeypatch: pytest.MonkeyPatch,
    place: Place,
) -> None:
    server = s3_servers.of(store_kind)
    ours = bucket.environment["SAVCTL_STORAGE_URL"].removeprefix("s3://")
    url, name, prefix = place(server, ours)
    environment = {**bucket.environment, "SAVCTL_ARCHIVE_BUNDLE_TICKETS": "10"}
    for key, value in (environment | ({"SAVCTL_ARCHIVE_URL": url} if url else {})).items():
        monkeypatch.setenv(key, value)
    over, kept = old_tickets(database, 5, closed_at=LAPSED), old_tickets(database, 20, first=6)
    files, before = put_files(database, bucket.store), all_rows(database)
    cold = on(server, name)

    assert answer_of(cli, "archive", "run")["changed"] == 25
    lying = [one.key for one in cold.listing(prefix)]
    at_first = checked(cli)
    shown = answer_of(cli, "archive", "show", kept[0])
    answer_of(cli, "archive", "restore", "TKT-000025", "--confirm", "TKT-000025")
    retained = answer_of(cli, "job", "run", "retention")

    assert len(lying) == 6, "three bundles, each with its manifest"
    assert at_first == [(5, None), (10, None), (10, None)]
    assert shown["description"] == before["support_tickets"][kept[0]]["description"]
    assert hot_ids(database) == {kept[-1]}
    back = all_rows(database)["ticket_messages"]
    assert back == {i: r for i, r in before["ticket_messages"].items() if i in back}
    assert (len(back), retained["changed"]) == (3, len(over))
    assert archived_ids(database) == set(kept[:-1])
    assert checked(cli) == [(4, None), (5, None), (10, None)]
    assert sum(1 for _ in cold.versions(prefix)) == 6, "no old version of a bundle is left"
    assert len(list(bucket.store.listing("tickets/"))) == files
    cold.close()


@pytest.mark.slow("starts a server again")
@pytest.mark.only_stores("seaweedfs")
def test_a_store_that_ends_in_the_middle_is_reported_and_a_rerun_finishes(
    cli: Cli,
    database: Database,
    database_url: str,
    environment: dict[str, str],
    bucket: Bucket,
    store_kind: str,
    s3_servers: S3Servers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = s3_servers.of(store_kind)
    settings = {**bucket.environment, "SAVCTL_ARCHIVE_BUNDLE_TICKETS": "2"}
    ids = set(old_tickets(database, 200))
    given = environment | settings | {"SAVCTL_DATABASE_URL": database_url}

    with running(given, "archive", "run") as process:
        wait_until(lambda: count(database, DONE) > 2, what="some bundles")
        server.crash()
        code, _, stderr = ended(process)
    hot, cold = hot_ids(database), archived_ids(database)
    server.start()
    for key, value in settings.items():
        monkeypatch.setenv(key, value)
    finished = answer_of(cli, "archive", "run")

    assert code == 8, stderr
    assert hot | cold == ids
    assert not hot & cold
    assert 0 < len(cold) < len(ids)
    assert finished["changed"] == len(hot)
    assert archived_ids(database) == ids
    assert set(bundle_states(database)) == {"done"}
    assert {problem for _, problem in checked(cli)} == {None}
    assert rows(database, "SELECT ticket_id FROM savctl_archive_copies") == []


@pytest.mark.only_stores("seaweedfs")
def test_a_bundle_that_cannot_be_written_anew_stays_as_it_is_until_it_can(
    cli: Cli,
    database: Database,
    bucket: Bucket,
    store_kind: str,
    s3_servers: S3Servers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = s3_servers.of(store_kind)
    for key, value in bucket.environment.items():
        monkeypatch.setenv(key, value)
    over = set(old_tickets(database, 2, closed_at=LAPSED))
    kept = set(old_tickets(database, 2, first=3))
    answer_of(cli, "archive", "run")

    server.crash()
    refused = cli("job", "run", "retention")
    then = archived_ids(database)
    server.start()
    retained = answer_of(cli, "job", "run", "retention")

    assert refused.code == 8, refused.err
    assert (then, archived_ids(database)) == (over | kept, kept)
    assert retained["changed"] == len(over)
    assert checked(cli) == [(2, None)]
    assert sum(1 for _ in bucket.store.versions("archive/")) == 2, "nothing of the first try"
