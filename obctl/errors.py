"""How a command says that it cannot go on: one line on standard error and an exit status, never a traceback."""

import click

from obctl import exit_codes


class BadInput(click.ClickException):
    """The input data is wrong, unreadable or missing."""

    exit_code = exit_codes.BAD_INPUT

    def show(self, file: object = None) -> None:
        """Print one line: the command's name and what is wrong."""
        context = click.get_current_context(silent=True)
        name = context.command_path if context else "obctl"
        click.echo(f"{name}: {self.format_message()}", err=True)


class MissingLibrary(BadInput):
    """An optional library is not installed."""

    exit_code = exit_codes.USAGE
