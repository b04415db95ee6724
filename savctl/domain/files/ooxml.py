"""Word and Excel documents: their type by `[Content_Types].xml` and the main part.

The name is no evidence, and neither is libmagic: a macro-enabled document differs by the type
of its main part alone.
"""

from __future__ import annotations

import io
from typing import BinaryIO

from savctl.domain.files import zips
from savctl.domain.files.archives import FREE_PART_BYTES, MAX_PARTS_BYTES, Allowance, check_members
from savctl.domain.files.file_types import DOCX, MB, XLSX, FileRefused, FileType
from savctl.domain.files.opc import (
    ROOT_LINKS,
    PartTypes,
    links,
    part_name,
    part_types,
)
from savctl.domain.files.unpack_budget import UnpackBudget
from savctl.domain.files.zip_directory import Member
from savctl.domain.files.zip_end import damaged

MAIN_TYPES = {
    f"{kind.mime.removesuffix('.document').removesuffix('.sheet')}.{last}.main+xml": kind
    for kind, last in ((DOCX, "document"), (XLSX, "sheet"))
}
MAX_PARTS = 10_000
_LARGEST_NESTED = 16 * MB  # more than a document may have: packed already, it packs no further
_MAX_LINKS_BYTES = 64 * MB  # a sheet may have 65,530 links
_MACROS = ("macroenabled", "macrosheet", "vbaproject", "vbadata", "vnd.ms-office.vba")
# Where programs keep documents inside of a document, and compressed pictures.
_EMBEDDINGS = ("word/embeddings", "xl/embeddings")
_PACKAGES = (".docx", ".xlsx", ".pptx")
_PACKED_PICTURES = (".emz", ".wmz", ".svgz")


def check_document(content: BinaryIO, wanted: FileType, *, size_bytes: int) -> None:
    """Pass when this is a whole document of the wanted type, without macros or programs.

    Raises:
        FileRefused: with the check that refused it.
    """
    found = zips.members(content, size_bytes=size_bytes, most=MAX_PARTS)
    parts = {part_name(member.name): member for member in found}
    if len(parts) < len(found):  # names of parts have no case: which one counts?
        raise FileRefused("archive", "the document has two parts of one name")
    if any(member.other_name is not None for member in found):
        raise damaged("a part has a second name")
    types = part_types(content, parts)
    links_budget = UnpackBudget(_MAX_LINKS_BYTES)
    _require_no_macros(content, parts, types, links_budget)
    if _main_types(content, parts, types, links_budget) != {wanted.mime}:
        raise FileRefused("content", "the document's main part does not fit its extension")
    allowed = Allowance(
        budget=UnpackBudget(MAX_PARTS_BYTES), free=FREE_PART_BYTES, may_nest=_may_nest
    )
    check_members(content, found, allowed=allowed)
    for member in found:
        if _may_nest(member.name, b"") and member.unpacked <= _LARGEST_NESTED:
            _require_no_macros_inside(b"".join(zips.pieces(content, member)), links_budget)


def _main_types(
    content: BinaryIO, parts: dict[str, Member], types: PartTypes, budget: UnpackBudget
) -> set[str]:
    """The type of what a program opens first, and of whatever else could be opened so.

    Every writer links to the main part; a package without that link is judged by the parts that
    are declared one by one.
    """
    root = parts.get(ROOT_LINKS)
    opened = links(content, root, budget).main_parts if root is not None else set[str]()
    kinds = {types.of(part) if part in parts else "" for part in opened}
    kinds |= {kind for part, kind in types.overrides.items() if part in parts} & {*MAIN_TYPES}
    if opened:
        kinds |= {types.of(part) for part in parts} & {*MAIN_TYPES}
    return {MAIN_TYPES[kind].mime if kind in MAIN_TYPES else "" for kind in kinds}


def _require_no_macros(
    content: BinaryIO, parts: dict[str, Member], types: PartTypes, budget: UnpackBudget
) -> None:
    """Pass unless a part is one of macros by its type, by its name, or by a link to it."""
    texts = types.declared | {part for part in parts if part.endswith("vbaproject.bin")}
    for part, member in parts.items():
        if part.endswith(".rels"):
            texts |= links(content, member, budget).kinds
    if any(word in text for text in texts for word in _MACROS):
        raise FileRefused("macros", "the document holds macros")


def _require_no_macros_inside(raw: bytes, budget: UnpackBudget) -> None:
    """Pass unless this is a package of Office with macros; what cannot be read holds none."""
    if not raw.startswith(b"PK\x03\x04"):
        return
    inside = io.BytesIO(raw)
    try:
        found = zips.members(inside, size_bytes=len(raw), most=MAX_PARTS)
        parts = {part_name(member.name): member for member in found}
        _require_no_macros(inside, parts, part_types(inside, parts), budget)
    except FileRefused as refusal:
        if refusal.check in {"macros", "bomb"}:
            raise


def _may_nest(name: str, head: bytes) -> bool:
    """Whether a part may be an archive itself: a document, or a picture that is gzipped."""
    part = part_name(name)
    if head.startswith(b"\x1f\x8b"):
        return part.endswith(_PACKED_PICTURES)
    return part.rpartition("/")[0] in _EMBEDDINGS or part.endswith(_PACKAGES)
