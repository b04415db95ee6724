"""How the server's own client reaches a database that savctl reaches by its URL."""

from __future__ import annotations

from typing import Any

from savctl.persistence.engine import Database
from savctl.persistence.schema.server_info import server_of

_FILES = {
    "ssl_ca": "ssl-ca",
    "ssl_cert": "ssl-cert",
    "ssl_key": "ssl-key",
    "ssl_capath": "ssl-capath",
}


def address_parts(database: Database) -> dict[str, Any]:
    """The fields of a `ServerAddress`; it asks the server which family it is of."""
    url = database.url
    with database.reading() as connection:
        family = server_of(connection).family
    given = {name: str(value) for name, value in url.query.items()}
    tls = {option: given[name] for name, option in _FILES.items() if name in given}
    if given.get("ssl_disabled", "").lower() in {"1", "true", "yes"}:
        tls = {"skip-ssl": "1"} if family == "mariadb" else {"ssl-mode": "DISABLED"}
    elif given.get("ssl_verify_cert", "").lower() in {"1", "true", "yes"}:
        tls |= (
            {"ssl-verify-server-cert": "1"} if family == "mariadb" else {"ssl-mode": "VERIFY_CA"}
        )
    return {
        "family": family,
        "host": url.host or "127.0.0.1",
        "port": url.port or 3306,
        "user": url.username or "",
        "password": url.password or "",
        "socket": given.get("unix_socket"),
        "tls": tuple(tls.items()),
    }
