"""Other services in memory, which keep the promises of the port."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from savctl.ports import Question, ServiceReply

Service = Callable[[dict[str, Any]], dict[str, Any] | None]


class FakeQuestions:
    """Answers by exchange; None is silence, an exchange that is not here is nobody."""

    def __init__(self, **services: Service) -> None:
        self.services = services
        self.asked: list[dict[str, Any]] = []

    def ask(self, questions: Sequence[Question], *, timeout: float) -> list[ServiceReply]:
        """Answer each."""
        del timeout
        return [self._one(question) for question in questions]

    def _one(self, question: Question) -> ServiceReply:
        data = json.loads(question.body)["data"]
        self.asked.append(data)
        service = self.services.get(question.exchange.removesuffix("_exchange"))
        if service is None:
            return ServiceReply(None, "nobody answers there")
        found = service(data)
        if found is None:
            return ServiceReply(None, "no answer in time")
        return ServiceReply(json.dumps(found).encode())
