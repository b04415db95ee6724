"""Settings: by which terms tokens of the auth service are believed (rules 12)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from types import MappingProxyType
from urllib.parse import urlsplit

from savctl.config import values
from savctl.config.setting import setting
from savctl.domain.access.file_access import Role

_NO_NAMES: Mapping[str, str] = MappingProxyType({})


def jwks_place(text: str) -> str:
    """A file of keys, or an address: https, or http of this machine."""
    if "://" not in text:
        return text
    parts = urlsplit(text)
    if "@" in parts.netloc or not parts.hostname or parts.scheme not in {"https", "http"}:
        raise ValueError("must be a file, https://host/path, or http:// of a loopback address")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError("must be https:// unless its host is a loopback address")
    return text


def role_names(text: str) -> Mapping[str, str]:
    """`ROLE_AGENT=agent,ROLE_ADMIN=admin`."""
    found = {}
    for pair in filter(None, map(str.strip, text.split(","))):
        name, equals, role = map(str.strip, pair.rpartition("="))
        if not equals or not name or role not in set(Role):
            raise ValueError("must look like ROLE_AGENT=agent,ROLE_ADMIN=admin")
        found[name] = role
    return MappingProxyType(found)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class AccessSettings:
    """Keys, issuer, audience and roles of tokens."""

    token_jwks: str | None = setting(
        None,
        jwks_place,
        "JWK set that tokens are checked with: a file, or an https address, kept for 10 minutes",
    )
    token_issuer: str | None = setting(None, str, "the `iss` that a token must have; none: any")
    token_audience: str | None = setting(None, str, "the `aud` that a token must have; none: any")
    token_role_claim: str | None = setting(
        None, str, "dotted path of a further claim with roles, such as realm_access.roles"
    )
    token_role_names: Mapping[str, str] = setting(
        _NO_NAMES, role_names, "names of roles in tokens: ROLE_AGENT=agent,ROLE_ADMIN=admin"
    )
    require_token: bool = setting(
        False, values.yes, "refuse commands without a valid token; what timers start needs none"
    )
