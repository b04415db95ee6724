"""Links of the directory store: the path of the content, and behind `#` what the link grants.

Programs of this host that may read the folder open the path; the folder's own permissions protect
it. What stands behind `#` is signed with HMAC: until when, and how, a web server beside savctl
may give the file away.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from savctl.ports.objects import Delivery, StoreRefused

SIGNATURE = "signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedLink:
    """What a link gives, and how."""

    key: str
    expires_at: datetime
    delivery: Delivery


def signed(link: SignedLink, *, path: str, secret: bytes) -> str:
    """The link as text; `path` is that of the content."""
    fields = {
        "key": link.key,
        "expires": str(int(link.expires_at.timestamp())),
        "filename": link.delivery.filename,
        "type": link.delivery.content_type,
        "disposition": "inline" if link.delivery.is_inline else "attachment",
    }
    fields[SIGNATURE] = _signature(path, fields, secret)
    return f"file://{quote(path)}#{urlencode(fields)}"


def opened(url: str, *, secret: bytes, now: datetime) -> SignedLink:
    """What a link grants, if it was signed here and has not ended.

    Raises:
        StoreRefused: it was changed, it belongs elsewhere, or its time is over.
    """
    parts = urlsplit(url)
    fields = dict(parse_qsl(parts.fragment, keep_blank_values=True))
    given = fields.pop(SIGNATURE, "")
    expected = _signature(unquote(parts.path), fields, secret)
    if parts.scheme != "file" or not hmac.compare_digest(given.encode(), expected.encode()):
        raise StoreRefused("the link is not genuine: it was changed, or another store made it")
    expires_at = datetime.fromtimestamp(int(fields["expires"]), UTC)
    if now >= expires_at:
        ago = (now - expires_at) // timedelta(seconds=1)
        raise StoreRefused(f"the link has ended, {ago} s ago", hint="Ask for a new one.")
    delivery = Delivery(
        filename=fields["filename"],
        content_type=fields["type"],
        is_inline=fields["disposition"] == "inline",
    )
    return SignedLink(key=fields["key"], expires_at=expires_at, delivery=delivery)


def _signature(path: str, fields: Mapping[str, str], secret: bytes) -> str:
    """Fields are signed as they are encoded, so that no two sets of them look the same."""
    query = urlencode([("path", path), *sorted(fields.items())])
    return hmac.new(secret, query.encode(), hashlib.sha256).hexdigest()
