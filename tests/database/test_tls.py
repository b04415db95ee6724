"""A connection is encrypted where the server can, without a word about it in the address."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from savctl.errors import Unavailable
from savctl.persistence.engine import Database
from tests.servers import find
from tests.servers.certificates import Certificates
from tests.servers.databases.mysql_family import PrivateServer
from tests.servers.missing import missing

pytestmark = pytest.mark.slow("starts a server with certificates of its own")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates.make(tmp_path_factory.mktemp("tls") / "certificates")


@pytest.fixture(scope="module")
def url(certificates: Certificates) -> Iterator[str]:
    """The address of a database on a server that offers TLS."""
    certificate, key = certificates.server
    offers = (f"--ssl-cert={certificate}", f"--ssl-key={key}")
    programs = find.mariadb() or missing("mariadb")
    with PrivateServer(programs, options=offers) as server:
        yield server.create_database("tls")


def test_what_the_server_can_encrypt_is_encrypted(url: str) -> None:
    assert _cipher(url) != ""


def test_an_address_that_wants_none_gets_none(url: str) -> None:
    assert _cipher(f"{url}&ssl_disabled=true") == ""


def test_the_certificate_is_checked_when_the_address_names_an_authority(
    url: str, certificates: Certificates, tmp_path: Path
) -> None:
    assert _cipher(f"{url}&ssl_ca={certificates.ca}") != ""
    strange = Certificates.make(tmp_path / "strange")
    with pytest.raises(Unavailable):
        _cipher(f"{url}&ssl_ca={strange.ca}")


def _cipher(url: str) -> str:
    database = Database(url)
    try:
        with database.reading() as connection:
            row = connection.exec_driver_sql("SHOW SESSION STATUS LIKE 'Ssl_cipher'").one()
    finally:
        database.close()
    return str(row[1])
