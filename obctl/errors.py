"""How a command says that it cannot go on: one line on standard error and an exit status, never a traceback."""

import click

from obctl import exit_codes


class BadInput(click.ClickException):
    """The input data is wrong, unreadable or missing."""

    exit_code = exit_codes.BAD_INPUT

    def __init__(self, message: str) -> None:
        super().__init__(message)
        context = click.get_current_context(silent=True)
        self.command = context.command_path if context else "obctl"

    def show(self, file: object = None) -> None:
        """Print one line: the command's name and what is wrong."""
        click.echo(f"{self.command}: {self.format_message()}", err=True)


class MissingLibrary(BadInput):
    """An optional library is not installed."""

    exit_code = exit_codes.USAGE


class BadConfiguration(BadInput):
    """Settings, or the files that they name, are wrong."""

    exit_code = exit_codes.USAGE


class Damaged(BadInput):
    """A data directory is damaged."""

    exit_code = exit_codes.DAMAGED


class StorageFailed(BadInput):
    """What must be kept cannot be: the disk failed, or there is no room to begin."""

    exit_code = exit_codes.STORAGE


class Refused(BadInput):
    """The server refused: a command by its code, a token, a request, a reader that is too slow."""

    exit_code = exit_codes.REFUSED


class Unreachable(BadInput):
    """The server cannot be reached, did not answer in time, or went away."""

    exit_code = exit_codes.UNREACHABLE
