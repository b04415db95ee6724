"""Keys for the tests."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest

from savctl.adapters.keys import KeysFile
from savctl.domain.encryption.codec import MetadataCodec
from savctl.persistence.engine import Database

AddKey = Callable[[str], None]


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    """A file with the key K1."""
    path = tmp_path / "keys"
    KeysFile(path).add("K1")
    return path


@pytest.fixture
def codec(keys_file: Path) -> MetadataCodec:
    """The codec of these keys, for the default paths."""
    return MetadataCodec(keys=KeysFile(keys_file).keys)


@pytest.fixture
def with_keys(database: Database, codec: MetadataCodec) -> Database:
    """The database, to which what is written passes the codec."""
    database.codec = codec
    return database


@pytest.fixture
def configured(environment: dict[str, str], keys_file: Path) -> Path:
    """The command line with these keys; ask for it before `cli`."""
    environment["SAVCTL_KEYS_FILE"] = str(keys_file)
    return keys_file


def put_key(path: Path, line: str) -> None:
    """Write the whole file anew."""
    path.write_text(line)
    path.chmod(0o600)


def a_key_line(kid: str) -> str:
    """A line of a keys file with a random key."""
    return f"{kid} {b64encode(os.urandom(32)).decode()}\n"
