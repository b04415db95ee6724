"""The group that every `savctl sla …` command joins."""

from __future__ import annotations

from savctl.cli._command import new_group

group = new_group("What was promised, and what was kept.")
