"""Draws docs/terminal.svg from real output: `.venv/bin/python docs/terminal_picture.py`.

The commands run one after another in a new home, on a terminal of 96 columns. With `top`,
docs/top.svg is drawn: what `savctl top` prints in a home with the shop of `savctl demo`.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import sqlite3
import struct
import subprocess
import sys
import tempfile
import termios
from contextlib import closing
from html import escape
from pathlib import Path

WIDTH, LINE, LETTER, PADDING = 96, 20, 8.4, 16
COMMANDS = (
    'savctl ticket create --user 456 --subject "Order not received" --description "…" -o ids',
    "savctl ticket assign {ticket} --to 10 --as 5 -o ids",
    'savctl ticket wait {ticket} --message "Could you send a photo?" --as 10 -o ids',
    'savctl message add {ticket} --from customer:456 --body "Here it is." -o ids',
    'savctl ticket resolve {ticket} --message "A new one is on its way." --as 10 -o ids',
    "savctl ticket history {ticket}",
    "savctl job run close-resolved --dry-run --at 2037-01-01",
    "savctl sla show {ticket}",
)
COLOURS = {"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "34": "#79c0ff", "35": "#d2a8ff"}
COLOURS |= {"36": "#56d4dd", "2": "#8b949e", "90": "#8b949e"}
SEQUENCE = re.compile(r"\x1b\[([0-9;]*)m")


def main() -> None:
    """Run the commands and write the picture."""
    if sys.argv[1:] == ["top"]:
        _draw_top()
        return
    with tempfile.TemporaryDirectory() as home:
        ticket, lines = "", []
        _register_users(home)
        for command in COMMANDS:
            words = command.format(ticket=ticket)
            shown = _on_a_terminal(words, home)
            ticket = ticket or shown[-1]
            lines += [f"\x1b[32m$\x1b[0m {words}", *shown, ""]
    Path(__file__).with_name("terminal.svg").write_text(_drawn(lines[:-1]), encoding="utf-8")


def _draw_top() -> None:
    """The screen of `savctl top`, ended when it was drawn."""
    with tempfile.TemporaryDirectory() as home:
        _on_a_terminal("savctl demo --quiet", home)
        words = f"SAVCTL_HOME={home}/demo timeout 10 savctl top"
        shown = _on_a_terminal(words, home, height=30, is_screen=True)
        lines = [line.replace(home, "~") for line in shown]
    Path(__file__).with_name("top.svg").write_text(_drawn(lines), encoding="utf-8")


def _register_users(home: str) -> None:
    """What the auth service would have sent."""
    _on_a_terminal("savctl db upgrade", home)
    with closing(sqlite3.connect(Path(home) / "savctl.db")) as database:
        users = [(456, "ada@example.org", "Ada", "Byron"), (10, "bob@example.org", "Bob", "Ross")]
        users += [(5, "eve@example.org", "Eve", "Hill")]
        database.executemany(
            "INSERT INTO users (id, email, firstname, lastname) VALUES (?, ?, ?, ?)", users
        )
        database.commit()


def _on_a_terminal(
    words: str, home: str, *, height: int = 50, is_screen: bool = False
) -> list[str]:
    """What the command prints on stdout and stderr, which are a terminal.

    Of a screen, the last picture.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, WIDTH, 0, 0))
    programs = str(Path(sys.executable).parent)
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": home, "SAVCTL_HOME": home}
    environment |= {"TERM": "xterm-256color", "COLUMNS": str(WIDTH), "PYTHONUTF8": "1"}
    child = subprocess.Popen(
        ["bash", "-c", words], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    output = b""
    while piece := _piece(ours):
        output += piece
    child.wait()
    os.close(ours)
    shown = output.decode()
    if is_screen:
        shown = re.split(r"\x1b\[1;1H", shown)[-1].partition("\x1b[J")[0]
        shown = re.sub(r"\x1b\[[0-9]+;1H", "\n", shown)
    text = re.sub(r"\x1b\[[0-9;?]*[A-LN-Za-ln-z]", "", shown)
    return [line.rpartition("\r")[2] for line in text.replace("\r\n", "\n").splitlines()]


def _piece(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side is closed
        return b""


def _drawn(lines: list[str]) -> str:
    width = int(WIDTH * LETTER + 2 * PADDING)
    height = len(lines) * LINE + 2 * PADDING
    rows = [
        f'<text x="{PADDING}" y="{PADDING + LINE * number + 15}" xml:space="preserve">'
        f"{_coloured(line)}</text>"
        for number, line in enumerate(lines)
    ]
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">',
            "<title>savctl in a terminal</title>",
            f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>',
            '<g fill="#e6edf3" font-family="ui-monospace, Menlo, monospace" font-size="14">',
            *rows,
            "</g>",
            "</svg>\n",
        )
    )


def _coloured(line: str) -> str:
    first, *rest = SEQUENCE.split(line)
    parts = [escape(first)]
    for codes, text in zip(rest[::2], rest[1::2], strict=True):
        colour = next((COLOURS[c] for c in codes.split(";") if c in COLOURS), None)
        shown = escape(text)
        parts.append(f'<tspan fill="{colour}">{shown}</tspan>' if colour and text else shown)
    return "".join(parts)


if __name__ == "__main__":
    main()
