"""A certificate as it was made is told from any other, byte by byte."""

from __future__ import annotations

import json
from collections.abc import Iterator

from savctl.domain.privacy.certificate import problem_of, sealed

MADE = sealed(
    {
        "id": "er-0123456789abcdef",
        "person": "a" * 64,
        "mode": "delete",
        "partial": False,
        "reason": "request of 3 October, é",
        "requested_at": "2025-10-03T10:30:00Z",
        "started_at": "2025-10-03T10:31:00Z",
        "finished_at": "2025-10-03T10:32:00Z",
        "actor": 5,
        "savctl_version": "1.0",
        "places": [{"place": "tickets", "found": 3, "removed": 3}],
        "bundles": [{"old": "b" * 64, "new": None}],
        "backups": [{"id": "binary-logs", "until": None}],
        "holds": [],
        "verification": {"rounds": 1, "places": 27, "found": 0},
    }
)


def altered(text: str) -> Iterator[str]:
    """The text with one byte changed, removed or added, at every place."""
    for at, was in enumerate(text):
        for other in sorted({"x", "7", " ", '"', chr(ord(was) ^ 1)} - {was}):
            yield text[:at] + other + text[at + 1 :]
            yield text[:at] + other + text[at:]
        yield text[:at] + text[at + 1 :]


def test_every_altered_byte_is_noticed_that_alters_what_it_means() -> None:
    text = json.dumps(MADE, ensure_ascii=False, indent=1)
    assert problem_of(json.loads(text)) is None
    noticed = 0

    for other in altered(text):
        try:
            found = json.loads(other)
        except ValueError:
            continue  # no JSON any more
        if found != MADE or repr(found) != repr(MADE):  # 5.0 == 5
            noticed += 1
            assert problem_of(found) is not None, other

    assert noticed > len(text)
