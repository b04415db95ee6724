"""Issuer, audience, role names, and the settings around a token (rules 12.2)."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest

from savctl.adapters.tokens.claims import TokenRefused
from savctl.adapters.tokens.proving import requester_of
from savctl.adapters.tokens.terms import OWN_NAMES, TokenTerms
from savctl.domain.access.file_access import Role
from tests.access.key_server import RSA, jwk, key_set_of, signed
from tests.conftest import Cli

KEY = "a secret of the auth service, long enough"
pytestmark = pytest.mark.only_on("sqlite")


def a_token(*, head: dict[str, Any] | None = None, **claims: Any) -> str:
    """A token; `exp` and `nbf` in seconds from now."""
    now, known = int(time.time()), {"sub": "5", "role": "admin", "exp": 600, **claims}
    known |= {name: known[name] + now for name in ("exp", "nbf") if name in known}
    return jwt.encode(known, KEY, headers=head)


@pytest.mark.parametrize(
    ("claims", "is_believed"),
    [
        ({"iss": "auth", "aud": "sav"}, True),
        ({"iss": "auth", "aud": ["shop", "sav"]}, True),
        ({"iss": "other", "aud": "sav"}, False),
        ({"iss": "auth", "aud": "shop"}, False),
        ({"iss": "auth"}, False),
        ({"aud": "sav"}, False),
        ({"iss": "auth", "aud": "sav", "exp": -20}, True),  # within the leeway
        ({"iss": "auth", "aud": "sav", "nbf": 20}, True),
        ({"iss": "auth", "aud": "sav", "exp": float("inf")}, False),
    ],
)
def test_issuer_and_audience_are_checked_where_they_are_set(
    claims: dict[str, Any], is_believed: bool
) -> None:
    terms = TokenTerms(key=KEY, issuer="auth", audience="sav")

    if is_believed:
        assert requester_of(a_token(**claims), terms).user_id == 5
        return
    with pytest.raises(TokenRefused):
        requester_of(a_token(**claims), terms)


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"realm_access": {"roles": ["offline", "ROLE_AGENT"]}}, Role.AGENT),
        ({"realm_access": {"roles": "ROLE_AGENT"}, "role": "customer"}, Role.AGENT),
        ({"realm_access": {"roles": ["role_agent"]}}, None),
        ({"realm_access": ["ROLE_AGENT"]}, None),
        ({"realm_access.roles": ["ROLE_AGENT"]}, None),
        ({"role": {"ROLE_AGENT": 1}}, None),
    ],
)
def test_the_role_is_read_at_a_path_by_the_names_of_the_auth_service(
    claims: dict[str, Any], role: Role | None
) -> None:
    terms = TokenTerms(
        key=KEY,
        role_claim="realm_access.roles",
        role_names={"ROLE_AGENT": Role.AGENT, **OWN_NAMES},
    )
    token = a_token(**{"role": None, **claims})

    if role is not None:
        assert requester_of(token, terms).role is role
        return
    with pytest.raises(TokenRefused, match="roles"):
        requester_of(token, terms)


def nested() -> str:
    head = base64.urlsafe_b64encode(b'{"alg":' + b"[" * 9_000).rstrip(b"=").decode()
    return f"{head}.e30.c2ln"


@pytest.mark.parametrize(
    "token",
    [
        "",
        " ",
        "x" * 1_000_000,
        nested(),
        a_token(head={"crit": ["b64"], "b64": False}),
        a_token(head={"crit": ["x"], "x": 1}),
        a_token(head={"jku": "http://127.0.0.1/", "kid": "../../dev/null"})[:-4],
    ],
    ids=["empty", "blank", "long", "nested", "crit b64", "crit", "jku"],
)
def test_an_odd_token_is_refused_by_a_command_that_did_nothing(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, token: str
) -> None:
    # longer than one variable may be: such a token comes from a file
    path = tmp_path / "token"
    path.write_text(token)
    name, value = ("_FILE", str(path)) if len(token) > 100_000 else ("", token)
    monkeypatch.setenv(f"SAVCTL_TOKEN{name}", value)
    monkeypatch.setenv("SAVCTL_TOKEN_KEY", KEY)

    outcome = cli("ticket", "list", "-o", "json")

    assert (outcome.code, outcome.out) == (7, "")
    assert token.strip()[:40] not in outcome.err or not token.strip()


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"SAVCTL_TOKEN": "T", "SAVCTL_TOKEN_FILE": "token"}, "SAVCTL_TOKEN_FILE"),
        ({"SAVCTL_TOKEN_FILE": "none"}, "SAVCTL_TOKEN_FILE"),
        ({"SAVCTL_TOKEN_FILE": "empty"}, "SAVCTL_TOKEN_FILE"),
        ({"SAVCTL_TOKEN": "T", "SAVCTL_TOKEN_KEY": ""}, "no key"),
        ({"SAVCTL_TOKEN": "T", "SAVCTL_TOKEN_JWKS": "keys.json"}, "token_jwks"),
        ({"SAVCTL_TOKEN_KEY": "", "SAVCTL_TOKEN_JWKS": "none.json"}, "token_jwks"),
        ({"SAVCTL_TOKEN_JWKS": "http://shop.example/keys"}, "token_jwks"),
        ({"SAVCTL_TOKEN_JWKS": "ftp://127.0.0.1/keys"}, "token_jwks"),
        ({"SAVCTL_TOKEN_JWKS": "https://me:secret@shop.example/"}, "token_jwks"),
        ({"SAVCTL_TOKEN_ROLE_NAMES": "ROLE_AGENT"}, "token_role_names"),
        ({"SAVCTL_TOKEN_ROLE_NAMES": "ROLE_AGENT=boss"}, "token_role_names"),
    ],
    ids=str,
)
def test_a_wrong_setting_of_tokens_is_named(
    cli: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    named: str,
) -> None:
    (tmp_path / "token").write_text(a_token())
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "keys.json").write_text(key_set_of(jwk(RSA)))
    for name, value in {"SAVCTL_TOKEN_KEY": KEY, **variables}.items():
        monkeypatch.setenv(name, a_token() if value == "T" else value)

    check = cli("config", "check")

    assert (check.code, named in check.err) == (2, True), check.err
    assert "secret@" not in check.err


def test_keys_and_names_of_roles_are_set_by_variables(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keys.json").write_text(key_set_of(jwk(RSA)))
    monkeypatch.setenv("SAVCTL_TOKEN", signed(role=None, groups=["BOSS"]))
    monkeypatch.setenv("SAVCTL_TOKEN_JWKS", "keys.json")
    monkeypatch.setenv("SAVCTL_TOKEN_ROLE_CLAIM", "groups")
    monkeypatch.setenv("SAVCTL_TOKEN_ROLE_NAMES", "BOSS=admin, OTHER=agent")

    outcome = cli("ticket", "list")

    assert outcome.code == 0, outcome.err
    shown = json.loads(cli("config", "show", "-o", "json").out)
    (names,) = [row for row in shown if row["setting"] == "token_role_names"]
    assert names["value"] == "BOSS=admin,OTHER=agent"
