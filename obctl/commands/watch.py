"""`obctl watch`: options and help. The view is in obctl.watch."""

from typing import Any

import click
from click.core import ParameterSource

from obctl.client.connection import Connection
from obctl.client.options import ServerOption, connection_options
from obctl.libraries import need_grpc
from obctl.replay.options import INPUT, input_options
from obctl.setting_options import GroupedCommand
from obctl.watch.options import PlaybackOption, speed_option
from obctl.watch.run import need_terminal, show

STDIN = "-"


@click.command(cls=GroupedCommand)
@click.argument("more_files", metavar="[FILE]...", nargs=-1, type=INPUT)
@click.option(
    "--replay",
    "files",
    type=INPUT,
    metavar="FILE",
    multiple=True,
    cls=PlaybackOption,
    help="Watch a file of order flow instead of a server, or several, one after the other; - is standard input.",
)
@speed_option
@input_options(PlaybackOption)
@connection_options
def watch(
    connection: Connection, files: tuple[str, ...], more_files: tuple[str, ...], speed: float, **reading: Any
) -> None:
    """Watch a market in the terminal: ladder, charts and trades, as they happen, or as they happened.

    It asks for the server again and again until it answers; a feed that breaks off is taken up again. The keys are at
    the bottom, and with ? in full; q leaves. Prices are in ticks, quantities in lots. Without colours where NO_COLOR
    is set. Where there is no terminal the status is 2: obctl book and obctl events are for that.

    With --replay a file is the market: CSV, LOBSTER, command records, compressed or not, carried out as obctl replay
    does it, at the times of its rows. --symbol picks the rows of a symbol then. Keys: space stops and goes on, + and -
    change the speed. Where nothing happens for more than 2 s of watching, that is passed over. Rows without times come
    at 1,000 a second. What is wrong with a file ends it as it ends obctl replay. A journal is watched by obctl journal
    replay --watch.

    \b
    Examples:
      obctl watch
      obctl watch --endpoint exchange.example:50051 --symbol ETH-USD
      obctl watch --replay orders.csv --speed 10x
      obctl watch --replay AAPL_message_10.csv.gz --speed max
      obctl generate - --orders 100000 | obctl watch --replay - --speed 0.001x
    """
    files = (*files, *more_files)
    context = click.get_current_context()
    if not context.params["files"]:
        refuse_given(context, PlaybackOption, "is for --replay")
        if more_files:
            raise click.UsageError(f"Give --replay to watch {more_files[0]}.")
        watch_server(connection)
    else:
        refuse_given(context, ServerOption, "is for a server, and --replay needs none", but={"symbol"})
        symbol = connection.symbol if was_given(context, "symbol") else None
        watch_files(files, speed, symbol=symbol, **reading)


def was_given(context: click.Context, name: str) -> bool:
    """Return whether a parameter is on the command line."""
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE


def refuse_given(
    context: click.Context, kind: type[click.Option], why: str, but: frozenset[str] | set[str] = frozenset()
) -> None:
    """Raise UsageError where an option of a kind is on the command line, and not one of `but`."""
    for parameter in context.command.params:
        if isinstance(parameter, kind) and parameter.name not in but and was_given(context, str(parameter.name)):
            raise click.UsageError(f"{parameter.opts[0]} {why}.")


def watch_server(connection: Connection) -> None:
    """Watch a server."""
    need_terminal()
    need_grpc("a client of the server")
    from obctl.watch.sources.live import LiveSource

    show(lambda: LiveSource(connection))


def watch_files(files: tuple[str, ...], speed: float, **reading: Any) -> None:
    """Watch files."""
    from obctl.watch.keyboard import take_keys_from_terminal

    if STDIN in files:
        take_keys_from_terminal()
    need_terminal()
    from obctl.replay.plan import Plan
    from obctl.watch.playback import PlaybackClock
    from obctl.watch.sources.file import FileSource

    plan = Plan(files=files, **reading)
    show(lambda: FileSource(plan, PlaybackClock(speed)))
