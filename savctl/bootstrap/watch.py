"""What others are informed by: the dead man's switch, the command on failure, the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from savctl.bootstrap.database import DatabaseParts
from savctl.shared_part import shared_part

if TYPE_CHECKING:
    from savctl.adapters.watch.failure_command import FailureCommand
    from savctl.adapters.watch.pings import Pings
    from savctl.ports.ticket_cache import TicketCache


class WatchParts(DatabaseParts):
    """What is informed of runs and changes; each is None where it is not configured."""

    @shared_part
    def ticket_cache(self) -> TicketCache | None:
        """The service's cache, if one is configured; nothing is contacted yet."""
        if self.settings.ticket_cache_url is None:
            return None
        from savctl.adapters.redis_cache import RedisTicketCache

        return RedisTicketCache(self.settings.ticket_cache_url, self.settings.ticket_cache_keys)

    @shared_part
    def pings(self) -> Pings | None:
        """The dead man's switch, if one is configured; nothing is contacted yet."""
        if self.settings.ping_url is None:
            return None
        from savctl.adapters.watch.pings import Pings

        return Pings(self.settings.ping_url)

    @shared_part
    def failure_command(self) -> FailureCommand | None:
        """What is run when a job fails, if that is configured."""
        if self.settings.on_failure is None:
            return None
        from savctl.adapters.watch.failure_command import FailureCommand

        return FailureCommand(self.settings.on_failure)
