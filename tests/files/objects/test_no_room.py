"""A disk that is full, or a file that cannot be read, is told in words; nothing is stored."""

from __future__ import annotations

import errno
import io
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from savctl.errors import InvalidInput, Unavailable
from savctl.usecases.batch.atomic_file import spooled
from savctl.usecases.files.staging import Staging
from tests.conftest import Cli
from tests.files.making import JPEG


class Full(io.BytesIO):
    """A file on a disk without room."""

    def write(self, _: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", Full)


@pytest.mark.usefixtures("full_disk")
def test_no_room_for_copies_is_no_bug(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(JPEG)

    outcome = cli("attachment", "check", "photo.jpg")

    assert outcome.code == 8
    assert "No space left" in outcome.err
    assert "TMPDIR" in outcome.err
    with pytest.raises(Unavailable), spooled(lambda _: None) as file:
        file.stream.write(b"x")


def test_no_folder_for_copies_is_no_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "TemporaryFile", none)

    with pytest.raises(Unavailable, match="temporary directory"):
        Staging(None)


def test_a_file_that_cannot_be_read_is_named() -> None:
    class Broken(io.BytesIO):
        def read(self, _: int | None = -1) -> bytes:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with Staging(None) as staging, pytest.raises(InvalidInput, match=r"cannot read photo\.jpg"):
        staging.add("photo.jpg", Broken())


def test_a_reader_that_left_is_no_trouble_of_the_disk() -> None:
    def gone(_: object) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError), spooled(gone) as file:
        file.publish()
