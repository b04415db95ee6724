"""Links to a bucket, followed over HTTP as a customer's browser does."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from io import BytesIO
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from savctl.ports import Delivery, ObjectStore
from tests.conftest import S3Servers
from tests.servers.network.tcp_proxy import TcpProxy
from tests.servers.stores.buckets import Bucket, server_bucket

pytestmark = pytest.mark.only_stores("seaweedfs", "ministack")

KEY = "tickets/7/0123456789abcdef0123456789abcdef.pdf"
SAVED = Delivery(filename="Beleg é.pdf", content_type="application/octet-stream")
SHOWN = Delivery(filename="photo.png", content_type="image/png", is_inline=True)


@pytest.fixture
def filled(store: ObjectStore) -> ObjectStore:
    store.put(KEY, BytesIO(b"private"), size_bytes=7, content_type="application/pdf")
    return store


@pytest.fixture
def beside(store_kind: str, s3_servers: S3Servers) -> Iterator[TcpProxy]:
    """A second way to the server, as customers have one."""
    with TcpProxy(s3_servers.of(store_kind).port) as proxy:
        yield proxy


def followed(url: str) -> tuple[int, bytes, Message]:
    """Status, content and headers."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read(), refused.headers


def test_a_link_gives_the_file_with_its_name_and_forces_saving(filled: ObjectStore) -> None:
    status, content, headers = followed(filled.url(KEY, seconds=900, delivery=SAVED))

    assert (status, content) == (200, b"private")
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"] == (
        "attachment; filename=\"Beleg e.pdf\"; filename*=UTF-8''Beleg%20%C3%A9.pdf"
    )


def test_a_link_may_let_the_browser_show_the_file(filled: ObjectStore) -> None:
    _, _, headers = followed(filled.url(KEY, seconds=900, delivery=SHOWN))

    assert headers["Content-Type"] == "image/png"
    assert headers["Content-Disposition"].startswith('inline; filename="photo.png"')


def test_a_link_is_signed_with_version_4_and_says_its_life(
    filled: ObjectStore, bucket: Bucket
) -> None:
    url = filled.url(KEY, seconds=900, delivery=SAVED)

    asked = parse_qs(urlsplit(url).query)

    assert asked["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert asked["X-Amz-Expires"] == ["900"]
    assert bucket.environment["SAVCTL_STORAGE_SECRET_KEY"] not in unquote(url)


def test_without_its_signature_nobody_gets_the_file(filled: ObjectStore) -> None:
    url = filled.url(KEY, seconds=900, delivery=SAVED)

    status, content, _ = followed(url.partition("?")[0])

    assert (status, b"private" in content) == (403, False)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tickets/7/0", "tickets/7/1"),
        ("X-Amz-Expires=900", "X-Amz-Expires=604800"),
        ("attachment", "inline"),
        ("octet-stream", "xhtml"),
        ("X-Amz-Signature=", "X-Amz-Signature=0"),
    ],
)
def test_a_link_that_was_changed_is_refused(filled: ObjectStore, old: str, new: str) -> None:
    filled.copy(KEY, KEY.replace("/0", "/1"))
    url = filled.url(KEY, seconds=900, delivery=SAVED)

    status, content, _ = followed(url.replace(old, new, 1))

    assert old in url
    assert (status, b"private" in content) == (403, False)


@pytest.mark.slow("waits until a link has ended")
def test_a_link_ends(filled: ObjectStore) -> None:
    url = filled.url(KEY, seconds=2, delivery=SAVED)

    first, _, _ = followed(url)
    time.sleep(3.1)
    later, content, _ = followed(url)

    assert (first, later) == (200, 403)
    assert b"private" not in content


def test_a_link_leads_to_the_public_endpoint_and_is_valid_there(
    store_kind: str, s3_servers: S3Servers, beside: TcpProxy
) -> None:
    public = f"http://localhost:{beside.port}"
    store = server_bucket(s3_servers.of(store_kind), public_endpoint=public).store
    store.put(KEY, BytesIO(b"private"), size_bytes=7, content_type="application/pdf")

    url = store.url(KEY, seconds=900, delivery=SAVED)
    status, content, _ = followed(url)
    store.close()

    assert url.startswith(f"{public}/")
    assert (status, content) == (200, b"private")


def test_a_hidden_file_is_not_given_by_an_older_link(filled: ObjectStore) -> None:
    url = filled.url(KEY, seconds=900, delivery=SAVED)

    filled.hide([KEY])

    assert followed(url)[0] == 404
