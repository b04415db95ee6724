"""Every bundle is read again and compared with what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from savctl.domain.text import plural
from savctl.persistence.archive import bundles, index
from savctl.persistence.archive.bundles import IN_FORCE, Bundle
from savctl.persistence.engine import Database
from savctl.usecases.archive.cold_storage import ColdStorage, Damaged
from savctl.usecases.archive.lines import digest_of
from savctl.usecases.batch.batches import never_stop

_PAGE = 100


@dataclass(frozen=True, slots=True)
class Checked:
    """A bundle and what is wrong with it; None for nothing."""

    key: str
    bundle: Bundle | None
    tickets: int
    problem: str | None


def verify_archive(
    database: Database, cold: ColdStorage, *, should_stop: Callable[[], bool] = never_stop
) -> Iterator[Checked]:
    """Read every bundle in force, its manifest too; then look for objects of no bundle.

    Raises:
        Unavailable: database or cold storage went away.
    """
    after_id = 0
    while not should_stop():
        with database.reading() as connection:
            page = bundles.page(connection, after_id=after_id, limit=_PAGE)
        if not page:
            yield from _strangers(database, cold)
            return
        for bundle in page:
            if should_stop():
                return
            if bundle.state in IN_FORCE:
                checked = _checked(database, cold, bundle)
                if checked.problem is None or _is_in_force(database, bundle):
                    yield checked
        after_id = page[-1].id


def _checked(database: Database, cold: ColdStorage, bundle: Bundle) -> Checked:
    with database.reading() as connection:
        inside = index.of_bundle(connection, bundle.id)
    try:
        lines = {
            ticket_id: digest_of(line)
            for ticket_id, line in cold.tickets(
                bundle.key, raw_bytes=bundle.raw_bytes, sha256=bundle.sha256
            )
        }
        manifest = cold.manifest(bundle.key)
    except Damaged as problem:
        return Checked(bundle.key, bundle, len(inside), problem.what)
    return Checked(bundle.key, bundle, len(inside), _difference(bundle, inside, lines, manifest))


def _is_in_force(database: Database, bundle: Bundle) -> bool:
    """Whether it still counts: a run may have written it anew, which has a later id."""
    with database.reading() as connection:
        now = bundles.find(connection, bundle.id)
    return now is not None and now.state in IN_FORCE


def _difference(
    bundle: Bundle,
    inside: dict[int, index.Archived],
    lines: dict[int, str],
    manifest: dict[str, object],
) -> str | None:
    wrong = [row.ticket_number for one, row in inside.items() if lines.get(one) != row.line_sha256]
    if wrong:
        return f"tickets that are missing or damaged: {len(wrong)}, first {wrong[0]}"
    if len(lines) != bundle.tickets:
        return f"it has {plural(len(lines), 'line')}, not {bundle.tickets}"
    if manifest.get("sha256") != bundle.sha256:
        return "its manifest speaks of another object"
    return None


def _strangers(database: Database, cold: ColdStorage) -> Iterator[Checked]:
    """Bundles that lie in cold storage and no row knows: another database's, or a lost row's."""
    page: list[str] = []
    for found in cold.objects():
        page.append(found.key)
        if len(page) == _PAGE:
            yield from _unknown(database, page)
            page = []
    yield from _unknown(database, page)


def _unknown(database: Database, keys: list[str]) -> Iterator[Checked]:
    if not keys:
        return
    with database.reading() as connection:
        known = bundles.known_keys(connection, keys)
    for key in keys:
        if key not in known:
            yield Checked(key, None, 0, "no bundle of this database: is it another one's?")
