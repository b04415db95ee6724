"""Every attack on a token by its name, on the command line: refused, and nothing was done.

What is wrong with the token exits 7, a server of keys that fails 8, a set that is none 2
(rules 12.2; settled points 7 and 8).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from savctl.adapters.tokens import fetching, kept_keys
from savctl.persistence.engine import Database
from tests.access.key_server import EC, RSA, KeyServer, aged, jwk, key_set_of, serving, signed
from tests.conftest import Cli
from tests.given import snapshot

KEY = "a secret of the auth service, long enough"
PEM = (
    RSA.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
SET = key_set_of(jwk(RSA), jwk(EC, "two"))
Variables = dict[str, str]
pytestmark = pytest.mark.only_on("sqlite")


def coded(value: bytes | dict[str, Any]) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims(**other: Any) -> dict[str, Any]:
    """Those of a good token of an admin; None leaves one out."""
    known = {"sub": "5", "role": "admin", "exp": int(time.time()) + 600, **other}
    return {name: value for name, value in known.items() if value is not None}


def by_hand(head: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
    """A token whose head and signature a library would not make."""
    text = f"{coded({'typ': 'JWT', **head})}.{coded(claims())}"
    return f"{text}.{coded(sign(text.encode()))}"


def hmac_with(secret: str) -> Callable[[bytes], bytes]:
    return lambda text: hmac.digest(secret.encode(), text, hashlib.sha256)


def with_secret(**other: Any) -> Variables:
    return {"SAVCTL_TOKEN": jwt.encode(claims(**other), KEY), "SAVCTL_TOKEN_KEY": KEY}


def with_set(token: str) -> Variables:
    return {"SAVCTL_TOKEN": token, "SAVCTL_TOKEN_JWKS": "keys.json"}


def issued(**other: Any) -> Variables:
    terms = {"SAVCTL_TOKEN_ISSUER": "auth", "SAVCTL_TOKEN_AUDIENCE": "sav"}
    return with_secret(**{"iss": "auth", "aud": "sav", **other}) | terms


SOON = int(time.time())
ATTACKS: dict[str, Callable[[], Variables]] = {
    "alg none": lambda: {
        "SAVCTL_TOKEN": by_hand({"alg": "none"}, lambda _: b""), "SAVCTL_TOKEN_KEY": KEY,
    },
    "alg nOnE, against a set": lambda: with_set(
        by_hand({"alg": "nOnE", "kid": "one"}, lambda _: b"")
    ),
    "no alg": lambda: with_set(by_hand({"kid": "one"}, lambda _: b"")),
    "HS256, signed with the public key": lambda: {
        "SAVCTL_TOKEN": by_hand({"alg": "HS256"}, hmac_with(PEM)), "SAVCTL_TOKEN_KEY": PEM,
    },
    "HS256, signed with the public key less its last line break": lambda: {
        "SAVCTL_TOKEN": by_hand({"alg": "HS256"}, hmac_with(PEM.strip())),
        "SAVCTL_TOKEN_KEY": PEM,
    },
    "HS256, signed with a key of the set": lambda: with_set(
        by_hand({"alg": "HS256", "kid": "one"}, hmac_with(json.dumps(jwk(RSA))))
    ),
    "HS256, signed with an empty secret": lambda: {
        "SAVCTL_TOKEN": by_hand({"alg": "HS256"}, hmac_with("")), "SAVCTL_TOKEN_KEY": KEY,
    },
    "a key that the token brings along": lambda: with_set(
        jwt.encode(claims(), KEY, headers={"jwk": {"kty": "oct", "k": coded(KEY.encode())}})
    ),
    "an address of keys that the token brings along": lambda: with_set(
        jwt.encode(claims(), KEY, headers={"jku": "http://127.0.0.1:1/", "kid": "one"})
    ),
    "ES256, a signature of zeros": lambda: with_set(
        by_hand({"alg": "ES256", "kid": "two"}, lambda _: bytes(64))
    ),
    "the key of another algorithm": lambda: with_set(signed(EC, "one")),
    "expired": lambda: with_secret(exp=SOON - 31),
    "not valid yet": lambda: with_secret(nbf=int(time.time()) + 60),
    "another issuer": lambda: issued(iss="other"),
    "no issuer": lambda: issued(iss=None),
    "another audience": lambda: issued(aud="shop"),
    "no audience": lambda: issued(aud=None),
    "no exp": lambda: with_secret(exp=None),
    "exp that is no number": lambda: with_secret(exp="never"),
    "no sub": lambda: with_secret(sub=None),
    "sub that is no id": lambda: with_secret(sub="ada"),
    "sub with SQL": lambda: with_secret(sub="5 OR 1=1"),
    "sub that is negative": lambda: with_secret(sub=-5),
    "kid with a path": lambda: with_set(signed(kid="../../../dev/null")),
    "kid with SQL": lambda: with_set(signed(kid="' OR 1=1; DROP TABLE users --")),
    "1 MB": lambda: {"SAVCTL_TOKEN_FILE": "token", "SAVCTL_TOKEN_KEY": KEY},
}  # fmt: skip


def tried(cli: Cli, database: Database, code: int) -> str:
    """Commands that read, change and export: none does anything; answers what they report."""
    before, reported = snapshot(database), []
    for words in (
        ("ticket", "create", "--user", "5", "--subject", "s", "--description", "d"),
        ("user", "list", "-o", "json"),
        ("gdpr", "export", "5", "--out", "x.zip", "--yes"),
    ):
        outcome = cli(*words)
        assert (outcome.code, outcome.out) == (code, ""), (words, outcome.err)
        reported.append(outcome.err)
    assert snapshot(database) == before
    assert not Path("x.zip").exists()
    return "".join(reported)


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_and_nothing_is_done(
    cli: Cli,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    attack: str,
) -> None:
    (tmp_path / "keys.json").write_text(SET)
    (tmp_path / "token").write_text("x" * 1_048_576)
    variables = ATTACKS[attack]()
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    reported = tried(cli, database, 7)

    for piece in variables.get("SAVCTL_TOKEN", "xxxxxxxx").split("."):
        assert not piece or piece not in reported


def test_at_makes_neither_a_token_nor_kept_keys_young(
    cli: Cli, server: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_TOKEN_JWKS", server.url)
    monkeypatch.setenv("SAVCTL_TOKEN", signed())
    back_then = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
    assert cli("ticket", "list").code == 0
    (kept,) = Path("home").glob("jwks-*")
    aged(kept, 3600)

    assert cli("ticket", "list", "--at", back_then).code == 0
    assert len(server.asked) == 2
    monkeypatch.setenv("SAVCTL_TOKEN", signed(exp=int(time.time()) - 1800))
    assert cli("ticket", "list", "--at", back_then).code == 7


@pytest.fixture
def server() -> Iterator[KeyServer]:
    with serving(key_set_of(jwk(RSA))) as served:
        yield served


@pytest.mark.parametrize(
    ("flaw", "code"), [("redirects", 8), ("times out", 8), ("fails", 8), ("answers rubbish", 2)]
)
@pytest.mark.parametrize("signer", ["the service", "somebody"])
def test_a_server_of_keys_that_fails_proves_nobody(
    cli: Cli,
    database: Database,
    server: KeyServer,
    monkeypatch: pytest.MonkeyPatch,
    flaw: str,
    code: int,
    signer: str,
) -> None:
    forged = by_hand({"alg": "RS256", "kid": "one"}, lambda _: bytes(256))
    monkeypatch.setenv("SAVCTL_TOKEN", signed() if signer == "the service" else forged)
    monkeypatch.setenv("SAVCTL_TOKEN_JWKS", server.url)
    if flaw == "redirects":  # to where a good set is
        server.code, server.headers = 302, {"Location": f"{server.url}/elsewhere"}
    elif flaw == "times out":
        server.is_silent = True
        monkeypatch.setattr(kept_keys, "fetched", lambda url: fetching.fetched(url, seconds=0.1))
    elif flaw == "fails":
        server.code = 500
    else:
        server.text = "<html>Sign in</html>"

    assert "token_jwks" in tried(cli, database, code)
    assert set(server.asked) == {"/keys"}
    assert not list(Path("home").glob("jwks-*"))
