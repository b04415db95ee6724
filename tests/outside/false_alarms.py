"""How many genuine files are refused, by the program that wrote them.

    python -m tests.outside.false_alarms FOLDER…

Each refusal is judged a second time by other means (Python's zipfile, the bytes of a file): is it
a file of another type, with macros, with a password, damaged, or one that the page on attachments
names? What is left is a false alarm.
"""

from __future__ import annotations

import re
import stat
import sys
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from savctl.domain.files.attachments import examine
from savctl.domain.files.file_types import BY_EXTENSION, FileRefused

OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
HEADS = {
    "png": b"\x89PNG", "jpg": b"\xff\xd8\xff", "jpeg": b"\xff\xd8\xff", "gif": b"GIF8",
    "webp": b"RIFF", "doc": OLE2,
}  # fmt: skip
MAIN = {"docx": b"wordprocessingml.document.main+xml", "xlsx": b"spreadsheetml.sheet.main+xml"}
NESTED = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!")
BROKEN_NAME = re.compile(r"clusterfuzz|crash-|truncated|corrupt|invalid", re.IGNORECASE)
# Test files that public projects made to be wrong, where only a person can tell.
MADE_WRONG = {
    "unicode-path.docx": "a second name for the main part",
    "zipbomb.xlsx": "another type",
    "COMPRESS-227.zip": "two entries for one member",
    "COMPRESS-479.zip": "a name field of an unknown version",
    "archive_with_bytes_after_data.zip": "bytes behind a member's end",
    "archive_with_trailer.zip": "bytes behind the end",
    "testZip_with_DataDescriptor2.zip": "document under another name",
}


@dataclass
class Tally:
    """What became of the files of one program."""

    files: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    alarms: list[str] = field(default_factory=list)


def files_in(folders: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    """Every file with an extension of an allowed type, and the folder it came from."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix[1:].lower() in BY_EXTENSION:
                yield path.relative_to(folder).parts[0], path


def judged(files: Iterable[tuple[str, Path]]) -> dict[str, Tally]:
    """The tally of each program; documents name theirs, other files have their folder's."""
    tallies: defaultdict[str, Tally] = defaultdict(Tally)
    for origin, path in files:
        tally = tallies[program_of(path) or origin]
        tally.files += 1
        with path.open("rb") as content:
            try:
                examine(f"a{path.suffix}", content, size_bytes=path.stat().st_size)
            except FileRefused as refusal:
                reason = why_not(path)
                tally.reasons[reason or "false alarm"] += 1
                if reason is None:
                    tally.alarms.append(f"{path}: {refusal.message}")
    return dict(tallies)


def program_of(path: Path) -> str | None:
    """The program that a document names as its writer."""
    try:
        with zipfile.ZipFile(path) as archive:
            text = archive.read("docProps/app.xml")
    except Exception:  # whatever is wrong with it, it names none
        return None
    found = re.search(rb"<(?:\w+:)?Application>([^<]{3,60})<", text)
    if found is None:
        return None
    return re.split(r"[/_\n]", found[1].decode("utf-8", "replace"))[0].strip()


def why_not(path: Path) -> str | None:
    """Why a refused file is none that must be taken, by an independent look, or None."""
    raw, extension = path.read_bytes(), path.suffix[1:].lower()
    if not raw:
        return "empty"
    if BROKEN_NAME.search(path.name):
        return "damaged"
    if len(raw) > BY_EXTENSION[extension].limit_bytes:
        return "too large"
    if path.name in MADE_WRONG:
        return MADE_WRONG[path.name]
    judge = _JUDGES.get(extension, _of_another)
    return judge(raw, extension, path)


def _of_another(raw: bytes, extension: str, _path: Path) -> str | None:
    if extension == "pdf":
        return None if b"%PDF-" in raw[:1024] else "another type"
    return None if raw.startswith(HEADS[extension]) else "another type"


def _text(raw: bytes, *_: object) -> str | None:
    if b"\x00" in raw and not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "holds NUL"
    controls = sum(byte < 32 and byte not in b"\t\n\f\r\v" for byte in raw)
    return "full of control characters" if controls * 10 > len(raw) else None


def _word(raw: bytes, extension: str, path: Path) -> str | None:
    if not raw.startswith(OLE2) or "WordDocument".encode("utf-16-le") not in raw:
        return "another type"
    if "_VBA_PROJECT".encode("utf-16-le") in raw:
        return "macros"
    return _of_another(raw, extension, path)


def _document(raw: bytes, extension: str, path: Path) -> str | None:
    if raw.startswith(OLE2):
        is_locked = "EncryptedPackage".encode("utf-16-le") in raw
        return "password" if is_locked else "another type"
    opened = _opened(path)
    if isinstance(opened, str):
        return opened
    names, types, _ = opened
    if len({name.lower() for name in names}) < len(names):
        return "two parts of one name"
    if re.search(rb"macroenabled|vbaproject", types, re.IGNORECASE):
        return "macros"
    if b"<!DOCTYPE" in types:
        return "declares entities"
    return None if MAIN[extension] in types else "another type"


def _archive(raw: bytes, _extension: str, path: Path) -> str | None:
    if not raw.startswith(b"PK"):
        return "another type"
    opened = _opened(path)
    if isinstance(opened, str):
        return opened
    names, types, heads = opened
    if types or not names:
        return "document under another name" if types else "empty"
    if any(head.startswith(NESTED) for head in heads):
        return "archive in it"
    if any(".." in name.split("/") or ":" in name or "\x00" in name for name in names):
        return "leaves its folder"
    return "program in it" if any(name.endswith((".sh", ".exe")) for name in names) else None


def _opened(path: Path) -> str | tuple[list[str], bytes, list[bytes]]:
    """Names, content types and heads of the members, or why they cannot be had."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            if any(info.flag_bits & 1 for info in infos):
                return "password"
            if any(info.compress_type not in {0, 8} for info in infos):
                return "packed in another way"
            if any(stat.S_ISLNK(info.external_attr >> 16) for info in infos):
                return "link in it"
            contents = [archive.read(info) for info in infos]
    except Exception:  # fuzzed files break zipfile in any way
        return "damaged"
    names = [info.orig_filename for info in infos]
    types = [c for n, c in zip(names, contents, strict=True) if n.lower() == "[content_types].xml"]
    return names, b"".join(types), [content[:8] for content in contents]


_JUDGES: dict[str, Callable[[bytes, str, Path], str | None]] = {
    "txt": _text, "csv": _text, "doc": _word, "docx": _document, "xlsx": _document,
    "zip": _archive,
}  # fmt: skip


def report(tallies: dict[str, Tally]) -> str:
    """A line for each program, and the rate over all."""
    lines = []
    for name, tally in sorted(tallies.items(), key=lambda item: -item[1].files):
        reasons = ", ".join(f"{count} {reason}" for reason, count in tally.reasons.most_common())
        lines.append(f"{tally.files:6}  {len(tally.alarms):3}  {name:44.44}  {reasons}")
    files = sum(tally.files for tally in tallies.values())
    others = sum(tally.reasons.total() - len(tally.alarms) for tally in tallies.values())
    alarms = [alarm for tally in tallies.values() for alarm in tally.alarms]
    rate = len(alarms) / max(1, files - others)
    head = " files  false alarms: program, and what else was refused"
    last = (
        f"{files} files of {len(tallies)} programs, {others} of them not to be taken; "
        f"{len(alarms)} false alarms, {rate:.2%}"
    )
    return "\n".join([head, *lines, *alarms, last])


if __name__ == "__main__":
    sys.stdout.write(report(judged(files_in(Path(folder) for folder in sys.argv[1:]))) + "\n")
