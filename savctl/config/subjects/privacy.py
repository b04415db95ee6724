"""Settings: how persons are erased (rules 16)."""

from __future__ import annotations

from dataclasses import dataclass

from savctl.config import values
from savctl.config.setting import setting
from savctl.domain.privacy.erasure_keys import ErasureKeys, read_erasure_keys


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class PrivacySettings:
    """Erasures."""

    erasure_key: ErasureKeys | None = setting(
        None,
        read_erasure_keys,
        "secret of the pseudonyms of erased persons, or lines KID SECRET; none: in the database",
        secret=True,
    )
    erase_automatically: bool = setting(
        False, values.yes, "carry out erasure requests that nobody confirmed"
    )
