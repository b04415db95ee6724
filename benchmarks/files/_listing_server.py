"""A bucket of a million objects that nobody had to upload: as much of S3 as a cleanup speaks.

ListObjectsV2 in pages of 1,000 keys as XML, HEAD, DeleteObjects (nothing is deleted), versioning
and open uploads. Keys are made from their number when they are asked for. The n-th object is two
kilobytes large and some weeks old; `python -m benchmarks.files._listing_server COUNT` prints its
port.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PAGE = 1_000
SIZE = 2_048
FIRST_TICKET = 1_000_001  # ids of one length: in order of their bytes too
FILES_OF_A_TICKET = 2
_AT = "2025-09-01T08:00:00.000Z"
_HTTP_AT = "Mon, 01 Sep 2025 08:00:00 GMT"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def key(number: int) -> str:
    """The key of the n-th object, in byte order."""
    ticket, place = divmod(number, FILES_OF_A_TICKET)
    digests = sorted(
        md5(f"{ticket}-{file}".encode(), usedforsecurity=False).hexdigest()
        for file in range(FILES_OF_A_TICKET)
    )
    return f"tickets/{FIRST_TICKET + ticket}/{digests[place]}.png"


def page(first: int, count: int) -> bytes:
    """One page of the listing, as MinIO writes it."""
    last = min(first + PAGE, count)
    rows = "".join(
        f"<Contents><Key>{key(number)}</Key><LastModified>{_AT}</LastModified>"
        f"<ETag>&#34;{number:032x}&#34;</ETag><Size>{SIZE}</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents>"
        for number in range(first, last)
    )
    more = f"<NextContinuationToken>{last}</NextContinuationToken>" if last < count else ""
    return (
        f"{_HEAD}<ListBucketResult><Name>sav</Name><Prefix></Prefix><KeyCount>{last - first}"
        f"</KeyCount><MaxKeys>{PAGE}</MaxKeys><IsTruncated>{'true' if more else 'false'}"
        f"</IsTruncated>{more}{rows}</ListBucketResult>"
    ).encode()


_kept = lru_cache(maxsize=2_048)(page)  # what is measured is the client


class Handler(BaseHTTPRequestHandler):
    """One request; its signature is not looked at."""

    protocol_version = "HTTP/1.1"
    count = 0

    def do_GET(self) -> None:
        """A page of the listing, or an answer without content."""
        asked = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        if "versioning" in asked:
            body = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
            self._answer(f"{_HEAD}{body}".encode())
        elif "uploads" in asked:
            body = "<ListMultipartUploadsResult><Bucket>sav</Bucket></ListMultipartUploadsResult>"
            self._answer(f"{_HEAD}{body}".encode())
        else:
            first = int(asked.get("continuation-token", ["0"])[0])
            self._answer(_kept(first, self.count))

    def do_HEAD(self) -> None:
        """Every object is there."""
        self.send_response(200)
        for name, value in (
            ("Content-Length", str(SIZE)),
            ("Last-Modified", _HTTP_AT),
            ("ETag", '"0"'),
        ):
            self.send_header(name, value)
        self.end_headers()

    def do_POST(self) -> None:
        """DeleteObjects: no key failed."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(f"{_HEAD}<DeleteResult></DeleteResult>".encode())

    def log_message(self, *_: object) -> None:
        """Nothing is said."""

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve until somebody ends it."""
    Handler.count = int(sys.argv[1])
    for first in range(0, Handler.count, PAGE):
        _kept(first, Handler.count)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
