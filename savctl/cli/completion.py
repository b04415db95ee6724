"""`savctl completion`."""

from __future__ import annotations

from typing import Annotated

import typer

from savctl.cli.framework.choices import one_of
from savctl.cli.framework.command import command, new_group
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer

group = new_group("Print the completion script of a shell.", is_command=True)

SHELLS = ("bash", "zsh", "fish")


@command(group, "completion", timeless=True, examples=["savctl completion bash"])
def show(
    call: CommandContext,
    shell: Annotated[str, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> Answer:
    """Print the completion script of a shell.

    bash: savctl completion bash > ~/.local/share/bash-completion/completions/savctl
    """
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    script = get_completion_script(
        prog_name="savctl",
        complete_var="_SAVCTL_COMPLETE",
        shell=one_of("SHELL", shell, SHELLS, prefix=""),
    )
    return Answer(rows=[{"script": script}], is_one=True, key="script", text=script)
