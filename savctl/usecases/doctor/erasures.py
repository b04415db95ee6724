"""Erasures under `doctor`: what is due, what is late, what holds still keep (rules 16.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType

from savctl.domain.privacy.erasure import UNFINISHED, ErasureState
from savctl.domain.text import are, plural
from savctl.persistence.privacy.erasure.ledger import Erasures
from savctl.usecases.database.status import status
from savctl.usecases.doctor.checks import Check, CheckLevel, CheckResult, Environment

SOON = timedelta(days=7)


def _erasures(environment: Environment) -> Iterator[CheckResult]:
    if status(environment.database).state != "current":
        return
    with environment.database.reading() as connection:
        found = Erasures(connection).in_states(UNFINISHED)
    now = environment.clock()
    held = sum(one.state == ErasureState.HELD for one in found)
    open_ones = [one for one in found if one.state != ErasureState.HELD]
    late = sum(one.due_at < now for one in open_ones)
    soon = sum(now <= one.due_at <= now + SOON for one in open_ones)
    rests = f", {plural(held, 'rest')} kept by legal holds" if held else ""
    text = f"{plural(len(open_ones), 'request')} open{rests}"
    yield CheckResult(check="erasures", level=CheckLevel.OK, found=text)
    if late:
        yield CheckResult(
            check="erasures",
            level=CheckLevel.ERROR,
            found=f"{plural(late, 'request')} {are(late)} late",
            advice="Run 'savctl gdpr requests list', confirm them, then 'savctl job run erasure'.",
        )
    if soon:
        yield CheckResult(
            check="erasures",
            level=CheckLevel.WARN,
            found=f"{plural(soon, 'request')} {are(soon)} due within 7 days",
            advice="Run 'savctl gdpr requests list'.",
        )


ERASURES: Mapping[str, Check] = MappingProxyType({"erasures": _erasures})
