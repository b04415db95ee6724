"""The service's cache on a Redis server (rules 19.5): keys of tickets, made of templates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from savctl.errors import ConfigurationError
from savctl.ports.ticket_cache import TicketCacheUnavailable
from savctl.shared_part import shared_part

if TYPE_CHECKING:
    from redis import Redis

T = TypeVar("T")
_SECONDS = 1.0  # to connect, and for each answer: whoever waits for it has other work
_KEYS_AT_ONCE = 500


class RedisTicketCache:
    """A Redis server, or what speaks its protocol; nothing is contacted before the first call."""

    def __init__(self, url: str, templates: Sequence[str], *, seconds: float = _SECONDS) -> None:
        parts = urlsplit(url)
        self.name = f"{parts.scheme}://{parts.hostname or ''}:{parts.port or 6379}{parts.path}"
        self._url = url
        self._templates = templates
        self._seconds = seconds

    def remove(self, ticket_ids: Sequence[int]) -> None:
        """Remove every entry of these tickets.

        Raises:
            TicketCacheUnavailable: it did not answer in time; some may be gone.
        """
        keys = [
            template.replace("{id}", str(ticket_id))
            for ticket_id in ticket_ids
            for template in self._templates
        ]
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            some = keys[start : start + _KEYS_AT_ONCE]
            self._asked(partial(_delete, keys=some))

    def check(self) -> None:
        """Pass when it answers.

        Raises:
            TicketCacheUnavailable: it does not.
        """
        self._asked(lambda client: client.ping())

    def close(self) -> None:
        """Close the connections."""
        if "_client" in self.__dict__:
            self.__dict__.pop("_client").close()

    @shared_part
    def _client(self) -> Redis:
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError:
            raise ConfigurationError(
                "ticket_cache_url is set, and the Python package redis is not installed",
                hint="Install savctl[redis].",
            ) from None
        try:
            return redis.Redis.from_url(
                self._url,
                socket_connect_timeout=self._seconds,
                socket_timeout=self._seconds,
                retry=Retry(NoBackoff(), 0),  # the removal itself is repeated
            )
        except ValueError as problem:
            raise ConfigurationError(f"ticket_cache_url: {type(problem).__name__}") from None

    def _asked(self, ask: Callable[[Any], T]) -> T:
        client = self._client
        from redis import RedisError

        try:
            return ask(client)
        except (RedisError, OSError) as problem:
            raise TicketCacheUnavailable(
                f"the ticket cache {self.name} does not answer ({type(problem).__name__})",
                hint="Entries of changed tickets are removed when it is back.",
            ) from None


def _delete(client: Any, *, keys: Sequence[str]) -> None:
    client.delete(*keys)
