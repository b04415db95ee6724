"""The package around an Office document: which part has which type, and which one is opened first.

A part's type stands in `[Content_Types].xml`, for the part alone (Override) or for its extension
(Default): Microsoft's own SDK gives the main part its type by the extension. Names of parts have
no case, and some writers separate folders by `\\\\`. See ECMA-376 part 2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from posixpath import normpath
from typing import BinaryIO
from urllib.parse import unquote
from xml.parsers import expat

from savctl.domain.files import zips
from savctl.domain.files.file_types import FileRefused
from savctl.domain.files.unpack_budget import UnpackBudget
from savctl.domain.files.zip_directory import Member

TYPES_PART, ROOT_LINKS = "[content_types].xml", "_rels/.rels"
_LARGEST_PART = 1_048_576
_MAIN_LINK = "/relationships/officedocument"


@dataclass(frozen=True, slots=True)
class Links:
    """The kinds of other parts that a part refers to, in lower case, and the main ones of them."""

    kinds: set[str] = field(default_factory=set)
    main_parts: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartTypes:
    """The declared types by part and by extension; all in lower case."""

    overrides: dict[str, str]
    defaults: dict[str, str]

    def of(self, part: str) -> str:
        """The type of a part, or an empty text."""
        extension = part.rpartition("/")[2].rpartition(".")[2]
        return self.overrides.get(part) or self.defaults.get(extension, "")

    @property
    def declared(self) -> set[str]:
        """Every type there is."""
        return {*self.overrides.values(), *self.defaults.values()}


def part_name(name: str) -> str:
    """The name of a part as it is compared."""
    return name.replace("\\", "/").lower()


def part_types(content: BinaryIO, parts: dict[str, Member]) -> PartTypes:
    """The types that the package declares.

    Raises:
        FileRefused: it declares none, or not in a way that every reader takes alike.
    """
    overrides: dict[str, str] = {}
    defaults: dict[str, str] = {}

    def begun(tag: str, attributes: dict[str, str]) -> None:
        kind = attributes.get("ContentType", "").partition(";")[0].strip().lower()
        if tag == "Override":
            key, known = part_name(attributes.get("PartName", "")).removeprefix("/"), overrides
        elif tag == "Default":
            key, known = attributes.get("Extension", "").lower(), defaults
        else:
            return
        if known.setdefault(key, kind) != kind:
            raise FileRefused("content", "the document's content types differ for one part")

    part = parts.get(TYPES_PART)
    if part is None or part.unpacked > _LARGEST_PART:
        raise FileRefused("content", "this is not an Office document: it has no content types")
    if not _read(content, part, begun):
        raise FileRefused("content", "the document's content types are no XML")
    return PartTypes(overrides=overrides, defaults=defaults)


def links(content: BinaryIO, part: Member, budget: UnpackBudget) -> Links:
    """What a part of links refers to, as far as it is XML: no program reads it further.

    A main part outside of the package has an empty name.

    Raises:
        FileRefused: it declares entities, or is too long.
    """
    budget.take(part.unpacked)
    found = Links()

    def begun(tag: str, attributes: dict[str, str]) -> None:
        if tag != "Relationship":
            return
        kind = attributes.get("Type", "").lower()
        found.kinds.add(kind)
        if kind.endswith(_MAIN_LINK):
            is_outside = attributes.get("TargetMode") == "External"
            found.main_parts.add("" if is_outside else _inside(attributes.get("Target", "")))

    _read(content, part, begun)
    return found


def _inside(target: str) -> str:
    return part_name(normpath("/" + unquote(target).replace("\\", "/"))).lstrip("/")


def _read(content: BinaryIO, part: Member, begun: Callable[[str, dict[str, str]], None]) -> bool:
    """Hand each element to `begun`, its tag without a namespace; whether all of it is XML."""

    def element(tag: str, attributes: dict[str, str]) -> None:
        begun(tag.rpartition(" ")[2], attributes)

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = element
    parser.StartDoctypeDeclHandler = _no_doctype
    try:
        for piece in zips.pieces(content, part):
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except expat.ExpatError:
        return False
    except (LookupError, ValueError):  # Python's codecs, of which expat asks for what it lacks
        raise FileRefused("content", "a part of the document is in an unknown encoding") from None
    return True


def _no_doctype(*_: object) -> None:
    raise FileRefused("content", "a part of the document declares entities")
