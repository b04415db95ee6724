"""`savctl doctor`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from savctl.cli._call import Call
from savctl.cli._command import command, new_group
from savctl.cli._output import Answer, write
from savctl.errors import Findings, Unavailable

group = new_group("Check everything savctl depends on.", is_command=True)

_COLUMNS = ("check", "level", "found", "advice")


@command(group, "doctor", examples=["savctl doctor", "savctl doctor -o json"])
def doctor(call: Call) -> Answer:
    """Check everything savctl depends on; exit 10 when something is wrong, 8 without database."""
    from savctl.usecases.doctor.database import DATABASE
    from savctl.usecases.doctor.diagnosis import Patient, diagnose
    from savctl.usecases.doctor.files import FILES
    from savctl.usecases.doctor.work import WORK

    patient = Patient(
        database=call.app.raw_database,
        clock=call.clock,
        broker=call.app.broker,
        store=call.app.store,
        scanner=call.app.scanner,
        due=lambda: _due(call),
    )
    diagnosis = diagnose(patient, {**DATABASE, **WORK, **FILES})
    rows = [sign.as_row() for sign in diagnosis.signs]
    answer = Answer(rows=rows, columns=_COLUMNS, key="check")
    if not diagnosis.errors:
        return answer
    write(answer, call.output, call.columns)
    names = ", ".join(dict.fromkeys(sign.check for sign in diagnosis.errors))
    if not diagnosis.is_reachable:
        raise Unavailable(f"the database {call.app.raw_database.name} does not answer")
    raise Findings(f"{len(diagnosis.errors)} thing(s) are wrong: {names}")


def _due(call: Call) -> Mapping[str, datetime]:
    """The oldest slot of each job that nobody has run yet."""
    from jobs._job import all_jobs
    from jobs._plan import all_schedules, due_slots

    schedules = all_schedules(call.settings)
    found = {
        name: due_slots(job, call.app, schedules[name], remember=False)
        for name, job in all_jobs().items()
    }
    return {name: slots[0] for name, slots in found.items() if slots}
