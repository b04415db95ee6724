"""What other programs on this machine write is taken: LibreOffice, pandoc, Info-ZIP, Java.

Each is asked only where it is installed; on Debian: libreoffice-writer-nogui,
libreoffice-calc-nogui, pandoc, zip, default-jdk-headless.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from savctl.domain.files.attachments import examine
from savctl.domain.files.file_types import FileRefused

pytestmark = [pytest.mark.outside, pytest.mark.slow("starts other programs")]

PROSE = "# Order 4711\n\nGrüße, *ça va*? 日本語\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
# A PDF that carries the document itself, as it is.
HYBRID = 'pdf:writer_pdf_Export:{"IsAddStream":{"type":"boolean","value":"true"}}'
TABLE = "Größe;Preis\nM;10\nL;12\n"
JAVA = """
import java.io.*; import java.nio.file.*; import java.util.zip.*;
public class Pack {
  public static void main(String[] a) throws Exception {
    for (int level : new int[] {0, 6, 9})
      try (ZipOutputStream z = new ZipOutputStream(new FileOutputStream(level + ".zip"))) {
        z.setLevel(level);
        for (String name : new String[] {"d/", "d/é.txt", "empty.txt"}) {
          z.putNextEntry(new ZipEntry(name));
          if (name.contains("é")) z.write(new byte[3000]);
          z.closeEntry();
        }
      }
  }
}
"""


def run(folder: Path, program: str, *arguments: str, stdin: str | None = None) -> None:
    """Run a program there; skips the test where it is not installed."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    subprocess.run(
        [program, *arguments], cwd=folder, input=stdin, text=True, check=True, timeout=240,
        capture_output=True,
    )  # fmt: skip


def refused_in(folder: Path, extension: str, at_least: int) -> list[str]:
    """The files of a type in the folder that are refused, each with the reason."""
    refused, paths = [], sorted(folder.glob(f"*.{extension}"))
    assert len(paths) >= at_least
    for path in paths:
        with path.open("rb") as content:
            try:
                examine(path.name, content, size_bytes=path.stat().st_size)
            except FileRefused as refusal:
                refused.append(f"{path.name}: {refusal.message}")
    return refused


@pytest.mark.parametrize("more", [[], ["--toc"], ["--number-sections"], ["--track-changes=all"]])
def test_documents_of_pandoc_are_taken(tmp_path: Path, more: list[str]) -> None:
    run(tmp_path, "pandoc", "-o", "a.docx", *more, stdin=PROSE)

    assert refused_in(tmp_path, "docx", 1) == []


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("source", "made"),
    [
        ("letter.html", "docx"), ("letter.html", "doc"), ("letter.html", HYBRID),
        ("table.csv", "xlsx"),
        ("table.csv", "csv:Text - txt - csv (StarCalc):59,34,10"),  # code page 850
    ],
)  # fmt: skip
def test_what_libreoffice_converts_is_taken(tmp_path: Path, source: str, made: str) -> None:
    text = f"<p>{PROSE}</p><table><tr><td>1</td></tr></table>" if "html" in source else TABLE
    for n in range(3):
        (tmp_path / f"{n}{source}").write_text(text * (1 + 40 * n))
    run(
        tmp_path, "soffice", f"-env:UserInstallation={(tmp_path / 'home').as_uri()}", "--headless",
        *(["--writer"] if "html" in source else []), "--convert-to", made, "--outdir", "out",
        *(f"{n}{source}" for n in range(3)),
    )  # fmt: skip

    assert refused_in(tmp_path / "out", made.partition(":")[0], 3) == []


@pytest.mark.parametrize(
    "options",
    [["-r"], ["-r0"], ["-r9"], ["-rD"], ["-rX"], ["-rfz"], ["-rfz-"], ["-rfd"], ["-rl"]],
    ids=lambda options: options[0],
)
def test_archives_of_info_zip_are_taken(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "é.txt").write_text(TABLE * 50)
    (tmp_path / "empty.txt").touch()
    run(tmp_path, "zip", *options, "a.zip", "d", "empty.txt")

    assert refused_in(tmp_path, "zip", 1) == []


@pytest.mark.parametrize("command", ["cat t.csv | zip p.zip -", "zip - t.csv | cat > s.zip",
                                     "cat t.csv | zip - - | cat > b.zip"])  # fmt: skip
def test_archives_of_a_pipe_are_taken(tmp_path: Path, command: str) -> None:
    if shutil.which("zip") is None:
        pytest.skip("zip is not installed")
    (tmp_path / "t.csv").write_text(TABLE)
    run(tmp_path, "sh", "-c", command)

    assert refused_in(tmp_path, "zip", 1) == []


def test_archives_of_java_are_taken(tmp_path: Path) -> None:
    (tmp_path / "Pack.java").write_text(JAVA)
    if shutil.which("javac") is None:
        pytest.skip("a Java compiler is not installed")
    run(tmp_path, "java", "Pack.java")

    assert refused_in(tmp_path, "zip", 3) == []
