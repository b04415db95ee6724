"""Which tests run, on what, in which worker and in which order; and what a run says at its end.

A pytest plugin, loaded by tests/conftest.py. Marks:

- `only_on(*kinds)`, `only_stores(*kinds)`: the test is about these alone.
- `pairs(*pairs)`: the test runs on these pairs of database and object store, and no others.
- `each_database(reason)`: a command-line test that runs on each database in every run. Others
  ask about words and exit codes; they run on the first database only, and on each in a deep run.
- `deep`: the test is left out of usual runs.
- `cluster`: the test starts several nodes of a server; `make test-cluster` runs these alone.
- `slow(reason)`: the test takes more than two seconds; the reason says why it must.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from savctl.config.load import FILE_NAME, SYSTEM_FILE
from tests.depth import IS_DEEP, ON_CLUSTERS
from tests.servers import find
from tests.servers.missing import MISSING, PACKAGES

KINDS = ("sqlite", "mariadb", "mysql")
_LONGEST_IN_NAMES = 80
STORE_KINDS = ("directory", "seaweedfs", "ministack")
# What shares one of these runs in one worker: it takes seconds to make, or is broken on purpose.
# Not the broker: its tests are so many, and wait so long, that all others would wait for them.
SHARED = {
    "record": "alerts",
    "_clamd_server": "clamd",
    "log_server": "binlog",
    "counting_server": "statistics",
    "shelf": "demo",
}


def pytest_configure(config: pytest.Config) -> None:
    """The marks, and what tells the summary of the workers' missing servers."""
    _refuse_a_configured_machine()
    for line in (
        "only_on(*kinds): for what exists on some databases only",
        "only_stores(*kinds): for what is tested on some object stores only",
        "pairs(*pairs): runs on these pairs of database and object store alone",
        "each_database(reason): a command-line test that every run does on each database",
        "slow(reason): takes more than two seconds; the reason says why it must",
        "deep: runs in make test-deep only",
        "cluster: runs in make test-cluster only",
        "outside: reads third-party data beside the project; skipped where it is absent",
    ):
        config.addinivalue_line("markers", line)
    if config.pluginmanager.hasplugin("dsession"):
        config.pluginmanager.register(_FromWorkers(), "missing-servers-of-workers")


def _refuse_a_configured_machine() -> None:
    """Commands of tests would read these files, and so work on the database that they name."""
    for file in (Path(FILE_NAME), SYSTEM_FILE):
        if file.exists():
            raise pytest.UsageError(
                f"{file} exists: tests would work on what it names. Run them on another host, "
                "or move the file while they run."
            )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what needs a database, or a bucket, on each of those wanted.

    What needs both runs with each database and with each store, but not with every pair.
    """
    names = metafunc.fixturenames
    kinds = _kinds(metafunc)
    stores = _able(metafunc, "only_stores", STORE_KINDS, find.stores_wanted())
    if "kind" in names and "store_kind" in names:
        marker = metafunc.definition.get_closest_marker("pairs")
        wanted = [(k, s) for k in kinds for s in stores if k == kinds[0] or s == stores[0]]
        every = [(k, s) for k in kinds for s in stores]
        pairs = [pair for pair in every if pair in marker.args] if marker else wanted
        metafunc.parametrize(("kind", "store_kind"), pairs, scope="session")
    elif "kind" in names:
        metafunc.parametrize("kind", kinds, scope="session")
    elif "store_kind" in names:
        metafunc.parametrize("store_kind", stores, scope="session")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a test by its argument where the value is long: no name is read at such a length.

    Keys and contents made at random would give each worker other names.
    """
    is_long = isinstance(val, str | bytes) and len(val) > _LONGEST_IN_NAMES
    return argname if is_long else None


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give what is shared a worker; the groups are read before the items are modified."""
    for fixture, group in SHARED.items():
        if fixture in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group(group))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is for deep runs, and begin with the slow."""
    left_out = [
        item
        for item in items
        if (item.get_closest_marker("deep") and not IS_DEEP)
        or bool(item.get_closest_marker("cluster")) != ON_CLUSTERS
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    for item in items:
        if IS_DEEP:
            _grant_time(item)
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)  # stable: keeps chance


def _grant_time(item: pytest.Item) -> None:
    """A deep run repeats more: its tests may take three times as long."""
    marker = item.get_closest_marker("timeout")
    usual = marker.args[0] if marker else float(item.config.getini("timeout"))
    item.add_marker(pytest.mark.timeout(3 * usual), append=False)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands its missing servers to the process that prints the summary."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["missing_servers"] = sorted(MISSING)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly which servers this run did not see."""
    for kind in sorted(MISSING):
        terminalreporter.section(f"NOT TESTED ON {kind.upper()}", sep="!", red=True, bold=True)
        terminalreporter.write_line(
            f"No {kind} server is on this machine: its tests were skipped. To run them: "
            f"{PACKAGES[kind]}."
        )


class _FromWorkers:
    """Collects what the workers of a parallel run found missing."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        MISSING.update(getattr(node, "workeroutput", {}).get("missing_servers", ()))


def _kinds(metafunc: pytest.Metafunc) -> list[str]:
    able = _able(metafunc, "only_on", KINDS, find.wanted())
    asks_of_words = "cli" in metafunc.fixturenames and not metafunc.definition.get_closest_marker(
        "each_database"
    )
    return able[:1] if asks_of_words and not IS_DEEP else able


def _able(
    metafunc: pytest.Metafunc, mark: str, known: Sequence[str], wanted: frozenset[str]
) -> list[str]:
    """Those wanted that the test does not exclude."""
    marker = metafunc.definition.get_closest_marker(mark)
    able = marker.args if marker else known
    return [name for name in known if name in wanted and name in able]
