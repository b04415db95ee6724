"""Tokens of the auth service: who they prove, and what they do not."""

from __future__ import annotations

import base64
import json
import time
from itertools import count
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from savctl.adapters.tokens.claims import TokenRefused
from savctl.adapters.tokens.proving import requester_of
from savctl.adapters.tokens.terms import TokenTerms
from savctl.domain.access.file_access import Role
from savctl.domain.model.states import Status
from savctl.errors import ConfigurationError, ExitCode
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.cli.shop import home_store
from tests.conftest import Cli
from tests.files.making import JPEG
from tests.given import AGENT, CUSTOMER, attached, brought_to, rows, write

KEY = "a secret of the auth service, long enough"
SOON = 600


def a_token(key: Any = KEY, algorithm: str = "HS256", **claims: Any) -> str:
    known = {"sub": "5", "role": "admin", "exp": int(time.time()) + SOON}
    values = {name: value for name, value in (known | claims).items() if value is not None}
    return jwt.encode(values, key, algorithm=algorithm)


@pytest.mark.parametrize(
    ("claims", "user", "role"),
    [
        ({}, 5, Role.ADMIN),
        ({"sub": 456, "role": "customer"}, 456, Role.CUSTOMER),
        ({"role": None, "roles": ["customer", "agent", "boss"]}, 5, Role.AGENT),
        ({"role": ["customer", "agent"]}, 5, Role.AGENT),
        ({"role": None, "roles": "admin"}, 5, Role.ADMIN),
        ({"iat": int(time.time()) + 3600}, 5, Role.ADMIN),
        ({"aud": "sav-service", "iss": "auth-service"}, 5, Role.ADMIN),
    ],
)
def test_a_token_proves_user_and_role(claims: dict[str, Any], user: int, role: Role) -> None:
    found = requester_of(a_token(**claims), TokenTerms(key=KEY))

    assert (found.user_id, found.role) == (user, role)


@pytest.mark.parametrize("signing", ["RS256", "ES256", "EdDSA"])
def test_a_public_key_checks_what_its_private_key_signed(signing: str) -> None:
    private: Any = {
        "RS256": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "EdDSA": ed25519.Ed25519PrivateKey.generate,
    }[signing]()
    public = (
        private.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )

    assert requester_of(a_token(private, signing), TokenTerms(key=public)).user_id == 5
    with pytest.raises(TokenRefused):  # the public key is no secret to sign with
        requester_of(_signed_with_text(public), TokenTerms(key=public))


def _signed_with_text(secret: str) -> str:
    """HS256 with any text as key, which PyJWT refuses to make."""
    import hashlib
    import hmac

    def coded(raw: bytes) -> bytes:
        return base64.urlsafe_b64encode(raw).rstrip(b"=")

    claims = {"sub": "5", "role": "admin", "exp": int(time.time()) + SOON}
    head = coded(b'{"alg":"HS256","typ":"JWT"}') + b"." + coded(json.dumps(claims).encode())
    return (head + b"." + coded(hmac.digest(secret.encode(), head, hashlib.sha256))).decode()


def _unsigned() -> str:
    claims = {"sub": "5", "role": "admin", "exp": int(time.time()) + SOON}
    return jwt.encode(claims, "", algorithm="none")


@pytest.mark.parametrize(
    "token",
    [
        "", "a.b.c", "ä", _unsigned(),
        a_token(key="another secret, which is long enough too"),
        a_token(exp=int(time.time()) - 3600), a_token(exp=None), a_token(sub=None),
        a_token(sub="ada"), a_token(sub="0"), a_token(sub="05"), a_token(sub=True),
        a_token(sub=5.5),
        a_token(sub="\u0665"), a_token(sub=str(2**64)),
        a_token(role="root"), a_token(role=None), a_token(role=["root"]),
        a_token(role=None, roles="Admin"), a_token(nbf=int(time.time()) + 3600),
        a_token(KEY * 2, "HS512"), a_token(sub="9" * 5_000),
    ],
    ids=count(),  # a token holds the time of its making: each worker would name it otherwise
)  # fmt: skip
def test_a_token_that_proves_nothing_is_refused(token: str) -> None:
    with pytest.raises(TokenRefused) as refusal:
        requester_of(token, TokenTerms(key=KEY))

    assert refusal.value.exit_code is ExitCode.NOT_PERMITTED
    assert token == "" or token not in refusal.value.message


@pytest.mark.parametrize("key", [None, "", "short"])
def test_without_a_good_key_no_token_is_believed(key: str | None) -> None:
    with pytest.raises(ConfigurationError):
        requester_of(a_token(), TokenTerms(key=key))


def test_a_damaged_public_key_is_named_as_such() -> None:
    private: Any = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    damaged = "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----"

    with pytest.raises(ConfigurationError, match="token_key"):
        requester_of(a_token(private, "RS256"), TokenTerms(key=damaged))


@pytest.mark.only_on("sqlite")
def test_a_role_opens_files_and_its_user_is_on_record(
    cli: Cli, database: Database, clock: SetClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = brought_to(database, clock, Status.IN_PROGRESS)
    (photo,) = attached(database, home_store(tmp_path), ticket.id, ("photo.jpg", JPEG))
    monkeypatch.setenv("SAVCTL_TOKEN_KEY", KEY)

    def code(*more: object, **claims: Any) -> int:
        monkeypatch.setenv("SAVCTL_TOKEN", a_token(**claims))
        return cli("attachment", "url", photo.id, *more).code

    assert code(sub="77", role="admin") == 0
    assert code(sub="77", role="agent") == 4
    assert code(sub=str(AGENT), role="agent") == 0
    assert code(sub=str(AGENT), role="customer") == 4
    assert code(sub=str(CUSTOMER), role="customer") == 0
    assert code(sub=str(CUSTOMER), role="agent") == 4
    assert code("--as", AGENT, sub=str(CUSTOMER), role="customer") == 7
    assert code("--as", CUSTOMER, sub="77", role="admin") == 0
    seen = rows(database, "SELECT actor FROM savctl_audit WHERE action = 'file_linked'")
    assert [row["actor"] for row in seen] == [77, AGENT, CUSTOMER, CUSTOMER]
    (named,) = rows(database, "SELECT actor, entry FROM savctl_audit WHERE action = 'acting_as'")
    assert (named["actor"], json.loads(named["entry"])["as"]) == (77, CUSTOMER)

    assert code(sub="77", role="admin") == 0
    cli("ticket", "priority", ticket.ticket_number, "urgent", "--reason", "x")
    (changed,) = rows(database, "SELECT actor FROM savctl_audit WHERE action = 'priority'")
    assert changed["actor"] == 77


@pytest.mark.only_on("sqlite")
def test_a_token_is_shown_nowhere(
    cli: Cli, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del database
    token = a_token()
    (tmp_path / "token").write_text(f"{token}\n")
    monkeypatch.setenv("SAVCTL_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("SAVCTL_TOKEN_KEY", KEY)

    shown = cli("config", "show")

    assert shown.code == 0
    assert token not in shown.out
    assert KEY not in shown.out


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    ("claims", "listed", "access", "everything"),
    [
        (None, 2, 0, 0),
        ({"sub": "77", "role": "admin"}, 2, 0, 0),
        ({"sub": str(AGENT), "role": "agent"}, 2, 0, 7),
        ({"sub": "77", "role": "agent"}, None, 4, 7),
        ({"sub": str(CUSTOMER), "role": "customer"}, 1, 7, 7),
        ({"sub": "77", "role": "customer"}, None, 7, 7),
    ],
)
def test_a_token_narrows_what_is_reported_files(
    cli: Cli,
    database: Database,
    clock: SetClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    claims: dict[str, Any] | None,
    listed: int | None,
    access: int,
    everything: int,
) -> None:
    """Rules 5.1: a customer sees nothing of internal notes, their files included."""
    ticket = brought_to(database, clock, Status.IN_PROGRESS)
    (photo,) = attached(database, home_store(tmp_path), ticket.id, ("photo.jpg", JPEG))
    (tmp_path / "note.jpg").write_bytes(JPEG)
    note = ("message", "add", ticket.ticket_number, "--from", f"agent:{AGENT}", "--body", "x")
    assert cli(*note, "--internal", "--attach", "note.jpg").code == 0
    if claims is not None:
        monkeypatch.setenv("SAVCTL_TOKEN_KEY", KEY)
        monkeypatch.setenv("SAVCTL_TOKEN", a_token(**claims))
    monkeypatch.setenv("SAVCTL_ACTOR", "" if claims else "77")  # signs, and narrows nothing

    shown = cli("attachment", "list", ticket.ticket_number, "-o", "ids")

    assert shown.code == (4 if listed is None else 0)
    assert len(shown.out.split()) == (listed or 0)
    assert cli("attachment", "access", ticket.ticket_number).code == access
    assert cli("attachment", "access", photo.id).code == access
    assert cli("attachment", "verify").code == everything
    assert cli("attachment", "orphans").code == everything


@pytest.mark.only_on("sqlite")
def test_the_accesses_of_a_file_whose_ticket_is_gone_are_for_who_sees_everything(
    cli: Cli, database: Database, clock: SetClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = brought_to(database, clock, Status.IN_PROGRESS)
    (photo,) = attached(database, home_store(tmp_path), ticket.id, ("photo.jpg", JPEG))
    write(database, f"DELETE FROM support_tickets WHERE id = {ticket.id}")

    assert cli("attachment", "access", photo.id).code == 0
    monkeypatch.setenv("SAVCTL_TOKEN_KEY", KEY)
    monkeypatch.setenv("SAVCTL_TOKEN", a_token(sub=str(AGENT), role="agent"))
    assert cli("attachment", "access", photo.id).code == 4
