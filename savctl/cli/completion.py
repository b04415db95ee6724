"""`savctl completion`."""

from __future__ import annotations

from typing import Annotated

import typer

from savctl.cli.framework.choices import one_of
from savctl.cli.framework.command import command, new_group
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer
from savctl.cli.framework.words.scripts import SCRIPTS

group = new_group("Print the completion script of a shell.", is_command=True)


@command(group, "completion", timeless=True, examples=["savctl completion bash"])
def show(
    call: CommandContext,
    shell: Annotated[str, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> Answer:
    """Print the completion script of a shell.

    \b
    bash:
      mkdir -p ~/.local/share/bash-completion/completions
      savctl completion bash > ~/.local/share/bash-completion/completions/savctl
    zsh, with 'fpath+=~/.zfunc' before 'autoload -Uz compinit && compinit' in ~/.zshrc:
      mkdir -p ~/.zfunc
      savctl completion zsh > ~/.zfunc/_savctl
    fish:
      mkdir -p ~/.config/fish/completions
      savctl completion fish > ~/.config/fish/completions/savctl.fish
    """
    script = SCRIPTS[one_of("SHELL", shell, tuple(SCRIPTS), prefix="")]
    return Answer(rows=[{"script": script}], is_one=True, key="script", text=script)
