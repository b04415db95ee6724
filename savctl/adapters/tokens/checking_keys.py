"""What tokens are checked with: the key alone decides the algorithm (rules 12.2).

A shared secret means HS256, an RSA key RS256, one of the curve P-256 ES256, Ed25519 EdDSA.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from savctl.errors import ConfigurationError

_SHORTEST_SECRET = 32
_SHORTEST_RSA_BITS = 2048
# Public material that somebody took for a secret: whoever knows it could sign with it.
_NO_SECRET = ("{", "[", "ssh-", "ecdsa-", "MII")
_BY_KIND = {("RSA", "None"): "RS256", ("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA"}


@dataclass(frozen=True, slots=True)
class CheckingKey:
    """What a token is checked with, and by which algorithm alone."""

    key: Any
    algorithm: str


def key_of_text(text: str) -> CheckingKey:
    """The key in `token_key`: a public key in PEM form, or a shared secret.

    Raises:
        ConfigurationError: it is too weak, a private key, or no key.
    """
    if "-----BEGIN" in text:
        return _of_pem(text)
    if text.lstrip("\ufeff \t\r\n").startswith(_NO_SECRET):
        raise ConfigurationError(
            "token_key is neither a secret nor a public key in PEM form",
            hint="Give a public key as PEM (-----BEGIN PUBLIC KEY-----), a JWK set as token_jwks.",
        )
    if len(text.encode(errors="replace")) < _SHORTEST_SECRET:
        raise ConfigurationError(f"token_key is shorter than {_SHORTEST_SECRET} bytes")
    return CheckingKey(text, "HS256")


def key_of_jwk(jwk: Mapping[str, Any]) -> CheckingKey | None:
    """The key of one member of a JWK set; None when tokens are not checked with it.

    Secrets (`oct`) are left out: a set is public.

    Raises:
        ConfigurationError: it is a private key.
    """
    import jwt

    algorithm = _BY_KIND.get((str(jwk.get("kty")), str(jwk.get("crv"))))
    if algorithm is None or jwk.get("use", "sig") != "sig":
        return None
    if jwk.get("alg", algorithm) != algorithm:
        return None
    if "d" in jwk:
        raise ConfigurationError(
            "token_jwks holds a private key: tokens are checked with public ones"
        )
    try:
        key = jwt.PyJWK(dict(jwk), algorithm=algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return None if _is_weak(key) else CheckingKey(key, algorithm)


def _of_pem(text: str) -> CheckingKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if "PRIVATE KEY" in text:
        raise ConfigurationError(
            "token_key is a private key: tokens are checked with the public one",
            hint="openssl pkey -in PRIVATE.pem -pubout prints it. Keep the private key elsewhere.",
        )
    try:
        found = load_pem_public_key(text.strip("\ufeff \t\r\n").encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigurationError("token_key is no public key in PEM form") from None
    if _is_weak(found):
        raise ConfigurationError(f"token_key is an RSA key of less than {_SHORTEST_RSA_BITS} bits")
    if isinstance(found, rsa.RSAPublicKey):
        return CheckingKey(found, "RS256")
    if isinstance(found, ec.EllipticCurvePublicKey) and isinstance(found.curve, ec.SECP256R1):
        return CheckingKey(found, "ES256")
    if isinstance(found, ed25519.Ed25519PublicKey):
        return CheckingKey(found, "EdDSA")
    raise ConfigurationError(
        "token_key is neither an RSA key nor one of the curve P-256 or Ed25519"
    )


def _is_weak(key: Any) -> bool:
    from cryptography.hazmat.primitives.asymmetric import rsa

    return isinstance(key, rsa.RSAPublicKey) and key.key_size < _SHORTEST_RSA_BITS
