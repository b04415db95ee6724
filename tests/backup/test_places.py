"""What is particular about a folder and about a bucket as a place of backups."""

from __future__ import annotations

import errno
import os
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from savctl.adapters.backups.folder import BackupFolder
from savctl.adapters.backups.s3 import BackupBucket
from savctl.adapters.s3.client import S3Settings
from savctl.errors import ExitCode
from savctl.ports import NoSuchBucket
from savctl.ports.backup_place import BackupPlace, PlaceUnavailable
from tests.conftest import S3Servers
from tests.servers.network.tcp_proxy import TcpProxy
from tests.servers.stores.buckets import server_settings
from tests.servers.stores.dying_writer import CONTENT, killed_before_the_content

DAY = timedelta(days=1)


def test_a_folder_is_closed_to_others(tmp_path: Path) -> None:
    place = BackupFolder(tmp_path / "new" / "backups")

    with place.write("one/dump") as sink:
        sink.write(b"dump")

    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert (place.folder / "one" / "dump").stat().st_mode & 0o777 == 0o600


def test_what_a_killed_writer_left_goes_when_it_is_old(tmp_path: Path) -> None:
    place = BackupFolder(tmp_path)
    left = tmp_path / "one" / "dump.1234abcd.part"
    left.parent.mkdir()
    left.write_bytes(b"half")
    with place.write("two/dump") as sink:
        sink.write(b"dump")

    assert place.clean("", before=datetime.now(UTC) - DAY) == 0
    assert [file.name for file in place.names()] == ["two/dump"]
    assert place.clean("", before=datetime.now(UTC) + DAY) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["two"]


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)

    with (
        pytest.raises(PlaceUnavailable, match="No space left") as raised,
        BackupFolder(tmp_path).write("one/dump") as sink,
    ):
        sink.write(b"dump")

    assert raised.value.exit_code == ExitCode.UNAVAILABLE
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    place = BackupFolder(tmp_path / "file" / "backups")
    with pytest.raises(PlaceUnavailable, match="cannot be written"), place.write("one/dump"):
        pass


def _write(settings: S3Settings) -> None:
    with BackupBucket(settings, "").write("index/1") as sink:
        sink.write(CONTENT)


@pytest.mark.only_stores("seaweedfs")
def test_a_writer_killed_before_the_content_leaves_no_empty_file(
    store_kind: str, s3_servers: S3Servers, environment: dict[str, str]
) -> None:
    """This server keeps an empty object where it was given no digest."""
    settings = server_settings(s3_servers.of(store_kind))

    assert killed_before_the_content(partial(_write, settings), environment)

    time.sleep(0.5)  # it would come a moment later
    assert list(BackupBucket(settings, "").names()) == []


@pytest.mark.only_stores("seaweedfs")
def test_a_bucket_that_is_not_there_is_named(store_kind: str, s3_servers: S3Servers) -> None:
    server = s3_servers.of(store_kind)
    settings = S3Settings(
        bucket="sav-nowhere",
        endpoint=server.url,
        access_key=server.access_key,
        secret_key=server.secret_key,
    )
    place = BackupBucket(settings, "")

    with pytest.raises(NoSuchBucket, match="sav-nowhere"):
        list(place.names())


@pytest.mark.only_stores("seaweedfs")
def test_an_upload_in_parts_that_was_killed_is_aborted(place: BackupPlace) -> None:
    writer = place.write("one/dump")
    writer.__enter__().write(bytes(9 * 1024**2))

    assert place.clean("", before=datetime.now(UTC) - DAY) == 0
    assert place.clean("", before=datetime.now(UTC) + DAY) == 1
    assert list(place.names()) == []


@pytest.mark.only_stores("seaweedfs")
def test_a_download_goes_on_after_its_line_broke(store_kind: str, s3_servers: S3Servers) -> None:
    server = s3_servers.of(store_kind)
    content = os.urandom(4 * 1024**2)
    with TcpProxy(server.port) as line:
        settings = S3Settings(
            bucket=server.new_bucket(),
            endpoint=f"http://127.0.0.1:{line.port}",
            access_key=server.access_key,
            secret_key=server.secret_key,
        )
        place = BackupBucket(settings, "")
        with place.write("one/dump") as sink:
            sink.write(content)

        with place.read("one/dump") as source:
            read = source.read(1024**2)
            line.cut()
            read += source.read()

        assert read == content
        place.close()
