"""The service's cache under `doctor`: it answers, and no removal waits for long (rules 19.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType

from savctl.domain.text import plural
from savctl.persistence.events.cache_removals import CacheRemovals
from savctl.persistence.schema import server_info
from savctl.usecases.database.status import status
from savctl.usecases.doctor.checks import Check, CheckLevel, CheckResult, Environment
from savctl.usecases.doctor.work import age_text

_LATE = timedelta(minutes=5)


def _cache(environment: Environment) -> Iterator[CheckResult]:
    if environment.ticket_cache is None or status(environment.database).state != "current":
        return
    with environment.database.reading() as connection:
        waiting, oldest = CacheRemovals(connection).waiting()
        age = server_info.now(connection) - oldest if oldest else timedelta()
    is_late = age > _LATE
    found = (
        f"{plural(waiting, 'changed ticket')} to be removed from {environment.ticket_cache.name}"
    )
    yield CheckResult(
        check="cache",
        level=CheckLevel.WARN if is_late else CheckLevel.OK,
        found=f"{found}, the oldest for {age_text(age)}" if is_late else found,
        advice="Run the job event-relay." if is_late else None,
    )
    environment.ticket_cache.check()


CACHE: Mapping[str, Check] = MappingProxyType({"cache": _cache})
