"""Keys of a JWK set, from a file or an address (rules 12.2)."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from savctl.adapters.tokens import fetching, kept_keys
from savctl.adapters.tokens.claims import TokenRefused
from savctl.adapters.tokens.kept_keys import cache_path
from savctl.adapters.tokens.proving import requester_of
from savctl.adapters.tokens.terms import TokenTerms
from savctl.errors import ConfigurationError, Unavailable
from tests.access.key_server import EC, RSA, KeyServer, aged, jwk, key_set_of, serving, signed

SECRET = {"kty": "oct", "kid": "one", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"}


@pytest.fixture
def server() -> Iterator[KeyServer]:
    with serving(key_set_of(jwk(RSA))) as served:
        yield served


@pytest.fixture
def terms(server: KeyServer, tmp_path: Path) -> TokenTerms:
    return TokenTerms(jwks=server.url, folder=tmp_path / "home")


def of_file(folder: Path, text: str) -> TokenTerms:
    (folder / "keys.json").write_text(text)
    return TokenTerms(jwks=str(folder / "keys.json"))


def test_the_key_of_a_file_is_chosen_by_its_name(tmp_path: Path) -> None:
    terms = of_file(tmp_path, key_set_of(jwk(RSA), jwk(EC, "two")))

    assert requester_of(signed(), terms).user_id == 5
    assert requester_of(signed(EC, "two"), terms).user_id == 5
    for token in (signed(EC, "one"), signed(RSA, "two"), signed(kid=None)):
        with pytest.raises(TokenRefused):
            requester_of(token, terms)


def test_a_token_without_a_key_name_is_believed_by_the_only_key(tmp_path: Path) -> None:
    assert requester_of(signed(kid=None), of_file(tmp_path, key_set_of(jwk(RSA)))).user_id == 5


@pytest.mark.parametrize("kid", ["../../etc/passwd", "' OR 1=1 --", "", "a" * 9_000, "\x00"])
def test_a_key_name_is_looked_up_and_nothing_else(tmp_path: Path, kid: str) -> None:
    with pytest.raises(TokenRefused):
        requester_of(signed(kid=kid), of_file(tmp_path, key_set_of(jwk(RSA))))


@pytest.mark.parametrize(
    "text",
    [
        "", "rubbish", "[]", "{}", '{"keys": 1}', '{"keys": []}', "[" * 100_000,
        key_set_of(SECRET), key_set_of(jwk(RSA, use="enc")), key_set_of(jwk(RSA, alg="RS512")),
        key_set_of(jwk(RSA, d="AQAB")), key_set_of({"kty": "RSA", "n": "x", "e": 1}),
    ],
)  # fmt: skip
def test_a_file_without_a_usable_key_is_a_wrong_setting(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match="token_jwks"):
        requester_of(signed(), of_file(tmp_path, text))


def test_a_secret_in_a_set_proves_nothing(tmp_path: Path) -> None:
    import jwt

    claims = {"sub": "5", "role": "admin", "exp": int(time.time()) + 600}
    forged = jwt.encode(claims, "secret-secret-secret-secret-secret", headers={"kid": "one"})
    with pytest.raises(TokenRefused):
        requester_of(forged, of_file(tmp_path, key_set_of(SECRET, jwk(RSA, "two"))))


def test_keys_of_an_address_are_kept_for_their_owner_alone(
    server: KeyServer, terms: TokenTerms
) -> None:
    for _ in range(3):
        assert requester_of(signed(), terms).user_id == 5

    assert len(server.asked) == 1
    assert cache_path(server.url, terms.folder).stat().st_mode & 0o777 == 0o600
    assert os.listdir(terms.folder) == [cache_path(server.url, terms.folder).name]


def test_after_ten_minutes_the_server_is_asked_again(server: KeyServer, terms: TokenTerms) -> None:
    requester_of(signed(), terms)
    aged(cache_path(server.url, terms.folder), 601)

    requester_of(signed(), terms)

    assert len(server.asked) == 2


def test_a_new_key_is_fetched_at_once_and_an_unknown_one_once_a_minute(
    server: KeyServer, terms: TokenTerms
) -> None:
    requester_of(signed(), terms)
    server.text = key_set_of(jwk(RSA), jwk(EC, "two"))

    assert requester_of(signed(EC, "two"), terms).user_id == 5
    for _ in range(3):
        with pytest.raises(TokenRefused):
            requester_of(signed(EC, "three"), terms)
    assert len(server.asked) == 2
    aged(cache_path(server.url, terms.folder), 61)
    with pytest.raises(TokenRefused):
        requester_of(signed(EC, "three"), terms)
    assert len(server.asked) == 3


@pytest.mark.parametrize("flaw", ["away", "redirects", "rubbish", "silent", "endless"])
def test_a_server_that_fails_leaves_what_is_kept_for_a_day(
    server: KeyServer, terms: TokenTerms, monkeypatch: pytest.MonkeyPatch, flaw: str
) -> None:
    warnings: list[str] = []
    terms = TokenTerms(jwks=terms.jwks, folder=terms.folder, warn=warnings.append)
    requester_of(signed(), terms)
    path = cache_path(server.url, terms.folder)
    aged(path, 3600)
    spoil(server, flaw, monkeypatch)

    assert requester_of(signed(), terms).user_id == 5
    assert ["token_jwks" in warning for warning in warnings] == [True]
    aged(path, 24 * 3600)
    with pytest.raises((Unavailable, ConfigurationError), match="token_jwks"):
        requester_of(signed(), terms)


@pytest.mark.parametrize(
    ("flaw", "failure"),
    [
        ("away", Unavailable),
        ("redirects", Unavailable),
        ("silent", Unavailable),
        ("endless", Unavailable),
        ("rubbish", ConfigurationError),
    ],
)
def test_a_server_that_fails_proves_nothing_where_nothing_is_kept(
    server: KeyServer,
    terms: TokenTerms,
    monkeypatch: pytest.MonkeyPatch,
    flaw: str,
    failure: type[Exception],
) -> None:
    spoil(server, flaw, monkeypatch)

    with pytest.raises(failure, match="token_jwks"):
        requester_of(signed(), terms)
    assert set(server.asked) <= {"/keys"}


def test_kept_keys_that_others_may_write_are_not_believed(
    server: KeyServer, terms: TokenTerms
) -> None:
    requester_of(signed(), terms)
    path = cache_path(server.url, terms.folder)
    path.chmod(0o666)

    requester_of(signed(), terms)

    assert len(server.asked) == 2
    assert path.stat().st_mode & 0o777 == 0o600
    assert kept_keys.kept_seconds(server.url, terms.folder) is not None


def spoil(server: KeyServer, flaw: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if flaw == "away":
        server.code = 503
    elif flaw == "redirects":
        server.code, server.headers = 302, {"Location": f"{server.url}/elsewhere"}
    elif flaw == "rubbish":
        server.text = "<html>Sign in</html>"
    elif flaw == "endless":
        server.text = "x" * 2_000_000
    else:
        server.is_silent = True
        monkeypatch.setattr(kept_keys, "fetched", lambda url: fetching.fetched(url, seconds=0.2))
