"""Word and Excel documents: what `[Content_Types].xml` and the main part say they are.

The name tells nothing, and neither does libmagic: a macro-enabled document differs by the type
of its main part alone.
"""

from __future__ import annotations

from typing import BinaryIO
from xml.parsers import expat

from savctl.domain import zips
from savctl.domain.archives import check_members
from savctl.domain.file_types import DOCX, XLSX, FileRefused, FileType
from savctl.domain.zips import Member

TYPES_PART = "[Content_Types].xml"
MAIN_TYPES = {
    f"{kind.mime.removesuffix('.document').removesuffix('.sheet')}.{last}.main+xml": kind
    for kind, last in ((DOCX, "document"), (XLSX, "sheet"))
}
_LARGEST_TYPES_PART = 1_048_576
_EMBEDDINGS = frozenset({"word/embeddings", "xl/embeddings"})
_MACROS = ("macroenabled", "macrosheet", "vbaproject", "vbadata", "vnd.ms-office.vba")


def check_document(content: BinaryIO, wanted: FileType, *, size_bytes: int) -> None:
    """Pass when this is a whole document of the wanted type, without macros or programs.

    Raises:
        FileRefused: with the check that refused it.
    """
    found = zips.members(content, size_bytes=size_bytes)
    types = _content_types(content, found)
    named = {member.name.lower() for member in found}
    if len(named) < len(found):  # names of parts have no case: which one counts?
        raise FileRefused("archive", "the document has two parts of one name")
    if any(word in text.lower() for text in types.values() for word in _MACROS) or any(
        name.rpartition("/")[2] == "vbaproject.bin" for name in named
    ):
        raise FileRefused("macros", "the document holds macros")
    main = {MAIN_TYPES[kind].mime for part, kind in types.items() if _is_main(part, kind, named)}
    if main != {wanted.mime}:
        raise FileRefused("content", "the document's main part is not what its extension says")
    check_members(content, found, may_embed=_EMBEDDINGS)


def _is_main(part: str, kind: str, named: set[str]) -> bool:
    return kind in MAIN_TYPES and part.removeprefix("/").lower() in named


def _content_types(content: BinaryIO, found: list[Member]) -> dict[str, str]:
    """The content type of each part named, and of each extension."""
    part = next((member for member in found if member.name == TYPES_PART), None)
    if part is None or part.unpacked > _LARGEST_TYPES_PART:
        raise FileRefused("content", "this is no Office document: it has no content types")
    types: dict[str, str] = {}

    def begun(tag: str, attributes: dict[str, str]) -> None:
        if tag.rpartition(" ")[2] in {"Override", "Default"}:
            key = attributes.get("PartName") or f"*.{attributes.get('Extension', '')}"
            types[key] = attributes.get("ContentType", "")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = begun
    parser.StartDoctypeDeclHandler = _no_doctype
    try:
        for piece in zips.pieces(content, part):
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except expat.ExpatError:
        raise FileRefused("content", "the document's content types are no XML") from None
    return types


def _no_doctype(*_: object) -> None:
    raise FileRefused("content", "the document's content types declare entities")
