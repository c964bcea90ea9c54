"""`obctl book`: the book of a running server, as a ladder."""

import json
from typing import TYPE_CHECKING

import click

from obctl.client import terminal
from obctl.client.answers import plain_rung
from obctl.client.connection import Connection, connected, instrument_of
from obctl.client.ladder import Ladder, Rung, rung_of
from obctl.client.options import connection_options, json_option
from obctl.number_types import Whole
from obctl.setting_options import GroupedCommand

if TYPE_CHECKING:
    from agents.gateways.grpc import BlockingOrderBookClient


@click.command(cls=GroupedCommand)
@click.option(
    "--levels", "-n", type=Whole(minimum=1), default=10, show_default=True, metavar="N", help="Levels of each side."
)
@click.option("--l3", "with_orders", is_flag=True, help="Show the orders of each level, first to be filled first.")
@json_option
@connection_options
def book(connection: Connection, levels: int, with_orders: bool, as_json: bool) -> None:
    """Print the best levels of a book: sellers above, buyers below, the best prices in the middle.

    Prices are in ticks, quantities in lots. The number after the symbol is that of the last event in the book: obctl
    events --from N goes on from there. In colour on a terminal, unless NO_COLOR is set.

    \b
    Examples:
      obctl book
      obctl book --levels 3 --l3
      obctl book --json
    """
    with connected(connection) as client:
        instrument = instrument_of(client, connection.symbol)
        bids, asks, sequence = read(client, levels, with_orders)
    if as_json:
        sides = {"bids": [plain_rung(rung) for rung in bids], "asks": [plain_rung(rung) for rung in asks]}
        click.echo(json.dumps({"symbol": instrument.symbol, "sequence": sequence, **sides}, indent=2))
        return
    click.echo(f"{instrument.symbol}  event {sequence}{'  halted' if instrument.is_halted else ''}")
    for line in Ladder(bids, asks, width=terminal.width(), blocks=terminal.shows_blocks()).lines():
        terminal.print_coloured(*line)


def read(client: "BlockingOrderBookClient", levels: int, with_orders: bool) -> tuple[list[Rung], list[Rung], int]:
    """Return the best levels of buyers and of sellers, and the number of the last event in them."""
    answer = client.snapshot() if with_orders else client.depth(levels)
    bids, asks = ([rung_of(level) for level in side[:levels]] for side in (answer.bids, answer.asks))
    return bids, asks, answer.sequence
