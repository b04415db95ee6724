"""Which files may be attached, as data (rules 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from savctl.errors import Refused

MB = 1_048_576
ZIP_FAMILY = "application/zip"
OLE2_FAMILY = "application/x-ole-storage"
TEXT_FAMILY = "text/plain"


class FileRefused(Refused):
    """A file that may not be attached; `check` names the check that refused it."""

    code = "file_refused"

    def __init__(
        self, check: str, message: str, *, hint: str | None = None, **facts: object
    ) -> None:
        super().__init__(message, hint=hint, check=check, **facts)
        self.check = check

    def of(self, name: str) -> FileRefused:
        """The same refusal, with the name of the file."""
        shown = name if len(name) <= 80 else f"{name[:60]}…{name[-16:]}"
        return FileRefused(self.check, f"{shown!r}: {self.message}", hint=self.hint, file=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileType:
    """One row of the table; `is_inline` types may be shown in a browser, others are saved.

    `family` is what the content is recognised as, where that is more than the type itself.
    """

    mime: str
    extensions: tuple[str, ...]
    limit_bytes: int
    is_inline: bool = False
    family: str | None = None

    @property
    def content(self) -> str:
        """What `sniff` must find in a file of this type."""
        return self.family or self.mime


JPEG = FileType(mime="image/jpeg", extensions=("jpg", "jpeg"), limit_bytes=5 * MB, is_inline=True)
PNG = FileType(mime="image/png", extensions=("png",), limit_bytes=5 * MB, is_inline=True)
GIF = FileType(mime="image/gif", extensions=("gif",), limit_bytes=5 * MB, is_inline=True)
WEBP = FileType(mime="image/webp", extensions=("webp",), limit_bytes=5 * MB, is_inline=True)
PDF = FileType(mime="application/pdf", extensions=("pdf",), limit_bytes=10 * MB, is_inline=True)
DOC = FileType(
    mime="application/msword", extensions=("doc",), limit_bytes=10 * MB, family=OLE2_FAMILY
)
DOCX = FileType(
    mime="application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    extensions=("docx",),
    limit_bytes=10 * MB,
    family=ZIP_FAMILY,
)
XLSX = FileType(
    mime="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    extensions=("xlsx",),
    limit_bytes=10 * MB,
    family=ZIP_FAMILY,
)
CSV = FileType(mime="text/csv", extensions=("csv",), limit_bytes=10 * MB, family=TEXT_FAMILY)
TEXT = FileType(mime="text/plain", extensions=("txt",), limit_bytes=2 * MB, is_inline=True)
ZIP = FileType(mime="application/zip", extensions=("zip",), limit_bytes=20 * MB)

TYPES: tuple[FileType, ...] = (JPEG, PNG, GIF, WEBP, PDF, DOC, DOCX, XLSX, CSV, TEXT, ZIP)

BY_EXTENSION: Mapping[str, FileType] = MappingProxyType(
    {extension: kind for kind in TYPES for extension in kind.extensions}
)
_INLINE = frozenset(kind.mime for kind in TYPES if kind.is_inline)

EXECUTABLES = frozenset({"exe", "bat", "sh", "cmd"})
SCRIPTS = frozenset({"js", "php", "py"})  # allowed inside archives
DANGEROUS = frozenset({"iso", "dmg", "app"})
BLOCKED = EXECUTABLES | SCRIPTS | DANGEROUS


def is_shown(mime: str) -> bool:
    """Whether a browser may show the file; all others are saved (rules 7.6)."""
    return mime in _INLINE
