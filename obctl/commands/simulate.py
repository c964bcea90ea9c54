"""`obctl simulate`: options and help. The work is done in agents.simulation and obctl.simulate."""

import json
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click

from obctl.file_endings import FileEnding

SECONDS_MAX = 2**61 // 10**9


class Seconds(click.ParamType):  # type: ignore[type-arg]
    """A time in seconds, kept in nanoseconds."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the nanoseconds."""
        try:
            seconds = Decimal(value)
        except InvalidOperation:
            seconds = Decimal(-1)
        if not seconds.is_finite() or not 0 <= seconds <= SECONDS_MAX:
            self.fail(f"{value!r} is not a number of seconds.", param, ctx)
        return int(seconds * 10**9)


class Prefix(click.ParamType):  # type: ignore[type-arg]
    """A folder to write to, or the beginning of the names of files."""

    name = "dir|prefix"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path, or refuse one that is in no folder."""
        path = Path(value)
        if not path.parent.is_dir():
            self.fail(f"there is no folder {str(path.parent)!r}.", param, ctx)
        return path


@click.command(no_args_is_help=True)
@click.argument("config", metavar="CONFIG.toml", required=False, type=click.Path(allow_dash=True))
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), help="In place of the configuration's seed.")
@click.option("--seconds", type=Seconds(), help="Simulated time, in place of the configuration's.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object.")
@click.option(
    "--parquet",
    type=Prefix(),
    help="Write trades, samples, positions and agents: DIR/trades.parquet …, or PREFIX-trades.parquet … where there "
    "is no folder of that name.",
)
@click.option(
    "--plot",
    type=FileEnding(".png", ".html"),
    help="Draw prices, inventory, and profit and loss over simulated time.",
)
@click.option("--example", is_flag=True, help="Print a configuration with comments, which runs as it is.")
def simulate(
    config: str | None,
    seed: int | None,
    seconds: int | None,
    as_json: bool,
    parquet: Path | None,
    plot: Path | None,
    example: bool,
) -> None:
    """Simulate agents and noise traders on one exchange, in simulated time.

    CONFIG.toml says who trades; - is standard input. Everything is drawn from the seed: the same configuration and
    seed give the same trades and the same state hash, on every machine. Prices are in ticks, quantities in lots, values
    and profits in ticks times lots, times in nanoseconds from the beginning.

    \b
    Columns of the tables:
      trades     time_ns, price, quantity, taker_side, taker_order_id,
                 maker_order_id, taker_account, maker_account
      samples    time_ns, best_bid, best_ask, last_price, trades, volume, mid
      positions  time_ns, agent, inventory_lots, cash, profit
      agents     name, group, strategy, account_id, actions, refusals, fills,
                 bought_lots, sold_lots, inventory_lots, cash, profit, reports

    \b
    Keys of the JSON:
      seed, seconds, actions, trades, volume, value, vwap, last_price, best_bid,
      best_ask, resting_orders, state_hash, wall_seconds, actions_per_second
      agents [the columns above; refusals {code: count}, reports of a TWAP's
      cycles]

    \b
    Examples:
      obctl simulate --example > simulation.toml
      obctl simulate simulation.toml --plot simulation.html
      obctl simulate simulation.toml --seed 2 --seconds 600 --json
      mkdir run && obctl simulate simulation.toml --parquet run
      obctl simulate --example | obctl simulate -
    """
    from obctl.simulate import session
    from obctl.simulate.example import EXAMPLE
    from obctl.simulate.report import print_result

    if example:
        click.echo(EXAMPLE, nl=False)
        return
    if config is None:
        raise click.UsageError("Missing argument 'CONFIG.toml'.")
    result = session.simulate(session.read_config(config, seed, seconds), parquet, plot)
    if as_json:
        click.echo(json.dumps(result.as_plain(), indent=2))
    else:
        print_result(result)
