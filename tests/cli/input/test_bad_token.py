"""A token that proves nothing opens nothing, whatever the command (contract 1.3, 1.6)."""

from __future__ import annotations

import json
import shlex
import shutil
import time
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from savctl.persistence.engine import Database
from tests.cli.shop import COMMANDS, PROJECT, examples
from tests.conftest import Cli
from tests.given import snapshot

KEY = "a secret of the auth service, long enough"
# They open nothing: no database, no bucket, no broker; or they look for what is wrong.
WITHOUT: tuple[str, ...] = (
    "states",
    "version",
    "completion",
    "config",
    "doctor",
    "job next",
    "job crontab",
)
WITHOUT += (
    "gdpr inventory",
    "gdpr schema",
    "event schema",
    "attachment check",
    "sla policy",
    "demo",
)
WITHOUT += ("scheduler run",)  # like `scheduler tick`, but it would stay
pytestmark = pytest.mark.only_on("sqlite")


def a_token(key: object = KEY, algorithm: str = "HS256", *, seconds: int = 600) -> str:
    claims = {"sub": "5", "role": "admin", "exp": int(time.time()) + seconds}
    return jwt.encode(claims, key, algorithm=algorithm)  # type: ignore[arg-type]


def pem(key: PrivateKeyTypes, *, private: bool = False) -> str:
    if private:
        return key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        ).decode()
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


@pytest.mark.parametrize("name", [name for name in COMMANDS if not name.startswith(WITHOUT)])
def test_every_command_that_opens_something_refuses_a_token_that_is_none(
    cli: Cli, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    words = shlex.split(examples(COMMANDS[name])[0])[1:]
    shutil.copy(PROJECT / "docs" / "examples" / "stricter.toml", tmp_path)
    before = snapshot(database)
    monkeypatch.setenv("SAVCTL_TOKEN", "garbage")

    outcome = cli(*words, "-o", "json")

    assert (outcome.code, outcome.out) == (7, ""), words
    assert "SAVCTL_TOKEN" in json.loads(outcome.err.splitlines()[-1])["error"]["message"]
    assert snapshot(database) == before


@pytest.mark.parametrize("token", ["garbage", "a.b.c", a_token("x" * 40), a_token(seconds=-600)])
@pytest.mark.parametrize("key", [None, KEY])
def test_it_is_named_by_config_check_and_doctor(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, token: str, key: str | None
) -> None:
    monkeypatch.setenv("SAVCTL_TOKEN", token)
    if key:
        monkeypatch.setenv("SAVCTL_TOKEN_KEY", key)

    check, doctor = cli("config", "check"), cli("doctor", "-o", "json")

    assert (check.code, doctor.code) == (2, 10)
    assert "SAVCTL_TOKEN" in check.err
    (sign,) = [s for s in json.loads(doctor.out) if s["check"] == "token"]
    assert (sign["level"], "SAVCTL_TOKEN" in sign["found"]) == ("error", True)
    assert token not in check.err + doctor.out + doctor.err


def test_a_good_token_is_no_trouble(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAVCTL_TOKEN", a_token())
    monkeypatch.setenv("SAVCTL_TOKEN_KEY", KEY)

    assert [cli(*words).code for words in (("ticket", "list"), ("config", "check"))] == [0, 0]


RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
WRONG_KEYS = {
    "short": "short",
    "private": pem(RSA, private=True),
    "another curve": pem(ec.generate_private_key(ec.SECP384R1())),
    "another kind": pem(x25519.X25519PrivateKey.generate()),
    "few bits": pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)),  # noqa: S505
    "of OpenSSH": "ssh-rsa MII" + "A" * 200,
    "a key set": '{"keys": [{"kty": "oct", "k": "MIIMIIMIIMIIMIIMIIMIIMIIMIIMIIMII"}]}',
    "damaged": "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
    "a certificate": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
}


@pytest.mark.parametrize("flaw", WRONG_KEYS)
@pytest.mark.parametrize("words", [("ticket", "list"), ("config", "check")], ids=" ".join)
def test_a_key_that_checks_no_token_is_a_wrong_setting(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], flaw: str
) -> None:
    monkeypatch.setenv("SAVCTL_TOKEN", a_token(RSA, "RS256"))
    monkeypatch.setenv("SAVCTL_TOKEN_KEY", WRONG_KEYS[flaw])

    outcome = cli(*words)

    assert (outcome.code, outcome.out) == (2, "")
    assert "token_key" in outcome.err
    assert "MII" not in outcome.err
