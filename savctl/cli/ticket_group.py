"""The group that every `savctl ticket …` command joins."""

from __future__ import annotations

from savctl.cli._command import new_group

group = new_group("Create, find, assign and move tickets.")
