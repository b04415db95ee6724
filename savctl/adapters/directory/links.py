"""Links of the directory store: signed with HMAC, with an end, for whoever opens them here.

The folder's own permissions protect the files; a link adds until when, and how, savctl or a web
server beside it gives one of them away. Nothing of a link can be changed without its key.
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


def signed(link: SignedLink, *, folder: str, secret: bytes) -> str:
    """The link as text."""
    fields = {
        "expires": str(int(link.expires_at.timestamp())),
        "filename": link.delivery.filename,
        "type": link.delivery.content_type,
        "disposition": "inline" if link.delivery.is_inline else "attachment",
    }
    fields[SIGNATURE] = _signature(link.key, fields, secret)
    return f"file://{quote(folder)}/{quote(link.key)}?{urlencode(fields)}"


def opened(url: str, *, folder: str, secret: bytes, now: datetime) -> SignedLink:
    """What a link gives, if it is one of this folder's and has not ended.

    Raises:
        StoreRefused: it was changed, it belongs elsewhere, or its time is over.
    """
    parts = urlsplit(url)
    fields = dict(parse_qsl(parts.query, keep_blank_values=True))
    given = fields.pop(SIGNATURE, "")
    path = unquote(parts.path)
    key = path.removeprefix(f"{folder}/")
    is_ours = parts.scheme == "file" and path.startswith(f"{folder}/")
    expected = _signature(key, fields, secret)
    if not is_ours or not hmac.compare_digest(given.encode(), expected.encode()):
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
    return SignedLink(key=key, expires_at=expires_at, delivery=delivery)


def _signature(key: str, fields: Mapping[str, str], secret: bytes) -> str:
    """Fields are signed as they are encoded, so that no two sets of them look the same."""
    query = urlencode([("key", key), *sorted(fields.items())])
    return hmac.new(secret, query.encode(), hashlib.sha256).hexdigest()
