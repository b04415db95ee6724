"""`savctl gdpr erase`, `savctl gdpr verify`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from savctl.cli.framework.choices import one_of
from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.files import Force, may_overwrite
from savctl.cli.framework.output import Answer, Outcome
from savctl.cli.framework.stderr.progress import watching
from savctl.cli.gdpr import group
from savctl.cli.user import Person, user_id
from savctl.domain.text import plural
from savctl.errors import Findings, InvalidInput, NeedsConfirmation, PartlyDone, SavError

if TYPE_CHECKING:
    from savctl.usecases.batch.batches import BatchContext
    from savctl.usecases.erasure.erasing import ErasureReport, ErasureWish
    from savctl.usecases.erasure.planning import ErasurePlan, Surroundings


@command(
    group,
    "erase",
    writes=True,
    examples=[
        "savctl gdpr erase 456 --dry-run",
        "savctl gdpr erase 456 --confirm 456 --reason 'request of 3 October' --as 5",
        "savctl gdpr erase 456 --mode anonymise --confirm 456 --certificate erased.json",
    ],
)
def erase(
    call: CommandContext,
    named: Person,
    mode: Annotated[
        str, typer.Option("--mode", metavar="MODE", help="delete or anonymise (closed tickets).")
    ] = "delete",
    except_held: Annotated[
        bool, typer.Option("--except-held", help="Leave out what legal holds keep.")
    ] = False,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Why; the certificate has it.")
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option("--certificate", metavar="F", help="Write the certificate too.")
    ] = None,
    confirm: Annotated[
        str | None, typer.Option("--confirm", metavar="USER", help="The user id, to confirm.")
    ] = None,
    force: Force = False,
) -> Answer | Outcome:
    """Erase a person everywhere, and prove it.

    Tickets, messages, files, archive, events, copies: found, removed, searched again. What others
    wrote returns to their own tickets. The certificate names nobody.

    Run the same command again after a failure: it continues.
    """
    from savctl.domain.privacy.erasure import Mode
    from savctl.domain.text import reason as checked_reason
    from savctl.usecases.erasure.erasing import ErasureWish

    user = user_id(call, named)
    wish = ErasureWish(
        user_id=user,
        mode=Mode(one_of("mode", mode, tuple(Mode))),
        reason=checked_reason(reason),
        by=call.by,
        except_held=except_held,
    )
    _require_no_name(call, wish)
    overwrite = certificate is not None and may_overwrite(call, certificate, force=force)
    around = surroundings(call)
    _confirm(call, around, wish, confirm)
    report, exit_code = _run(call, around, wish)
    if report.is_stopped:
        call.note("stopped; run the same command again to continue")
        return Outcome(exit=exit_code)
    if certificate is not None and report.certificate and not call.dry_run:
        _write(certificate, report.certificate, overwrite=overwrite)
    return _answer(call, report)


@command(
    group,
    "verify",
    examples=["savctl gdpr verify 456", "savctl gdpr verify 456 -o json"],
)
def verify(call: CommandContext, named: Person) -> Outcome:
    """Search every place for a person once more.

    Exit code 10 when something is left that an erasure removes.
    """
    from savctl.usecases.erasure.verifying import verify_person

    verdict = verify_person(surroundings(call), user_id(call, named))
    answer = Answer(
        rows=verdict.as_rows(), columns=("place", "found", "what", "stays"), key="place"
    )
    if not verdict.left:
        return Outcome(answer=answer)
    total = sum(verdict.left.values())
    failure = Findings(
        f"{plural(total, 'trace')} in {plural(len(verdict.left), 'place')}: "
        f"{', '.join(verdict.left)}"
    )
    return Outcome(answer=answer, failures=(failure,))


def surroundings(call: CommandContext) -> Surroundings:
    """Where this command erases and searches."""
    from savctl.usecases.erasure.planning import Surroundings

    app = call.app
    return Surroundings(
        database=call.database,
        store=app.store,
        cold=app.cold,
        clock=call.clock,
        keys=call.settings.erasure_key,
        keep=call.settings.backup_keep,
        mirror=app.mirror,
    )


def _require_no_name(call: CommandContext, wish: ErasureWish) -> None:
    """The reason outlives the person: it must not name them."""
    from savctl.persistence.privacy.erasure.person_rows import names_of

    if wish.reason is None:
        return
    with call.database.reading() as connection:
        names = [*names_of(connection, wish.user_id), str(wish.user_id)]
    text = wish.reason.casefold()
    if any(name.casefold() in text for name in names if len(name) > 1):
        raise InvalidInput(
            "--reason names the person: the certificate keeps it for ever",
            hint="Write a case number or a date instead.",
        )


def _confirm(
    call: CommandContext, around: Surroundings, wish: ErasureWish, given: str | None
) -> None:
    """Go on only when the user id was given, or typed on a terminal that shows what goes."""
    from savctl.cli.framework.stderr.questions import has_person
    from savctl.usecases.erasure.planning import plan_of

    call.name_target()
    if call.dry_run:
        return
    user = wish.user_id
    if given is None and has_person():
        plan = plan_of(around, user, wish.mode)
        plan.require_free(except_held=wish.except_held)
        given = call.typed(*_what_goes(plan), f"Type {user} to erase this person for good:")
    if given is None or given.strip() != str(user):
        raise NeedsConfirmation(
            f"erasing user {user} was not confirmed; nothing was done",
            hint=f"Add --confirm {user}. See first what goes: savctl gdpr erase {user} --dry-run",
            user_id=user,
        )


def _what_goes(plan: ErasurePlan) -> list[str]:
    return [f"{name}: {count}" for name, count in plan.found.items() if count]


def _run(
    call: CommandContext, around: Surroundings, wish: ErasureWish
) -> tuple[ErasureReport, int | None]:
    """Under the lease of the job `erasure`: one erasure at a time over all hosts."""
    from savctl.scheduling.job import Context, find_job
    from savctl.scheduling.runner import Start, run_job
    from savctl.scheduling.stop import stopping_on_signals
    from savctl.usecases.erasure.erasing import erase_person

    done: list[ErasureReport] = []

    def run(context: Context) -> None:
        report = erase_person(around, wish, context.terms)
        done.append(report)
        _count(context.terms, report)

    job = find_job("erasure")
    with stopping_on_signals() as stop, watching(call, closes=False) as progress:
        start = Start(
            dry_run=call.dry_run,
            is_confirmed=True,
            should_stop=stop.is_set,
            on_batch=lambda _: progress.show("erasing", done=0),
        )
        run_job(replace(job, run=run), call.app, start)
    return done[0], 128 + int(stop.signal) if stop.signal is not None else None


def _count(terms: BatchContext, report: ErasureReport) -> None:
    """The run's report names the person by the pseudonym alone."""
    from savctl.usecases.batch.report import Item, ItemOutcome

    if report.changed:
        person = str(report.certificate["person"])
        terms.report.add([Item(person, None, ItemOutcome.CHANGED, "erased")], seen=1)


def _write(path: Path, certificate: object, *, overwrite: bool) -> None:
    from savctl.usecases.batch.atomic_file import new_file

    text = json.dumps(certificate, indent=2, ensure_ascii=False) + "\n"
    try:
        with new_file(path, overwrite=overwrite) as file:
            file.stream.write(text.encode())
            file.finish()
            file.publish()
    except SavError as problem:
        problem.hint = (
            "The erasure is done. Print its certificate: savctl gdpr log show ID -o json"
        )
        raise


def _answer(call: CommandContext, report: ErasureReport) -> Outcome:
    from savctl.cli.views.erasures import certificate_page, plan_page, plan_row

    if call.dry_run and not report.certificate:
        call.note("dry run: nothing was changed")
        text = plan_page(report.plan) if call.wants_page else None
        row = plan_row(report.plan)
        return Outcome(answer=Answer(rows=[row], is_one=True, key="mode", text=text))
    row = {**report.certificate, "changed": report.changed}
    if call.dry_run:
        row["dry_run"] = True
    text = certificate_page(report.certificate) if call.wants_page else None
    answer = Answer(rows=[row], is_one=True, key="id", text=text)
    notes = () if report.changed or call.dry_run else ("erased already; nothing was left to do",)
    warnings = (_KEY_STORED,) if report.stores_key else ()
    if not report.certificate.get("partial"):
        return Outcome(answer=answer, notes=notes, warnings=warnings)
    failure = PartlyDone(
        f"{plural(len(report.plan.held), 'ticket')} under legal hold stayed as they are",
        hint="When the hold is released, the job erasure finishes the rest.",
    )
    return Outcome(answer=answer, notes=notes, warnings=warnings, failures=(failure,))


_KEY_STORED = (
    "the key of pseudonyms was made by savctl and lies in the database, in every backup as well: "
    "set SAVCTL_ERASURE_KEY_FILE to keep it apart"
)
