"""The entry point `obctl`: a group whose commands are imported only when they run, so that `obctl --help` is quick."""

import os
import sys
from importlib import import_module
from typing import Any

import click

from obctl import exit_codes
from obctl.errors import BadInput

COMMANDS = {  # name: what `obctl --help` says of it; the command itself is obctl.commands.NAME:NAME
    "account": "Give to accounts of a running server, take from them, and see what they have.",
    "agent": "Trade on a running server: market maker, TWAP, passive buyer.",
    "bench": "Measure how fast a server is on this machine.",
    "book": "Print the book of a running server as a ladder.",
    "completion": "Print the tab completion script for bash, zsh or fish.",
    "demo": "Run an exchange with agents that trade on it, and watch.",
    "events": "Follow what happens on a running server.",
    "generate": "Write synthetic order flow, the same for the same seed.",
    "health": "Ask a server or an agent whether it is well.",
    "journal": "Look into a data directory: verify, dump, stats, replay, diff, repair.",
    "order": "Send, change, list and take back orders on a running server.",
    "replay": "Replay order flow through the matching engine, or rebuild the book that an exchange reported.",
    "serve": "Be an exchange on the network: a page, REST, TCP lines, gRPC, and figures for Prometheus.",
    "simulate": "Simulate agents and noise traders on one exchange, the same for the same seed.",
    "token": "Make tokens for the clients of the server.",
    "watch": "Watch a market in the terminal: ladder, charts and trades, as they happen.",
}


class LazyGroup(click.Group):
    """A group that imports a command when it is asked for, and turns every way to end into an exit status."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names in order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command, or None when there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(f"obctl.commands.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command and see its output out."""
        try:
            status = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            silence_stdout()
            return exit_codes.BROKEN_PIPE
        return status

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run, then exit: with the command's status, and without a traceback on Ctrl-C."""
        extra["standalone_mode"] = False
        open_closed_streams()
        try:
            status = super().main(*args, **extra)
        except click.ClickException as error:
            error.show()
            status = error.exit_code
        except OSError as error:  # commands tell of their files themselves
            silence_stdout()
            BadInput(f"cannot write standard output: {error.strerror}").show()
            status = exit_codes.BAD_INPUT
        except (click.Abort, KeyboardInterrupt):
            status = exit_codes.INTERRUPTED
        sys.exit(status if isinstance(status, int) else exit_codes.OK)


def open_closed_streams() -> None:
    """Put nothing in the place of standard streams that the caller has closed, so that no file takes their numbers."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115, PTH123 - for the life of the process


def silence_stdout() -> None:
    """Point standard output at nothing, so that the flush at exit does not fail on it again."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)


def print_version(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    """Print the version and leave, when asked to."""
    if wanted:
        from importlib.metadata import version

        click.echo(f"obctl {version('obctl')}")
        context.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    *("--version", "-V"),
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=print_version,
    help="Print the version and leave.",
)
def main() -> None:
    """A limit order book and matching engine, from the command line.

    Every command has its own help with examples: obctl COMMAND --help.

    \b
    Exit status: 0 all well, 1 the input data is wrong, 2 the command line is
    wrong, 3 a verification found a difference, 4 a data directory is damaged,
    5 the server refused, 6 the server cannot be reached, 7 the disk failed,
    130 interrupted.
    """
