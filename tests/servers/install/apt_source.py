"""The machine's own Debian package source, asked for another suite."""

import re
from collections.abc import Iterator
from pathlib import Path

APT = Path("/etc/apt")


class NoDebianSource(RuntimeError):
    """apt on this machine knows no Debian archive, or not in a form understood here."""


def debian(suite: str, *, apt: Path = APT) -> str:
    """A deb822 stanza for `suite` of the archive that this machine installs from.

    Raises:
        NoDebianSource: there is none.
    """
    known = [fields for fields in [*_stanzas(apt), *_lines(apt)] if _is_archive(fields)]
    if not known:
        raise NoDebianSource(f"no Debian archive is named in {apt}")
    best = max(known, key=lambda fields: "debian-archive" in fields.get("signed-by", ""))
    asked = dict(best, types="deb", suites=suite, components="main")
    return "".join(f"{name.title()}: {value}\n" for name, value in asked.items())


def _is_archive(fields: dict[str, str]) -> bool:
    """Whether this looks like Debian's main archive: not security, not somebody else's."""
    place = fields.get("uris", "").rstrip("/").rpartition("/")[2]
    return (
        fields.get("enabled", "yes") == "yes"
        and "deb" in fields.get("types", "").split()
        and "main" in fields.get("components", "").split()
        and "debian" in place
        and "security" not in place
    )


def _stanzas(apt: Path) -> Iterator[dict[str, str]]:
    """The fields, names in lower case, of every stanza in *.sources files."""
    for file in sorted(apt.glob("sources.list.d/*.sources")):
        text = re.sub(r"(?m)^#.*\n", "", file.read_text(errors="replace"))
        for stanza in re.split(r"\n\s*\n", text):
            found = re.findall(r"(?m)^([\w-]+):((?:.*)(?:\n[ \t].*)*)", stanza)
            yield {name.lower(): value.strip() for name, value in found}


def _lines(apt: Path) -> Iterator[dict[str, str]]:
    """The same of the older one-line form: deb [options] address suite component..."""
    line = re.compile(r"deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(.+)")
    for file in [apt / "sources.list", *sorted(apt.glob("sources.list.d/*.list"))]:
        for written in file.read_text(errors="replace").splitlines() if file.is_file() else ():
            if found := line.match(written):
                fields = {"types": "deb", "uris": found["uri"], "suites": found["suite"]}
                signed = re.search(r"signed-by=(\S+)", found["options"] or "")
                yield (
                    fields
                    | {"components": found[4]}
                    | ({"signed-by": signed[1]} if signed else {})
                )
