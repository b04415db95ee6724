"""The parts of the desk with the jobs, which only the scheduler understands."""

from __future__ import annotations

from collections.abc import Mapping

from savctl.bootstrap import App
from savctl.scheduling.desk.job_board import read_board
from savctl.usecases.desk.parts import Part, all_parts


def desk_parts(app: App) -> Mapping[str, Part]:
    """What reads each part of the desk with the settings of this app."""
    return all_parts(
        board=lambda connection: read_board(connection, app),
        policies=lambda: app.policies(store=False),
    )
