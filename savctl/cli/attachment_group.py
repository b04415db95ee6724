"""The group that every `savctl attachment …` command joins."""

from __future__ import annotations

from savctl.cli._command import new_group

group = new_group("Files of tickets: safe in, safe out, nothing left over.")
