"""How the text of a setting becomes its value; a mistake is a `ValueError` in plain words."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from urllib.parse import SplitResult, urlsplit

from savctl.domain import times
from savctl.domain.model.own_members import RESERVED

_DIGITS = re.compile(r"[0-9]{1,20}")  # int() also takes 1_000, +5, " 5 " and other scripts' digits
_AMOUNT = re.compile(r"[0-9]{1,20}(\.[0-9]{1,10})?")
_LONGEST_BROKER_NAME = 255
_BETWEEN_ADDRESSES = re.compile(r",\s*(?=amqps?://)")
_PORTS = "from 1 to 65535"
_BUCKET = re.compile(r"[A-Za-z0-9._-]{1,255}")  # a password before an @ is no part of a name


def whole(low: int, high: int) -> Callable[[str], int]:
    """A whole number within limits, both included."""

    def parse(text: str) -> int:
        if not _DIGITS.fullmatch(text):
            raise ValueError("must be a whole number, in the digits 0 to 9 and nothing else")
        number = int(text)
        if not low <= number <= high:
            raise ValueError(f"must be from {low} to {high}")
        return number

    return parse


def span(text: str) -> timedelta:
    """A length of time that is not nothing."""
    length = times.span(text)
    if not length:
        raise ValueError("must be longer than 0")
    return length


def span_up_to(longest: timedelta) -> Callable[[str], timedelta]:
    """A length of time that is not nothing and within its limit."""

    def parse(text: str) -> timedelta:
        length = span(text)
        if length > longest:
            raise ValueError(f"must be at most {longest}")
        return length

    return parse


def yes(text: str) -> bool:
    """True or false, in the words people use."""
    known = {"1": True, "true": True, "yes": True, "on": True}
    known |= {"0": False, "false": False, "no": False, "off": False, "": False}
    if text.lower() not in known:
        raise ValueError("must be true or false")
    return known[text.lower()]


def money(text: str) -> Decimal:
    """An amount, in EUR."""
    if not _AMOUNT.fullmatch(text):
        raise ValueError("must be an amount from 0, such as 500 or 499.90")
    return Decimal(text)


def database_url(text: str) -> str:
    """A database address, with the driver savctl uses."""
    scheme = urlsplit(text).scheme
    if scheme in {"mysql", "mariadb", "mysql+pymysql", "mariadb+pymysql"}:
        _require_place(text, "mysql://user:password@host:port/database")
        return "mysql+pymysql" + text[len(scheme) :]
    if scheme == "sqlite":
        return text
    raise ValueError("must start with mysql:// or sqlite:///")


def _require_place(text: str, form: str) -> None:
    """Pass when the address names a host, a path and at most a port; it is never shown."""
    parts = urlsplit(text)
    is_whole = bool(parts.hostname) and parts.path not in {"", "/"}
    if not is_whole or not _has_good_port(parts):
        raise ValueError(f"must look like {form}")


def _has_good_port(parts: SplitResult) -> bool:
    """Whether an address has a port from 1 to 65535 in plain digits, or none."""
    try:
        return parts.port != 0
    except ValueError:
        return False


def database_nodes(text: str) -> tuple[str, ...]:
    """Nodes with commas between them: `host`, `host:port` or the path of a socket."""
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    for each in found:
        if each.startswith("/"):
            continue
        parts = urlsplit(f"//{each}")
        if parts.netloc != each or "@" in each or not parts.hostname or not _has_good_port(parts):
            raise ValueError("must look like host:port,host:port, without user and password")
    return found


def broker_url(text: str) -> str:
    """A broker address, or those of its nodes with commas between them."""
    addresses = address_list(text)
    for each in addresses:
        parts = urlsplit(each)
        if parts.scheme not in {"amqp", "amqps"}:
            raise ValueError("must start with amqp:// or amqps://")
        if "," in parts.netloc.rpartition("@")[2] or "://" in parts.path:
            raise ValueError("must be whole addresses, amqp://… each, with commas between them")
        if not _has_good_port(parts):
            raise ValueError(f"must have a port {_PORTS}, or none")
    return ",".join(addresses)


def address_list(text: str) -> list[str]:
    """Addresses with commas between them; a password may hold a comma as well."""
    return [each.strip() for each in _BETWEEN_ADDRESSES.split(text)]


def cache_url(text: str) -> str:
    """The address of a Redis server."""
    parts = urlsplit(text)
    is_whole = parts.scheme in {"redis", "rediss"} and parts.hostname and _has_good_port(parts)
    number = parts.path.strip("/")
    if not is_whole or (number and not _DIGITS.fullmatch(number)):
        raise ValueError("must look like redis://host:6379/0 or rediss://host:6379/0")
    return text


def cache_keys(text: str) -> tuple[str, ...]:
    """Templates of keys, each with the ticket's id."""
    keys = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not keys or any("{id}" not in key for key in keys):
        raise ValueError("must be keys with {id} in each, such as sav:ticket:{id}")
    if any(re.search(r"[{}]", key.replace("{id}", "")) for key in keys):
        raise ValueError("must have no braces but those of {id}")
    return keys


def broker_name(text: str) -> str:
    """The name of a queue or an exchange, or a routing key: up to 255 bytes for AMQP."""
    if not text or not text.isprintable() or len(text.encode()) > _LONGEST_BROKER_NAME:
        raise ValueError(f"must be from 1 to {_LONGEST_BROKER_NAME} bytes of printable text")
    if text.startswith("amq."):
        raise ValueError("must not begin with amq., which the broker keeps for itself")
    return text


def storage_url(text: str) -> str:
    """Where files are kept: a bucket or a folder."""
    parts = urlsplit(text)
    if parts.scheme == "s3" and _BUCKET.fullmatch(parts.netloc) and parts.path in {"", "/"}:
        return f"s3://{parts.netloc}"
    if parts.scheme == "file" and not parts.netloc and parts.path not in {"", "/"}:
        return text
    raise ValueError("must look like s3://bucket or file:///folder")


def cold_url(text: str) -> str:
    """Where bundles are kept: a bucket, with a prefix or without, or a folder.

    Not below `tickets/` or `temp/`: there the cleanups would take a bundle for an orphan.
    """
    parts = urlsplit(text)
    if parts.scheme != "s3":
        return storage_url(text)
    if not _BUCKET.fullmatch(parts.netloc) or parts.query or parts.fragment or "//" in parts.path:
        raise ValueError("must look like s3://bucket/prefix or file:///folder")
    if parts.path.split("/")[1:2] in (["tickets"], ["temp"]):
        raise ValueError("must not be below tickets/ or temp/, which the cleanups look through")
    return f"s3://{parts.netloc}{parts.path.rstrip('/')}"


def http_url(text: str) -> str:
    """The address of a server, without anything behind its name and port."""
    parts = urlsplit(text)
    is_whole = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    if not is_whole or not _has_good_port(parts):
        raise ValueError("must look like https://host:port")
    return text.rstrip("/")


def ping_url(text: str) -> str:
    """The address of a dead man's switch; `{job}` in it is the name of the job."""
    parts = urlsplit(text)
    is_whole = parts.scheme in {"http", "https"} and parts.hostname and not parts.fragment
    if not is_whole or not _has_good_port(parts) or not text.isascii() or " " in text:
        raise ValueError("must look like https://host/path/{job}")
    if re.search(r"[{}]", text.replace("{job}", "")):
        raise ValueError("must have no braces but those of {job}")
    return text


def scanner_url(text: str) -> str:
    """The address of clamd."""
    parts = urlsplit(text)
    is_tcp = parts.scheme == "tcp" and parts.hostname is not None and _has_good_port(parts)
    if not is_tcp and not (parts.scheme == "unix" and parts.path):
        raise ValueError("must look like tcp://host:port or unix:///socket")
    return text


def one_of(*allowed: str) -> Callable[[str], str]:
    """A word out of a closed set."""

    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return text

    return parse


def metadata_paths(text: str) -> tuple[str, ...]:
    """Dotted paths of members of metadata that are not savctl's own."""
    paths = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    own = sorted({path.split(".")[0] for path in paths} & RESERVED)
    if own:
        raise ValueError(f"must not name {', '.join(own)}: savctl reads and writes it itself")
    if any(not all(path.split(".")) for path in paths):
        raise ValueError("must be names with commas, such as contact,customer.phone")
    return paths


def command_line(text: str) -> str:
    """A program and its arguments; no shell looks at them."""
    import shlex

    if not shlex.split(text):
        raise ValueError("must name a program")
    return text
