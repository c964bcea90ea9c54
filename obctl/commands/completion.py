"""`obctl completion`: tab completion for the shell."""

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that teaches SHELL to complete obctl's commands, options and files.

    \b
    Examples:
      obctl completion bash >> ~/.bashrc
      obctl completion zsh  >> ~/.zshrc
      obctl completion fish > ~/.config/fish/completions/obctl.fish
    """
    completer = get_completion_class(shell)
    assert completer is not None, "click supports all of SHELLS"
    command = context.find_root().command
    click.echo(completer(command, {}, "obctl", "_OBCTL_COMPLETE").source())
