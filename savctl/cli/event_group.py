"""The group that every `savctl event …` command joins."""

from __future__ import annotations

from savctl.cli._command import new_group

group = new_group("Events: the outbox, and its way to the broker.")
