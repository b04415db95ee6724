"""The broker and the queues that the settings name, for the commands of this group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from savctl.cli.framework.context import CommandContext
from savctl.errors import ConfigurationError

if TYPE_CHECKING:
    from savctl.ports import Binding, Queues


def queues(call: CommandContext) -> Queues:
    """The queues of the broker.

    Raises:
        ConfigurationError: no broker is configured.
    """
    if call.app.queues is None:
        raise ConfigurationError(
            "no broker is configured: nothing arrives from other services",
            hint="Set SAVCTL_BROKER_URL, or RABBITMQ_HOST and its companions.",
        )
    return call.app.queues


def bindings(call: CommandContext) -> tuple[Binding, Binding]:
    """The queue of users and that of orders, with what is bound to each."""
    from savctl.ports import Binding

    settings = call.settings
    users = Binding(
        queue=settings.sync_users_queue,
        exchange=settings.auth_exchange,
        routing_key=settings.sync_users_key,
    )
    orders = Binding(
        queue=settings.sync_orders_queue,
        exchange=settings.orders_exchange,
        routing_key=settings.sync_orders_key,
    )
    return users, orders
