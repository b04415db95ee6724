"""What the error numbers of MariaDB and MySQL mean: one table (rules 20.14).

Numbers below 2000 and from 3000 are the server's, those between are the client's; 9001 is
ProxySQL's. A number that is not here is unexpected.
"""

from __future__ import annotations

from dataclasses import dataclass

from savctl.errors import (
    ConfigurationError,
    InvalidInput,
    NotPermitted,
    SavError,
    SchemaMismatch,
    Unavailable,
)


class WriteConflict(Unavailable):
    """Other writers changed the same rows at the same time, again and again."""

    code = "write_conflict"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerError:
    """What some numbers have in common; `words` continue "the database NAME …".

    `repeats`: the same transaction may succeed when it is run again from its start.
    `leaves`: the server at the other end is of no use any more, every connection to it is
    closed; the next one may reach another server behind the same address. `hint` is what the
    operator can do.
    """

    numbers: frozenset[int]
    kind: type[SavError]
    words: str
    hint: str
    repeats: bool = False
    leaves: bool = False


LOST = ServerError(
    # 0: PyMySQL, on a connection that is closed already. 1927, 3169: killed by somebody.
    numbers=frozenset(
        {0, 2006, 2013, 2014, 2027, 2055, 1053, 1077, 1079, 1080, 1152, 1156, 1157, 1158, 1159}
        | {1160, 1161, 1184, 1927, 3169, 4031}
    ),
    kind=Unavailable,
    words="closed or lost the connection",
    hint="Run the command again. If it repeats, look into the server's log.",
    repeats=True,
    leaves=True,
)
CONFLICT = ServerError(
    # 1213 is also what Galera answers to a commit, and 3101 what Group Replication does.
    numbers=frozenset({1020, 1213, 1412, 1615, 3101}),
    kind=WriteConflict,
    words="refused the change in conflict with other writers, several times (a deadlock)",
    hint="Nothing was stored. Run the command again.",
    repeats=True,
)
LOCKED = ServerError(
    numbers=frozenset({1205, 3572}),
    kind=Unavailable,
    words="is too busy: a row stayed locked by somebody else",
    hint="Run the command again. SHOW PROCESSLIST shows who holds a transaction open.",
    repeats=True,
)
LOGIN = ServerError(
    numbers=frozenset({1045, 1130, 1698, 1820, 1862, 3118, 3955, 4151}),
    kind=NotPermitted,
    words="refuses this user: user, host or password is wrong",
    hint="Run 'savctl config show' for the user in use. The server's accounts are user@host: this "
    "host must be among them.",
)
NO_ACCESS = ServerError(
    numbers=frozenset({1044}),
    kind=NotPermitted,
    words="refuses this user: it has no privilege on this database",
    hint="Check DB_DATABASE, and GRANT savctl's user its privileges on that database.",
)
NO_PRIVILEGE = ServerError(
    numbers=frozenset({1142, 1143, 1227, 1370}),
    kind=NotPermitted,
    words="refuses this user: a privilege is missing",
    hint="GRANT the privilege in the message to savctl's user. db upgrade, adopt and downgrade "
    "need a user with more of them.",
)
DENIED = LOGIN.numbers | NO_ACCESS.numbers | NO_PRIVILEGE.numbers
TABLE: tuple[ServerError, ...] = (
    LOST,
    CONFLICT,
    LOCKED,
    LOGIN,
    NO_ACCESS,
    NO_PRIVILEGE,
    ServerError(
        numbers=frozenset({1042, 1043, 2001, 2002, 2003, 2004, 2005, 2012}),
        kind=Unavailable,
        words="does not answer",
        hint="Check that the server runs, and host and port: savctl config show.",
    ),
    ServerError(
        # 1047: a Galera node without quorum. 9001: ProxySQL found no server behind it.
        numbers=frozenset({1047, 3032, 3168, 9001}),
        kind=Unavailable,
        words="is not ready: its server is offline, starting, or cut off from its cluster",
        hint="Wait until the server or its cluster is up, then run the command again.",
        repeats=True,
        leaves=True,
    ),
    ServerError(
        numbers=frozenset({1180, 1181, 3100}),
        kind=Unavailable,
        words="could not commit; nothing of this transaction was stored",
        hint="Run the command again.",
        repeats=True,
    ),
    ServerError(
        numbers=frozenset({1317}),
        kind=Unavailable,
        words="interrupted the statement: somebody killed it",
        hint="Run the command again.",
        repeats=True,
    ),
    ServerError(
        numbers=frozenset({1969, 3024}),
        kind=Unavailable,
        words="stopped the statement: it took longer than the server's limit",
        hint="Run it when the server is less busy, or raise max_statement_time (MySQL: "
        "max_execution_time).",
    ),
    ServerError(
        numbers=frozenset({1036, 1290, 1792, 1836, 1874}),
        kind=Unavailable,
        words="is read-only at the moment",
        hint="Is it a replica, or set to read_only? Use the primary, or wait.",
        leaves=True,
    ),
    ServerError(
        numbers=frozenset({1040, 1135, 1203, 1637}),
        kind=Unavailable,
        words="has no connection left",
        hint="Run the command again, or raise max_connections on the server.",
        repeats=True,
    ),
    ServerError(
        numbers=frozenset({1226}),
        kind=Unavailable,
        words="has no connection left: this user's quota is used up",
        hint="Raise this user's MAX_USER_CONNECTIONS, or its other limits.",
    ),
    ServerError(
        numbers=frozenset({1129}),
        kind=Unavailable,
        words="blocks this host after many failed connections",
        hint="Run FLUSH HOSTS on the server.",
    ),
    ServerError(
        numbers=frozenset({1021, 1037, 1038, 1041, 1114, 1206, 3170, 3675}),
        kind=Unavailable,
        words="cannot store more: disk, table or memory is full",
        hint="Make room on the server, then run the command again.",
    ),
    ServerError(
        numbers=frozenset({1030, 1034, 1035, 1194, 1195, 1296, 1297, 1812, 1814, 1877, 1932}),
        kind=Unavailable,
        words="cannot read or write a table",
        hint="Look into the server's log; CHECK TABLE names what is damaged.",
    ),
    ServerError(
        numbers=frozenset({1054, 1146}),
        kind=SchemaMismatch,
        words="lacks a table or column",
        hint="Run 'savctl db status'.",
    ),
    ServerError(
        numbers=frozenset({1049, 1102}),
        kind=ConfigurationError,
        words="does not exist on that server",
        hint="Create the database, or correct DB_DATABASE.",
    ),
    ServerError(
        numbers=frozenset({1251, 1524, 2049, 2059, 2061, 3159}),
        kind=ConfigurationError,
        words="wants another kind of login or an encrypted connection",
        hint="Give this user a login plugin that PyMySQL knows: mysql_native_password, "
        "caching_sha2_password or ed25519.",
    ),
)
# Values that a column cannot hold; the server's own message names it.
REFUSED_VALUES = frozenset({1153, 1264, 1265, 1292, 1366, 1406, 3140, 3819, 4025})
DUPLICATE = 1062
NO_SUCH_TABLE = 1146

_BY_NUMBER = {number: row for row in TABLE for number in row.numbers}


def find(number: int | None) -> ServerError | None:
    """What the number means; None for one that is not expected."""
    return None if number is None else _BY_NUMBER.get(number)


def refused_value(text: str) -> ServerError:
    """What one of `REFUSED_VALUES` means, with the server's words."""
    return ServerError(
        numbers=REFUSED_VALUES,
        kind=InvalidInput,
        words=f"refuses a value: {text}",
        hint="Give a value that the column takes.",
    )
