"""What is told when the bucket is not as it should be, and what a broken line leaves behind."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from savctl.adapters.s3.store import S3Settings, S3Store
from savctl.errors import ConfigurationError, ExitCode, SavError
from savctl.ports import (
    Delivery,
    NoSuchBucket,
    NotVersioned,
    ObjectStore,
    StoreRefused,
    StoreUnavailable,
)
from tests.conftest import S3Servers
from tests.crash.processes import wait_until
from tests.servers.certificates import Certificates
from tests.servers.network.tcp_proxy import TcpProxy, Towards
from tests.servers.ports import LOOPBACK, free_port
from tests.servers.stores.buckets import server_bucket, server_settings
from tests.servers.stores.canned_s3 import Answer, CannedS3, Heard
from tests.servers.stores.dying_writer import CONTENT, killed_before_the_content
from tests.servers.stores.s3_server import PrivateS3

KEY = "tickets/7/0123456789abcdef0123456789abcdef.pdf"
MIB = 1024**2
LARGE_BYTES = 20 * MIB
VERBS: dict[str, Callable[[ObjectStore], object]] = {
    "put": lambda store: put(store, KEY),
    "find": lambda store: store.find(KEY),
    "listing": lambda store: list(store.listing("tickets/")),
    "versions": lambda store: list(store.versions(KEY)),
    "copy": lambda store: store.copy(KEY, "tickets/7/copy.pdf"),
    "hide": lambda store: store.hide([KEY]),
    "unhide": lambda store: store.unhide(KEY),
    "purge": lambda store: store.purge([KEY]),
    "remains": lambda store: store.remains(KEY),
    "parts": lambda store: store.begin_parts(KEY, content_type="text/plain"),
    "partial uploads": lambda store: list(store.partial_uploads(KEY)),
}
MISTAKES: dict[str, tuple[dict[str, Any], type[SavError], str]] = {
    "a wrong secret": ({"secret_key": "not-the-secret"}, StoreRefused, "SignatureDoesNotMatch"),
    "an unknown key": ({"access_key": "NOBODY"}, StoreRefused, "InvalidAccessKeyId"),
    "another bucket": ({"bucket": "sav-nowhere"}, NoSuchBucket, "there is no bucket sav-nowhere"),
}


@dataclass(kw_only=True)
class Line:
    """A store behind a line that can break, and the server at its other end."""

    store: S3Store
    proxy: TcpProxy
    server: PrivateS3
    bucket: str

    def breaks(self) -> None:
        """The line is cut, and stays so."""
        self.proxy.refuse()
        self.proxy.cut()

    def heals(self) -> None:
        self.proxy.release()
        self.proxy.refuse(False)

    def entries(self) -> int:
        """How many versions and markers the server has."""
        found = self.server.client.list_object_versions(Bucket=self.bucket)
        return len(found.get("Versions", ())) + len(found.get("DeleteMarkers", ()))


@pytest.fixture
def server(store_kind: str, s3_servers: S3Servers) -> PrivateS3:
    return s3_servers.of(store_kind)


@pytest.fixture
def line(server: PrivateS3) -> Iterator[Line]:
    with TcpProxy(server.port) as proxy:
        endpoint = f"http://{LOOPBACK}:{proxy.port}"
        bucket = server_bucket(server, endpoint=endpoint, at_once=5)
        name = bucket.environment["SAVCTL_STORAGE_URL"].removeprefix("s3://")
        assert isinstance(bucket.store, S3Store)
        yield Line(store=bucket.store, proxy=proxy, server=server, bucket=name)
        bucket.store.close()


@pytest.fixture
def beside() -> Iterator[ThreadPoolExecutor]:
    """Work that goes on while the test does something to the line."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def put(store: ObjectStore, key: str, content: bytes = b"content") -> None:
    store.put(key, BytesIO(content), size_bytes=len(content), content_type="application/pdf")


def store_at(endpoint: str, **changed: Any) -> S3Store:
    keys = {"access_key": "AK", "secret_key": "hidden"}
    known = {"bucket": "sav", "endpoint": endpoint, **keys, "attempts": 1}
    return S3Store(S3Settings(**{**known, **changed}))


class Large(BytesIO):
    """Content larger than what a line holds on its way, which tells when it is being sent."""

    def __init__(self) -> None:
        super().__init__(b"x" * LARGE_BYTES)
        self.bytes_read = 0

    def read(self, size: int | None = -1) -> bytes:
        piece = super().read(size)
        self.bytes_read += len(piece)
        return piece

    def is_on_its_way(self) -> bool:
        """Read once for the signature, it is being read again."""
        return self.bytes_read > LARGE_BYTES + MIB


def put_large(store: ObjectStore, content: Large) -> None:
    store.put(KEY, content, size_bytes=LARGE_BYTES, content_type="application/pdf")


def failure_of(work: Future[Any]) -> BaseException | None:
    return work.exception(timeout=60)


@pytest.mark.only_stores("seaweedfs", "ministack")
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_setting_is_reported_by_every_verb_without_the_secret(
    server: PrivateS3, mistake: str
) -> None:
    changed, kind, values = MISTAKES[mistake]
    store = server_bucket(server, **changed).store
    wrong = []
    for verb, act in VERBS.items():
        if kind is NoSuchBucket and verb in {"put", "parts"}:
            continue  # SeaweedFS makes the bucket
        with pytest.raises(SavError) as failed:
            act(store)
        message = f"{failed.value.message} {failed.value.hint}"
        by_head = verb == "find" and kind is StoreRefused  # an answer without a body
        if not isinstance(failed.value, kind) or (values not in message and not by_head):
            wrong.append((verb, repr(failed.value), message))
        assert server.secret_key not in message
        assert "not-the-secret" not in message
        assert server.url in message
    store.close()

    assert wrong == []
    assert (StoreRefused.exit_code, NoSuchBucket.exit_code) == (
        ExitCode.NOT_PERMITTED,
        ExitCode.NOT_FOUND,
    )


@pytest.mark.only_stores("ministack")
def test_temporary_keys_need_their_session_token(server: PrivateS3) -> None:
    sts = server.client_of("sts", server.access_key, server.secret_key)
    found = sts.get_session_token()["Credentials"]
    sts.close()
    keys = {"access_key": found["AccessKeyId"], "secret_key": found["SecretAccessKey"]}
    whole = server_bucket(server, **keys, session_token=found["SessionToken"]).store
    without = server_bucket(server, **keys).store
    wrong = server_bucket(server, **keys, session_token="wrong").store  # noqa: S106

    put(whole, KEY)

    assert whole.find(KEY) is not None
    with pytest.raises(StoreRefused):
        list(without.listing(""))
    with pytest.raises(StoreRefused, match="storage_session_token"):
        list(wrong.listing(""))
    for store in (whole, without, wrong):
        store.close()


def test_a_certificate_must_be_trusted_and_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates = Certificates.make(tmp_path / "certificates")
    page = "<ListBucketResult><Name>sav</Name></ListBucketResult>"
    with CannedS3(lambda _: (200, page), certificates=certificates) as server:
        stranger = store_at(server.url)
        with pytest.raises(ConfigurationError, match="certificate is not trusted") as failed:
            list(stranger.listing(""))
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificates.ca))
        friend = store_at(server.url)
        listed = list(friend.listing(""))
        stranger.close()
        friend.close()

    assert listed == []
    assert failed.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize("verb", VERBS)
def test_a_server_that_is_not_there_is_unavailable(verb: str) -> None:
    endpoint = f"http://{LOOPBACK}:{free_port()}"
    store = store_at(endpoint)

    with pytest.raises(StoreUnavailable, match=f"sav at {endpoint} cannot be reached") as failed:
        VERBS[verb](store)

    store.close()
    assert failed.value.exit_code == ExitCode.UNAVAILABLE
    assert "(ECONNREFUSED: Connection refused)" in failed.value.message


@pytest.mark.only_stores("seaweedfs")
def test_a_server_that_says_nothing_is_unavailable(server: PrivateS3) -> None:
    with TcpProxy(server.port) as proxy:
        proxy.hold()
        endpoint = f"http://{LOOPBACK}:{proxy.port}"
        store = server_bucket(server, endpoint=endpoint, read_seconds=0.3, attempts=1).store

        with pytest.raises(StoreUnavailable, match="does not answer in time"):
            store.find(KEY)

        store.close()


@pytest.mark.only_stores("seaweedfs", "ministack")
def test_a_bucket_without_versions_is_not_hidden_in_but_can_be_purged(server: PrivateS3) -> None:
    store = server_bucket(server, versioned=False).store
    put(store, KEY)

    with pytest.raises(NotVersioned) as refused:
        store.hide([KEY])

    assert refused.value.exit_code == ExitCode.REFUSED
    assert store.find(KEY) is not None
    assert store.purge([KEY]) == []
    assert store.remains(KEY) == 0
    store.close()


@pytest.mark.only_stores("seaweedfs", "ministack")
def test_a_line_cut_in_the_middle_of_an_upload_leaves_no_object(
    line: Line, beside: ThreadPoolExecutor
) -> None:
    line.proxy.delay(0.2, Towards.SERVER)  # for each 64 KiB
    content = Large()
    upload = beside.submit(put_large, line.store, content)
    wait_until(content.is_on_its_way, what="the upload")

    line.breaks()

    assert isinstance(failure_of(upload), StoreUnavailable)
    line.proxy.delay(0)
    line.heals()
    assert line.entries() == 0
    put(line.store, KEY, b"again")
    assert line.store.remains(KEY) == 1


@pytest.mark.only_stores("seaweedfs", "ministack")
def test_an_upload_whose_answer_is_lost_can_be_sent_again(
    line: Line, beside: ThreadPoolExecutor
) -> None:
    line.store.find(KEY)
    line.proxy.hold(Towards.CLIENT)
    upload = beside.submit(put, line.store, KEY)
    wait_until(lambda: line.entries() == 1, what="the object")

    line.breaks()

    assert isinstance(failure_of(upload), StoreUnavailable)
    line.heals()
    put(line.store, KEY)
    with line.store.read(KEY) as pieces:
        assert b"".join(pieces) == b"content"


@pytest.mark.only_stores("seaweedfs", "ministack")
def test_a_line_cut_in_the_middle_of_a_purge_is_reported_and_the_purge_can_be_repeated(
    line: Line, beside: ThreadPoolExecutor
) -> None:
    kept, gone = "tickets/8/kept.pdf", [f"tickets/7/{number}.pdf" for number in range(20)]
    for key in [kept, *gone]:
        put(line.store, key)
    line.store.hide(gone)
    line.proxy.delay(0.01)
    purge = beside.submit(line.store.purge, gone)
    wait_until(lambda: line.entries() < 41, what="a first deletion")

    line.breaks()

    assert isinstance(failure_of(purge), StoreUnavailable)
    line.proxy.delay(0)
    line.heals()
    assert line.entries() > 1
    assert line.store.purge(gone) == []
    assert [version.key for version in line.store.versions("")] == [kept]


@pytest.mark.only_stores("seaweedfs", "ministack")
def test_a_line_cut_in_the_middle_of_a_listing_is_reported_and_never_taken_for_its_end(
    line: Line,
) -> None:
    expected = [f"tickets/{number}/a.pdf" for number in range(12)]
    for key in expected:
        put(line.store, key)
    listing = line.store.listing("tickets/")
    versions = line.store.versions("tickets/")
    begun = [next(listing).key, next(versions).key]

    line.breaks()

    for rest in (listing, versions):
        with pytest.raises(StoreUnavailable):
            list(rest)
    line.heals()
    assert sorted(found.key for found in line.store.listing("tickets/")) == sorted(expected)
    assert set(begun) <= set(expected)


@pytest.mark.only_stores("seaweedfs", "ministack")
def test_a_line_cut_in_the_middle_of_a_download_is_reported(line: Line) -> None:
    put(line.store, KEY, b"x" * (8 * MIB))
    line.proxy.delay(0.05, Towards.CLIENT)

    with line.store.read(KEY) as pieces:
        next(pieces)
        line.breaks()
        with pytest.raises(StoreUnavailable):
            list(pieces)


@pytest.mark.slow("starts a server again")
@pytest.mark.only_stores("seaweedfs")
def test_a_server_that_is_killed_in_the_middle_of_an_upload_comes_back_without_it(
    line: Line, beside: ThreadPoolExecutor
) -> None:
    put(line.store, "tickets/7/before.pdf")
    line.proxy.delay(0.05, Towards.SERVER)
    content = Large()
    upload = beside.submit(put_large, line.store, content)
    wait_until(content.is_on_its_way, what="the upload")

    line.server.crash()
    failure = failure_of(upload)
    line.proxy.delay(0)
    line.server.start()

    assert isinstance(failure, StoreUnavailable)
    assert [version.key for version in line.store.versions("")] == ["tickets/7/before.pdf"]
    assert line.store.hide(["tickets/7/before.pdf"]) == [], "it still keeps versions"


def deleting(*answers: str) -> Callable[[Heard], Answer]:
    """A versioned bucket whose DeleteObjects answer with these errors, one after another."""
    left = list(answers)

    def answer(heard: Heard) -> Answer:
        if "versioning" in heard.path:
            return (
                200,
                "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
            )
        return 200, f"<DeleteResult>{left.pop(0) if left else ''}</DeleteResult>"

    return answer


def error(key: str, code: str) -> str:
    return f"<Error><Key>{key}</Key><Code>{code}</Code><Message>because</Message></Error>"


def test_errors_of_single_keys_are_answered_and_passing_ones_are_tried_again() -> None:
    first = error("a", "AccessDenied") + error("b", "InternalError") + error("c", "NoSuchVersion")
    with CannedS3(deleting(first, "")) as server:
        store = store_at(server.url)

        failures = store.hide(["a", "b", "c", "d"])

        store.close()
    deletes = [heard for heard in server.heard if heard.method == "POST"]
    assert [(failure.key, failure.reason) for failure in failures] == [
        ("a", "AccessDenied: because")
    ]
    assert [heard.keys for heard in deletes] == [["a", "b", "c", "d"], ["b"]]
    assert all(heard.has_md5 for heard in deletes), "older MinIO refuses it without"


def test_a_trouble_that_does_not_pass_is_answered_in_the_end() -> None:
    with CannedS3(deleting(*[error("b", "SlowDown")] * 9)) as server:
        store = store_at(server.url)

        failures = store.hide(["a", "b"])

        store.close()
    assert [(failure.key, failure.reason) for failure in failures] == [("b", "SlowDown: because")]
    assert len(server.heard) == 1 + 4


def test_no_request_names_more_keys_than_a_server_takes() -> None:
    with CannedS3(deleting()) as server:
        store = store_at(server.url)

        store.hide([f"tickets/{number}/a" for number in range(2_001)])

        store.close()
    sizes = [len(heard.keys) for heard in server.heard if heard.method == "POST"]
    assert sizes == [1_000, 1_000, 1]


def test_a_marker_that_the_server_keeps_ends_the_attempt() -> None:
    entry = "<Key>a</Key><VersionId>{}</VersionId><IsLatest>{}</IsLatest><LastModified>"
    entry += "2025-10-03T10:30:00Z</LastModified>"
    page = (
        "<ListVersionsResult><Name>sav</Name>"
        f"<DeleteMarker>{entry.format('2', 'true')}</DeleteMarker>"
        f"<Version>{entry.format('1', 'false')}<Size>1</Size></Version></ListVersionsResult>"
    )
    with CannedS3(lambda _: (200, page)) as server:
        store = store_at(server.url)

        with pytest.raises(StoreRefused, match="keeps the delete marker of a"):
            store.unhide("a")

        store.close()


ANSWERS = {
    "a page of a proxy": (
        (200, "<html><p>Welcome</p></html>"),
        StoreUnavailable,
        "as an S3 server does",
    ),
    "a broken page": ((200, "<html><p>Welcome"), StoreUnavailable, "does not work now"),
    "a busy server": ((503, "<Error><Code>SlowDown</Code></Error>"), StoreUnavailable, "SlowDown"),
    "a full disk": (
        (507, "<Error><Code>XMinioStorageFull</Code></Error>"),
        StoreUnavailable,
        "Full",
    ),
    "another region": (
        (400, "<Error><Code>AuthorizationHeaderMalformed</Code></Error>"),
        ConfigurationError,
        "storage_region",
    ),
    "clocks apart": (
        (403, "<Error><Code>RequestTimeTooSkewed</Code></Error>"),
        StoreRefused,
        "NTP",
    ),
    "no right": ((403, "<Error><Code>AccessDenied</Code></Error>"), StoreRefused, "may not"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_an_answer_is_reported_in_words(case: str) -> None:
    answer, kind, values = ANSWERS[case]
    with CannedS3(lambda _: answer) as server:
        store = store_at(server.url)

        with pytest.raises(kind, match=values):
            list(store.listing(""))

        store.close()


@pytest.mark.parametrize(
    ("changed", "stated"),
    [
        ({"endpoint": "http://bad host"}, "Invalid endpoint"),
        ({"bucket": "no such/bucket name"}, "Invalid bucket name"),
    ],
)
def test_settings_that_make_no_client_are_reported(changed: dict[str, str], stated: str) -> None:
    store = store_at(**{"endpoint": "http://127.0.0.1:1"} | changed)

    with pytest.raises(ConfigurationError, match=stated):
        store.find(KEY)


def test_without_keys_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    with CannedS3(lambda _: (200, "")) as server:
        store = store_at(server.url, access_key=None, secret_key=None)

        with pytest.raises(StoreRefused, match="no keys"):
            store.url(KEY, seconds=1, delivery=Delivery(filename="a", content_type="b"))
        with pytest.raises(StoreRefused, match="no keys"):
            store.find(KEY)

        store.close()
    assert server.heard == []


def test_the_settings_do_not_show_the_secret() -> None:
    store = store_at("http://127.0.0.1:1")

    assert "hidden" not in f"{store.name} {store._settings!r}"


def _store(settings: S3Settings) -> None:
    size = len(CONTENT)
    S3Store(settings).put(KEY, BytesIO(CONTENT), size_bytes=size, content_type="text/plain")


@pytest.mark.only_stores("seaweedfs")
def test_a_writer_killed_before_the_content_leaves_no_empty_object(
    store_kind: str, s3_servers: S3Servers, environment: dict[str, str]
) -> None:
    """This server keeps one where it was given no digest."""
    settings = server_settings(s3_servers.of(store_kind))

    assert killed_before_the_content(partial(_store, settings), environment)

    time.sleep(0.5)  # it would come a moment later
    assert list(S3Store(settings).versions("")) == []
