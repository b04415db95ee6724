"""By which terms tokens are believed: keys, issuer, audience, roles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from savctl.config import Settings
from savctl.domain.access.file_access import Role

OWN_NAMES: Mapping[str, Role] = {role.value: role for role in Role}


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenTerms:
    """What a token has to be; `role_names` has the auth service's names of our roles."""

    key: str | None = None
    jwks: str | None = None
    issuer: str | None = None
    audience: str | None = None
    role_claim: str | None = None
    role_names: Mapping[str, Role] = field(default_factory=lambda: OWN_NAMES)
    folder: Path = Path()
    warn: Callable[[str], None] = lambda _: None

    @property
    def is_url(self) -> bool:
        """Whether the keys are asked for at an address."""
        return self.jwks is not None and "://" in self.jwks


def terms_of(settings: Settings, *, warn: Callable[[str], None] = lambda _: None) -> TokenTerms:
    """The terms that the settings make."""
    foreign = {name: Role(role) for name, role in settings.token_role_names.items()}
    return TokenTerms(
        key=settings.token_key,
        jwks=settings.token_jwks,
        issuer=settings.token_issuer,
        audience=settings.token_audience,
        role_claim=settings.token_role_claim,
        role_names={**foreign, **OWN_NAMES},
        folder=settings.home,
        warn=warn,
    )
