"""A file that is there whole or not at all, and nobody's but its owner's (savctl gdpr export)."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from savctl.domain.privacy.disclosure import Kind
from savctl.errors import InvalidInput, Unavailable
from savctl.usecases.batch.atomic_file import new_file
from savctl.usecases.privacy.spool import Spool

NEW = b"new"


def written(path: Path, *, overwrite: bool = True) -> None:
    with new_file(path, overwrite=overwrite) as file:
        file.stream.write(NEW)
        file.finish()
        file.publish()


def test_what_was_readable_for_all_is_replaced_by_what_is_not(tmp_path: Path) -> None:
    there, kept = tmp_path / "t.zip", tmp_path / "kept"
    there.write_bytes(b"old")
    there.chmod(0o666)
    kept.hardlink_to(there)

    written(there)

    assert (there.read_bytes(), stat.S_IMODE(there.stat().st_mode)) == (NEW, 0o600)
    assert kept.read_bytes() == b"old"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    elsewhere, link = tmp_path / "elsewhere", tmp_path / "t.zip"
    elsewhere.write_bytes(b"old")
    link.symlink_to(elsewhere)

    with pytest.raises(InvalidInput, match="is not a regular file"):
        written(link)
    link.unlink()
    (tmp_path / "t.zip.part").symlink_to(elsewhere)
    with pytest.raises(InvalidInput, match="symbolic links"):
        written(link)

    assert elsewhere.read_bytes() == b"old"
    assert not link.exists()


def test_a_part_that_is_a_finished_file_as_well_is_not_written_over(tmp_path: Path) -> None:
    """A process was killed between giving the file its name and taking the part's."""
    finished, part = tmp_path / "finished.zip", tmp_path / "t.zip.part"
    finished.write_bytes(b"finished")
    part.hardlink_to(finished)

    written(tmp_path / "t.zip", overwrite=False)

    assert finished.read_bytes() == b"finished"
    assert ((tmp_path / "t.zip").read_bytes(), part.exists()) == (NEW, False)


def test_who_had_the_part_open_before_reads_nothing_of_it(tmp_path: Path) -> None:
    part = tmp_path / "t.zip.part"
    part.write_bytes(b"")
    part.chmod(0o666)

    with part.open("rb") as listener:
        written(tmp_path / "t.zip")

        assert listener.read() == b""


@pytest.mark.parametrize(
    ("number", "failure"),
    [
        (errno.ENOSPC, Unavailable),
        (errno.EDQUOT, Unavailable),
        (errno.EFBIG, Unavailable),
        (errno.EACCES, InvalidInput),
    ],
)
def test_a_full_disk_is_no_wrong_usage_and_leaves_nothing(
    tmp_path: Path, number: int, failure: type[Exception]
) -> None:
    def write_and_fail() -> None:
        with new_file(tmp_path / "t.zip", overwrite=False) as file:
            file.stream.write(NEW)
            raise OSError(number, os.strerror(number))

    with pytest.raises(failure, match=f"cannot write .*{os.strerror(number)}"):
        write_and_fail()

    assert list(tmp_path.iterdir()) == []


def test_no_room_for_the_rows_of_a_person_is_named_as_such(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import sqlite3

    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def small(*words: object, **more: object) -> sqlite3.Connection:
        made = connect(*words, **more)
        made.execute("PRAGMA max_page_count = 20")
        return made

    monkeypatch.setattr(sqlite3, "connect", small)
    spool = Spool()
    records = ((Kind.TICKET, {"id": n, "subject": "s" * 1000}) for n in range(1000))

    with pytest.raises(Unavailable, match="cannot put the rows aside") as raised:
        spool.fill(records, lambda *_: None)

    spool.close()
    assert "TMPDIR" in str(raised.value.hint)
