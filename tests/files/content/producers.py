"""Documents and archives laid out as the programs of the field write them.

Each entry was read off files that the program made (field report 06, 07, 17; public test files).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from tests.files.content.zip_writer import CENTRAL, LOCAL, UTF8, Layout, written
from tests.files.making import EXCEL, WORD

TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
LINKS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT = "http://purl.oclc.org/ooxml/officeDocument/relationships"
RELS_TYPE = "application/vnd.openxmlformats-package.relationships+xml"
MAIN = {"docx": ("word/document.xml", WORD), "xlsx": ("xl/workbook.xml", EXCEL)}
BOM = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Producer:
    """A program: its zip layout, and how its documents tell the type of the main part."""

    name: str
    layout: Layout
    makes: tuple[str, ...] = ("docx", "xlsx")
    by_default: bool = False  # the main part has its type by the extension .xml
    target: str = "{main}"
    mark: str = ""
    links: str = OFFICE
    types_part: str = "[Content_Types].xml"
    types_last: bool = False
    more: Mapping[str, bytes] = field(default_factory=dict)


def types_of(producer: Producer, kind: str, parts: list[str]) -> bytes:
    """The content types as this program declares them."""
    main, main_type = MAIN[kind]
    base = main_type.removesuffix("main+xml").rpartition(".")[0].rpartition(".")[0]
    lines = [f'<Default Extension="rels" ContentType="{RELS_TYPE}"/>']
    default = main_type if producer.by_default else "application/xml"
    lines.append(f'<Default Extension="xml" ContentType="{default}"/>')
    if not producer.by_default:
        lines.append(f'<Override PartName="/{main}" ContentType="{main_type}"/>')
    lines += [
        f'<Override PartName="/{part}" ContentType="{base}.part{n}+xml"/>'
        for n, part in enumerate(parts)
    ]
    head = f'{producer.mark}<?xml version="1.0" encoding="utf-8"?>'
    return f'{head}<Types xmlns="{TYPES}">{"".join(lines)}</Types>'.encode()


def document(producer: Producer, kind: str, *, parts: int = 3, text: str = "x") -> bytes:
    """A document of this program with so many parts besides its main one."""
    main = MAIN[kind][0]
    folder = main.partition("/")[0]
    others = [f"{folder}/part{n}.xml" for n in range(parts)]
    target = producer.target.format(main=main)
    links = (
        f'{producer.mark}<?xml version="1.0" encoding="utf-8"?><Relationships xmlns="{LINKS}">'
        f'<Relationship Type="{producer.links}/officeDocument" Target="{target}" Id="R1"/>'
        "</Relationships>"
    )
    types = [(producer.types_part, types_of(producer, kind, others))]
    members = [("_rels/.rels", links.encode()), (main, f"<x>{text}</x>".encode())]
    members += [
        (name, f"<p>{name} {text}</p>".encode() * (n + 1)) for n, name in enumerate(others)
    ]
    members += list(producer.more.items())
    members = members + types if producer.types_last else types + members
    return written(members, producer.layout)


_JAVA = Layout(flags=UTF8, sizes="later")
_NET = Layout(flags=0x2, sizes="here", leaves_empty_out=True)
PRODUCERS = (
    Producer(name="Microsoft Office", layout=Layout(flags=6, padding={0: 516, 1: 516, 2: 260})),
    Producer(name="Microsoft Office, strict", layout=Layout(flags=6), links=STRICT),
    Producer(name="LibreOffice", layout=Layout(flags=UTF8, sizes="later")),
    Producer(name="Google", layout=Layout(sizes="later"), types_last=True),
    Producer(name="Apache POI", layout=_JAVA),
    Producer(
        name="Apache POI, streaming",
        layout=Layout(version=45, sizes="later", descriptor="<I2Q"),
    ),
    Producer(
        name="Apache POI, streaming, with zip64 fields",
        layout=Layout(
            version=45, flags=UTF8, sizes="wide later", descriptor="<I2Q", directory="wide",
            end="both",
        ),
    ),
    Producer(
        name="Open XML SDK", layout=_NET, by_default=True, target="/{main}", mark=BOM,
        types_last=True,
    ),
    Producer(
        name="ClosedXML", layout=_NET, by_default=True, target="/{main}", mark=BOM,
        types_last=True, makes=("xlsx",), more={"package/services/metadata/1.psmdcp": b"<c/>"},
    ),
    Producer(
        name="System.IO.Packaging, empty parts", layout=_NET, target="/{main}", types_last=True,
        more={"docProps/thumbnail.wmf": b""},
    ),
    Producer(
        name=".NET Framework before 4.6.1", layout=Layout(separator="\\"), by_default=True,
    ),
    Producer(
        name="a packer that lowers names", layout=Layout(separator="\\"),
        types_part="[content_types].xml",
    ),
    Producer(
        name="EPPlus", layout=Layout(flags=0x8 | UTF8, sizes="later"), target="/{main}",
        makes=("xlsx",),
    ),
    Producer(name="pandoc", layout=Layout(flags=0x2 | UTF8), makes=("docx",)),
    Producer(name="JSZip", layout=Layout(version=10, folders=True), target="./{main}"),
    Producer(name="Python, zip64 forced", layout=Layout(version=45, sizes="wide")),
    Producer(
        name="PHP, a line break behind the download", layout=Layout(behind=b"\r\n"),
    ),
    Producer(
        name="everything in zip64",
        layout=Layout(version=45, sizes="wide", directory="wide", end="wide"),
    ),
)  # fmt: skip

ARCHIVERS: Mapping[str, Layout] = {
    "Windows": Layout(),
    "macOS": Layout(sizes="later", folders=True),
    "Info-ZIP": Layout(version=10, folders=True, flags=0x2),
    "Info-ZIP of a pipe": Layout(version=45, sizes="wide", directory="wide", end="wide"),
    "Java": _JAVA,
    "7-Zip": Layout(flags=UTF8),
    "PHP ZipStream": Layout(version=45, sizes="wide later", descriptor="<I2Q", end="both"),
    "Go": Layout(sizes="later", flags=UTF8, has_mark=True),
    "a writer of old descriptors": Layout(sizes="later", has_mark=False),
    "stored": Layout(method=0, version=10),
    "one part of what was to be several": Layout(before=b"PK00"),
}


def winzip(names: Mapping[str, str], content: bytes = b"x") -> bytes:
    """An archive with names in a code page, each with its real name beside."""
    body, directory = b"", b""
    for old, real in names.items():
        raw = old.encode("cp437")
        data = b"\x01" + struct.pack("<I", zlib.crc32(raw)) + real.encode()
        extra = struct.pack("<2H", 0x7075, len(data)) + data
        sizes = (zlib.crc32(content), len(content), len(content), len(raw), len(extra))
        at = len(body)
        body += struct.pack(LOCAL, b"PK\x03\x04", 20, 0, 0, 0, 0x21, *sizes) + raw + extra
        body += content
        directory += struct.pack(
            CENTRAL, b"PK\x01\x02", 20, 20, 0, 0, 0, 0x21, *sizes, 0, 0, 0, 0, at
        )
        directory += raw + extra
    end = (0, 0, len(names), len(names), len(directory), len(body), 0)
    return body + directory + struct.pack("<4s4H2IH", b"PK\x05\x06", *end)


def imitated(variants: int) -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    """Producer, file name and content of many documents and archives."""
    for producer in PRODUCERS:
        for kind in producer.makes:
            for n in range(variants):
                text = f"{n} é€日 " * (1 + n * 7 % 90)
                make = partial(document, producer, kind, parts=n % 23, text=text)
                yield producer.name, f"{n}.{kind}", make
    for name, layout in ARCHIVERS.items():
        for n in range(variants):
            members = {f"folder/{m}é.txt": b"some text\n" * (m * n) for m in range(1 + n % 9)}
            yield name, f"{n}.zip", partial(written, members, layout)
