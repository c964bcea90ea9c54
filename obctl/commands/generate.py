"""`obctl generate`: synthetic order flow, the same for the same seed."""

import sys

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from obctl.errors import BadInput
from obctl.flow.generate import MIXES, Generator
from obctl.flow.write_flow import FORMATS, STDOUT, format_of, write_flow

ORDERS_DEFAULT = 1_000_000
COUNT = click.IntRange(0, 2**64 - 1)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, writable=True, allow_dash=True))
@click.option("--mix", type=click.Choice(list(MIXES)), default="balanced", show_default=True, help="The kind of flow.")
@click.option("--orders", type=COUNT, metavar="N", help=f"New orders to make.  [default: {ORDERS_DEFAULT}]")
@click.option("--commands", type=COUNT, metavar="N", help="Commands to make, instead of --orders.")
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), default=1, show_default=True, help="Same seed, same flow.")
@click.option(
    "--volatility",
    type=click.FloatRange(0, 1),
    default=0.1,
    show_default=True,
    help="How much the mid moves. In the mix cancels, 1 is a crash by 60 %.",
)
@click.option("--format", "format_", type=click.Choice(FORMATS), help="The format, when FILE's ending does not say it.")
def generate(
    file: str,
    mix: str,
    orders: int | None,
    commands: int | None,
    seed: int,
    volatility: float,
    format_: str | None,
) -> None:
    """Write synthetic order flow to FILE: as CSV, or as command records (.bin).

    The endings .gz, .xz and .zst compress. FILE - is standard output. Mixes: balanced; aggressive, where most new
    orders trade; sparse, with prices anywhere in 2^40 ticks; cancels, where 95 % of the resting orders are cancelled.

    \b
    Examples:
      obctl generate flow.bin --mix balanced --commands 2000000
      obctl generate crash.csv.gz --mix cancels --volatility 1 --seed 7
      obctl generate - --orders 1000 | obctl replay -
    """
    if orders is not None and commands is not None:
        raise click.UsageError("--orders and --commands exclude each other.")
    format_ = format_ or format_of(file)
    if format_ is None:
        raise click.UsageError(f"The ending of {file} is neither .csv nor .bin: say which with --format.")
    if commands is None and orders is None:
        orders = ORDERS_DEFAULT
    try:
        generator = Generator(mix, orders=orders, commands=commands, seed=seed, volatility=volatility)
    except ValueError as error:  # a volatility of NaN passes any range
        raise click.UsageError(f"--volatility: {error}") from error
    try:
        with progress(hidden=file == STDOUT) as bar:
            task = bar.add_task(mix, total=generator.total)
            write_flow(file, generator, format_, lambda done: bar.update(task, completed=done))
    except OSError as error:
        if file == STDOUT or isinstance(error, BrokenPipeError):
            raise
        raise BadInput(f"cannot write {file}: {error.strerror or error}") from error


def progress(hidden: bool) -> Progress:
    """Return the progress bar, on standard error; without a terminal there, or beside the data, it is silent."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=hidden or not sys.stderr.isatty())
