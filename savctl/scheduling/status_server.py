"""`scheduler run --metrics`: what watchers ask a scheduler over HTTP (rules 18.1).

Every answer is there within 5 seconds, also while the database hangs: it is asked over
connections of their own with short limits, in a thread that nobody waits for any longer.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus

from savctl.adapters.exposition import CONTENT_TYPE
from savctl.adapters.web_server import Route, WebAnswer, WebServer, parse_address
from savctl.bootstrap import App
from savctl.errors import SavError, Unavailable
from savctl.persistence.connections.waits import Waits
from savctl.scheduling.desk.page import PAGE_HEADERS, PAGE_TYPE, desk_page
from savctl.scheduling.desk.parts import desk_parts
from savctl.scheduling.metrics import away_text, metric_places, metrics_text
from savctl.scheduling.shared_work import SharedWork
from savctl.usecases.desk.reader import DeskReader
from savctl.usecases.desk.watch import DeskWatch
from savctl.usecases.metrics.readiness import require_alive, require_ready
from savctl.usecases.metrics.reading import read_metrics

_log = logging.getLogger("savctl.status_server")
_ANSWER_SECONDS = 4.0
WAITS = Waits(lock_wait_seconds=1, table_wait_seconds=1, statement_seconds=3, connect_seconds=2)


class StatusServer:
    """The addresses that a scheduler answers, and what is behind each of them."""

    def __init__(self, app: App, address: str) -> None:
        """Listen; nothing is answered before `start`.

        Raises:
            InvalidInput: it is no address, or the port is taken.
        """
        place = parse_address(address)
        # the clocks of host and database may differ: that is what is shown
        self._app = App(
            app.settings, app.clock, host_clock=app.host_clock, on_skew=None, waits=WAITS
        )
        database = self._app.raw_database
        self._works: Mapping[str, SharedWork[str]] = {
            "metrics": SharedWork(self._metrics, name="metrics"),
            "healthz": SharedWork(lambda: require_alive(database), name="healthz"),
            "readyz": SharedWork(lambda: require_ready(database, owner=app.owner), name="readyz"),
        }
        self._desk = DeskWatch(
            DeskReader(lambda: self._app.database, app.clock, desk_parts(self._app))
        )
        self._server = WebServer(place, self._routes())

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self._server.address

    def start(self) -> None:
        """Answer from now on."""
        self._server.start()
        host, port = self.address
        url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        fields = {"event": "metrics_served", "details": {"url": url}}
        _log.info("Metrics are at %s/metrics.", url, extra=fields)

    def close(self) -> None:
        """Answer nothing more."""
        self._server.close()
        for work in self._works.values():
            work.close()
        self._app.close()

    def _routes(self) -> Mapping[str, Route]:
        """Every path that is answered; one more is one line more."""
        return {
            "/": self._answer_page,
            "/metrics": self._answer_metrics,
            "/healthz": lambda: self._answer_check("healthz"),
            "/readyz": lambda: self._answer_check("readyz"),
        }

    def _metrics(self) -> str:
        return metrics_text(read_metrics(metric_places(self._app)))

    def _answer_metrics(self) -> WebAnswer:
        try:
            text = self._works["metrics"].ask(seconds=_ANSWER_SECONDS)
        except (SavError, TimeoutError):
            text = away_text()
        return WebAnswer(body=text, content_type=CONTENT_TYPE)

    def _answer_page(self) -> WebAnswer:
        """The desk for people; while the database hangs, what was read before."""
        self._desk.start().join(_ANSWER_SECONDS)
        text = desk_page(self._desk.latest, now=self._app.clock())
        return WebAnswer(body=text, content_type=PAGE_TYPE, headers=PAGE_HEADERS)

    def _answer_check(self, name: str) -> WebAnswer:
        try:
            return WebAnswer(body=f"{self._works[name].ask(seconds=_ANSWER_SECONDS)}\n")
        except SavError as problem:
            return _not_well(problem.message if not isinstance(problem, Unavailable) else _AWAY)
        except TimeoutError:
            return _not_well(_AWAY)


_AWAY = "the database does not answer"


def _not_well(why: str) -> WebAnswer:
    return WebAnswer(body=f"{why}\n", status=HTTPStatus.SERVICE_UNAVAILABLE)
