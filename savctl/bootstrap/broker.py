"""The broker, and what is sent, received and asked over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from savctl.bootstrap.database import DatabaseParts
from savctl.shared_part import shared_part

if TYPE_CHECKING:
    from savctl.adapters.rabbitmq.broker import RabbitSettings
    from savctl.ports import Broker, Questions, Queues
    from savctl.usecases.sync.asking import Services


class BrokerParts(DatabaseParts):
    """What talks to RabbitMQ; each is None where no broker is configured."""

    @shared_part
    def broker(self) -> Broker | None:
        """The broker, if one is configured; nothing is contacted yet."""
        settings = self._broker_settings
        if settings is None:
            return None
        from savctl.adapters.rabbitmq.broker import RabbitBroker

        return RabbitBroker(settings)

    @shared_part
    def queues(self) -> Queues | None:
        """The queues in which other services' messages arrive, if a broker is configured."""
        settings = self._broker_settings
        if settings is None:
            return None
        from savctl.adapters.rabbitmq.queues import RabbitQueues

        return RabbitQueues(settings)

    @shared_part
    def questions(self) -> Questions | None:
        """What asks other services, if a broker is configured; nothing is contacted yet."""
        settings = self._broker_settings
        if settings is None:
            return None
        from savctl.adapters.rabbitmq.questions import RabbitQuestions

        return RabbitQuestions(settings)

    @shared_part
    def services(self) -> Services:
        """The auth service and the orders service, which may be asked; nothing is asked yet."""
        from savctl.usecases.erasure.sync_hook import StoredErasures
        from savctl.usecases.sync.asking import Services

        return Services(
            questions=lambda: self.questions,
            timeout=self.settings.order_check_timeout,
            auth_exchange=self.settings.auth_exchange,
            orders_exchange=self.settings.orders_exchange,
            checks_orders=self.settings.order_check == "auto",
            checks_users=self.settings.user_check == "auto",
            erasure=StoredErasures(self.settings.erasure_key),
        )

    @shared_part
    def _broker_settings(self) -> RabbitSettings | None:
        if self.settings.broker_url is None:
            return None
        from savctl.adapters.rabbitmq.broker import RabbitSettings

        return RabbitSettings(
            url=self.settings.broker_url,
            window=self.settings.broker_window,
            declares=self.settings.broker_topology == "declare",
            ca_file=self.settings.broker_ca_file,
            cert_file=self.settings.broker_cert_file,
            key_file=self.settings.broker_key_file,
        )
