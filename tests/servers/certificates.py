"""A certificate authority for one server, which nobody else trusts."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.servers.ports import LOOPBACK

VALID_FOR = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Certificates:
    """Where the certificates and keys of a server are; `ca` is what its clients must trust."""

    folder: Path

    @property
    def ca(self) -> Path:
        """The authority's own certificate."""
        return self.folder / "ca.pem"

    @property
    def server(self) -> tuple[Path, Path]:
        """Certificate and key of localhost and 127.0.0.1."""
        return self.folder / "server.pem", self.folder / "server.key"

    @property
    def client(self) -> tuple[Path, Path]:
        """Certificate and key of a client, where a server asks for them."""
        return self.folder / "client.pem", self.folder / "client.key"

    @classmethod
    def make(cls, folder: Path) -> Self:
        """Make them all in a new folder."""
        folder.mkdir()
        made = cls(folder)
        ca_key = generate_private_key(SECP256R1())
        ca = _authority(ca_key)
        made.ca.write_bytes(ca.public_bytes(Encoding.PEM))
        for files, name in ((made.server, "localhost"), (made.client, "savctl")):
            key = generate_private_key(SECP256R1())
            certificate = _signed(_person(name, key, ca), ca, ca_key)
            files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
            files[1].touch(mode=0o600)
            files[1].write_bytes(
                key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            )
        return made


def _authority(key: EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name("savctl tests")
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        _begun(name, key)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
    )
    return builder.sign(key, SHA256())


def _person(
    name: str, key: EllipticCurvePrivateKey, ca: x509.Certificate
) -> x509.CertificateBuilder:
    places = [x509.DNSName(name), x509.IPAddress(ip_address(LOOPBACK))]
    return (
        _begun(_name(name), key)
        .issuer_name(ca.subject)
        .add_extension(x509.SubjectAlternativeName(places), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )


def _signed(
    builder: x509.CertificateBuilder, ca: x509.Certificate, key: EllipticCurvePrivateKey
) -> x509.Certificate:
    whose = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(whose)
    return builder.add_extension(issuer, critical=False).sign(key, SHA256())


def _begun(name: x509.Name, key: EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - VALID_FOR)
        .not_valid_after(now + VALID_FOR)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
