"""`obctl agent`: options and help. The settings are those of obctl.agent and of the strategies; docs/agents.md."""

import os
from collections.abc import Callable
from typing import Any

import click

from agents.strategies import (
    MarketMaker,
    MarketMakerSettings,
    PassiveBuyer,
    PassiveBuyerSettings,
    Strategy,
    Twap,
    TwapSettings,
)
from obctl.agent.options import options_of
from obctl.agent.report import print_report
from obctl.agent.settings import AgentSettings, SettingsReader
from obctl.errors import BadConfiguration
from obctl.libraries import need_grpc
from obctl.setting_options import GroupedCommand
from orderbook_server.config import ConfigError

LIBRARIES = ("uvloop", "starlette", "uvicorn", "websockets", "structlog", "prometheus_client")

MAKER = SettingsReader(MarketMakerSettings, "Market maker")
TWAP = SettingsReader(TwapSettings, "TWAP")
BUYER = SettingsReader(PassiveBuyerSettings, "Passive buyer")
SHARED = {  # by the settings of the strategy: they differ in the account
    reader: SettingsReader(AgentSettings, account_id=account) for account, reader in enumerate((MAKER, TWAP, BUYER), 1)
}


@click.group()
def agent() -> None:
    """Trade on a running server: make a market, work off an order, or buy patiently.

    Every setting is an option and, as its default, an environment variable, as MID_PRICE is for --mid-price; that of
    --token is OBCTL_TOKEN. An agent waits for a server that is not up yet, comes back after a lost connection, and
    takes back its orders when SIGTERM or Ctrl-C end it. An account belongs to one agent.

    \b
    Examples:
      obctl agent market-maker --base-deposit 1000000 --quote-deposit 100000000000
      obctl agent twap --price 100200 --quote-deposit 100000000000 --once --json
      obctl agent passive-buyer --target-price 99900 --quote-deposit 100000000000
    """


@agent.command(cls=GroupedCommand)
@options_of(MAKER, SHARED[MAKER])
def market_maker(**options: str | bool | None) -> None:
    """Quote both sides of a price, and renew the quotes at every tick.

    Each tick it takes back its old quotes and posts a bid at mid - spread and an ask at mid + spread, post-only. Prices
    are in ticks, quantities in lots.

    \b
    Examples:
      obctl agent market-maker --base-deposit 1000000 --quote-deposit 100000000000
      obctl agent market-maker --mid-price 25000 --spread 5 --inventory-skew 0.25 --inventory-max 500
      MID_PRICE=25000 SPREAD=5 obctl agent market-maker --metrics-port 0 --log-format json
    """
    run(MAKER, options, MarketMaker)


@agent.command(cls=GroupedCommand)
@options_of(TWAP, SHARED[TWAP])
@click.option("--json", "as_json", is_flag=True, help="Print each report as one JSON object in a line.")
def twap(as_json: bool, **options: str | bool | None) -> None:
    """Trade a quantity in slices, evenly over time, and report how it went.

    What a slice did not fill is added to the next. At the end of each cycle a report goes to standard output: the
    average price against the price at the start and against what the market traded meanwhile.

    \b
    Examples:
      obctl agent twap --price 100200 --quote-deposit 100000000000 --once --json
      obctl agent twap --side ask --order-type market --total-quantity 60 --slices 12 --slice-interval-millis 5000
      obctl agent twap --price 100200 --time-jitter-percent 50 --size-jitter-percent 30 --seed 7
    """
    run(TWAP, options, lambda settings: Twap(settings, lambda report: print_report(report, as_json=as_json)))


@agent.command(cls=GroupedCommand)
@options_of(BUYER, SHARED[BUYER])
def passive_buyer(**options: str | bool | None) -> None:
    """Keep one post-only bid in the book, at a price that is never passed.

    The bid is at the target, or one tick below the best ask where that is lower. When it is filled, the next follows.

    \b
    Examples:
      obctl agent passive-buyer --target-price 99900 --quote-deposit 100000000000
      obctl agent passive-buyer --target-price 99900 --price-cap 99950 --budget 5000000
    """
    run(BUYER, options, PassiveBuyer)


def run(reader: SettingsReader[Any], options: dict[str, str | bool | None], make: Callable[[Any], Strategy]) -> None:
    """Read the settings, and run the agent to its end."""
    need_grpc("an agent", *LIBRARIES)
    import uvloop

    from obctl.agent.process import trade
    from orderbook_server.logs import configure_logs

    try:
        given = SHARED[reader].read(options, os.environ)
        strategy = make(reader.read(options, os.environ).settings)
        configure_logs(given.settings.log_level, given.settings.log_format)
        uvloop.run(trade(strategy, given))
    except ConfigError as error:
        raise BadConfiguration(str(error)) from error
