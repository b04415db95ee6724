"""A file of a backup comes back as it was, or is refused."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from savctl.adapters.backups.folder import BackupFolder
from savctl.domain.backup.sealing import CHUNK_BYTES, TAG_BYTES, KeyMissing, SpoiledFile
from savctl.domain.encryption.keys import KeyRing
from savctl.errors import ExitCode
from savctl.ports.backup_place import BackupPlace
from savctl.usecases.backup.streams.packed import StoredFile, reading, writing

KEYS = KeyRing("k2", {"k1": b"1" * 32, "k2": b"2" * 32})
# noise does not get smaller: several chunks are left of it
NOISE = os.urandom(3 * CHUNK_BYTES + 1000)
SEALED = CHUNK_BYTES + TAG_BYTES


def stored(
    place: BackupPlace, content: bytes, name: str = "a/dump.enc", keys: KeyRing | None = KEYS
) -> StoredFile:
    with writing(place, name, keys) as sink:
        for start in range(0, len(content), 70_000):
            sink.write(content[start : start + 70_000])
    return sink.stored


def read(place: BackupPlace, name: str = "a/dump.enc", keys: KeyRing | None = KEYS) -> bytes:
    with reading(place, name, keys) as source:
        return source.read()


@pytest.fixture
def folder(tmp_path: Path) -> BackupFolder:
    return BackupFolder(tmp_path)


@pytest.mark.parametrize("content", [b"", b"a", b"\0" * 5_000_000, NOISE])
@pytest.mark.parametrize("keys", [None, KEYS])
def test_a_file_comes_back_and_is_counted(
    place: BackupPlace, content: bytes, keys: KeyRing | None
) -> None:
    name = "a/dump.enc" if keys else "a/dump"

    written = stored(place, content, name, keys)

    with reading(place, name, keys) as source:
        assert source.read() == content
        assert source.stored == written
    (file,) = place.names()
    assert (file.name, file.size_bytes) == (written.name, written.size_bytes)


@given(content=st.binary(max_size=300), size=st.integers(1, 400))
def test_a_file_is_read_in_pieces_of_any_size(content: bytes, size: int) -> None:
    with tempfile.TemporaryDirectory() as made:
        place = BackupFolder(Path(made))
        stored(place, content)
        with reading(place, "a/dump.enc", KEYS) as source:
            pieces = list(iter(lambda: source.read(size), b""))

    assert b"".join(pieces) == content
    assert all(len(piece) <= size for piece in pieces)


def test_without_keys_a_public_tool_reads_it(folder: BackupFolder) -> None:
    stored(folder, b"CREATE TABLE t (a INT);\n", "a/dump.sql.zst", None)

    path = folder.folder / "a" / "dump.sql.zst"
    plain = zstandard.ZstdDecompressor().stream_reader(path.read_bytes()).read()
    assert plain == b"CREATE TABLE t (a INT);\n"


def test_an_older_key_still_opens_it(folder: BackupFolder) -> None:
    stored(folder, b"dump", keys=KeyRing("k1", {"k1": b"1" * 32}))

    assert read(folder) == b"dump"


def test_a_missing_key_is_named(folder: BackupFolder) -> None:
    stored(folder, b"dump")

    for keys in (KeyRing("k1", {"k1": b"1" * 32}), None):
        with pytest.raises(KeyMissing, match="'k2'") as raised:
            read(folder, keys=keys)
        assert raised.value.exit_code == ExitCode.USAGE


def test_another_key_of_the_same_name_opens_nothing(folder: BackupFolder) -> None:
    stored(folder, b"dump")

    with pytest.raises(SpoiledFile):
        read(folder, keys=KeyRing("k2", {"k2": b"9" * 32}))


def chunks(path: Path) -> tuple[bytes, list[bytes]]:
    """The header of a sealed file, and its chunks."""
    content = path.read_bytes()
    end = content.index(b"\n", content.index(b"\n") + 1) + 1
    body = content[end:]
    return content[:end], [body[at : at + SEALED] for at in range(0, len(body), SEALED)]


TAMPERED: dict[str, Callable[[bytes, list[bytes], tuple[bytes, list[bytes]]], bytes]] = {
    "the last chunk is gone": lambda h, c, o: h + b"".join(c[:-1]),
    "cut in a chunk": lambda h, c, o: (h + b"".join(c))[:-5],
    "only the header": lambda h, c, o: h,
    "nothing": lambda h, c, o: b"",
    "two chunks changed places": lambda h, c, o: h + c[1] + c[0] + b"".join(c[2:]),
    "a chunk twice": lambda h, c, o: h + c[0] + b"".join(c),
    "a chunk left out": lambda h, c, o: h + b"".join(c[1:]),
    "a chunk of another backup": lambda h, c, o: h + o[1][0] + b"".join(c[1:]),
    "the header of another backup": lambda h, c, o: o[0] + b"".join(c),
    "another backup": lambda h, c, o: o[0] + b"".join(o[1]),
    "something behind it": lambda h, c, o: h + b"".join(c) + b"more",
    "another salt": lambda h, c, o: h.replace(b'"salt": "', b'"salt": "AAAA', 1) + b"".join(c),
    "an endless header": lambda h, c, o: h[:-2] + b" " * 10_000,
}


@pytest.mark.parametrize("how", TAMPERED)
def test_a_file_that_was_tampered_with_is_refused(folder: BackupFolder, how: str) -> None:
    stored(folder, NOISE)
    stored(folder, NOISE[::-1], "b/dump.enc")
    path = folder.folder / "a" / "dump.enc"
    header, own = chunks(path)
    path.write_bytes(TAMPERED[how](header, own, chunks(folder.folder / "b" / "dump.enc")))

    with pytest.raises(SpoiledFile, match=r"a/dump\.enc") as raised:
        read(folder)

    assert raised.value.exit_code == ExitCode.REFUSED


@pytest.mark.parametrize("keys", [None, KEYS])
def test_no_bit_of_a_file_can_be_turned(folder: BackupFolder, keys: KeyRing | None) -> None:
    name = "a/dump.enc" if keys else "a/dump"
    stored(folder, b"INSERT INTO t VALUES (1);\n" * 20, name, keys)
    path = folder.folder / name
    good = path.read_bytes()

    for at in range(len(good)):
        turned = bytearray(good)
        turned[at] ^= 1 << (zlib.crc32(bytes([at % 256])) % 8)
        path.write_bytes(turned)
        try:
            found = read(folder, name, keys)
        except (SpoiledFile, KeyMissing):
            continue
        assert keys is None, at
        assert found == b"INSERT INTO t VALUES (1);\n" * 20, at  # bits that mean nothing to zstd


@pytest.mark.parametrize("cut", [1, 4, 10, 1000])
def test_a_plain_file_that_was_cut_is_refused(folder: BackupFolder, cut: int) -> None:
    stored(folder, NOISE, "a/dump", None)
    path = folder.folder / "a" / "dump"
    path.write_bytes(path.read_bytes()[:-cut])

    with pytest.raises(SpoiledFile, match="cut short"):
        read(folder, "a/dump", None)


def test_nothing_behind_a_plain_file_is_taken(folder: BackupFolder) -> None:
    stored(folder, NOISE, "a/dump", None)
    path = folder.folder / "a" / "dump"
    path.write_bytes(path.read_bytes() + b"more")

    with pytest.raises(SpoiledFile):
        read(folder, "a/dump", None)


def test_a_sealed_file_has_nothing_of_its_content(folder: BackupFolder) -> None:
    stored(folder, b"secret words " * 100)

    assert b"secret words" not in (folder.folder / "a" / "dump.enc").read_bytes()


def test_a_stream_of_zeros_takes_little_memory(folder: BackupFolder) -> None:
    code = (
        "from pathlib import Path\n"
        "from savctl.adapters.backups.folder import BackupFolder\n"
        "from savctl.domain.encryption.keys import KeyRing\n"
        "from savctl.usecases.backup.streams.packed import reading, writing\n"
        f"place = BackupFolder(Path({str(folder.folder)!r}))\n"
        "keys = KeyRing('k', {'k': bytes(32)})\n"
        "with writing(place, 'a/dump.enc', keys) as sink:\n"
        "    for _ in range(100):\n"
        "        sink.write(bytes(1024 * 1024))\n"
        "size = 0\n"
        "with reading(place, 'a/dump.enc', keys) as source:\n"
        "    while piece := source.read(100_000):\n"
        "        size += len(piece)\n"
        "assert size == 100 * 1024 * 1024\n"
        "status = Path('/proc/self/status').read_text()\n"
        "print(status.partition('VmHWM:')[2].split()[0])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 120 * 1024  # KiB
