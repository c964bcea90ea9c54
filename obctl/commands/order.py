"""`obctl order`: send, change, list and take back orders on a running server."""

import json
import time
from collections.abc import Callable

import click

from agents.errors import ServerUnavailable
from obctl.client.answers import match_lines, order_lines, plain_match, plain_order
from obctl.client.connection import Connection, connected, instrument_of
from obctl.client.options import account_option, connection_options, json_option, subject
from obctl.client.words import ORDER_TYPES, SIDES, lots
from obctl.number_types import Whole
from obctl.setting_options import GroupedCommand
from orderbook import DuplicateOrder, MatchResult


@click.group()
def order() -> None:
    """Send, change, list and take back orders on a running server.

    Prices are in ticks, quantities in lots. ORDER_ID may be given as the argument or as --id.

    \b
    Examples:
      obctl order new --account 1 --side bid --price 100 --quantity 5
      obctl order new -a 1 -s ask -p 103 -q 5 --type post_only --id 17
      obctl order modify 17 --account 1 --quantity 3
      obctl order list --account 1
      obctl order cancel 17 --account 1
    """


@order.command(cls=GroupedCommand)
@account_option
@click.option(
    "--side", "-s", type=click.Choice(list(SIDES), case_sensitive=False), required=True, help="Buy (bid) or sell (ask)."
)
@click.option("--price", "-p", type=Whole(), metavar="TICKS", help="The limit; every type but market needs one.")
@click.option("--quantity", "-q", type=Whole(), required=True, metavar="LOTS", help="How much.")
@click.option(
    "--type",
    "-t",
    "order_type",
    type=click.Choice(list(ORDER_TYPES), case_sensitive=False),
    default="limit",
    show_default=True,
    help="How it trades; ioc and fok never rest, post_only never trades at once.",
)
@click.option("--id", "order_id", type=Whole(), metavar="N", help="Its id; by default microseconds since 1970.")
@json_option
@connection_options
def new(
    connection: Connection,
    account_id: int,
    side: str,
    price: int | None,
    quantity: int,
    order_type: str,
    order_id: int | None,
    as_json: bool,
) -> None:
    """Send an order, and print its id and what became of it.

    Exit status 0 says that it was accepted: what did not trade, and may not rest, was dropped.

    \b
    Examples:
      obctl order new --account 1 --side bid --price 100 --quantity 5
      obctl order new -a 1 -s ask -p 103 -q 5 --type post_only --id 17
      obctl order new -a 1 -s bid -q 2 --type market --json
    """
    if (price is None) != (order_type == "market"):
        raise click.UsageError("A market order has no --price." if price is not None else "--price is missing.")
    with connected(connection) as client:

        def submit(order_id: int) -> MatchResult:
            try:
                return client.submit_order(account_id, order_id, SIDES[side], ORDER_TYPES[order_type], price, quantity)
            except ServerUnavailable as error:
                raise ServerUnavailable(f"{error}; order {order_id} may have been accepted") from error

        order_id, result = submit_under_free_id(submit) if order_id is None else (order_id, submit(order_id))
    print_match(order_id, result, as_json)


def submit_under_free_id(submit: Callable[[int], MatchResult]) -> tuple[int, MatchResult]:
    """Submit an order under an id that no resting order has; return both.

    Microseconds since 1970 are below 2^53, numbers that every reader of JSON has exactly.
    """
    order_id = time.time_ns() // 1000
    while True:
        try:
            return order_id, submit(order_id)
        except DuplicateOrder:
            order_id += 1


@order.command(cls=GroupedCommand)
@subject("order_id", "--id", what="The order's id")
@account_option
@click.option("--quantity", "-q", type=Whole(), required=True, metavar="LOTS", help="What shall be open of it now.")
@click.option("--price", "-p", type=Whole(), metavar="TICKS", help="A new price; by default it stays.")
@json_option
@connection_options
def modify(
    connection: Connection, order_id: int, account_id: int, quantity: int, price: int | None, as_json: bool
) -> None:
    """Change the open quantity of a resting order, and its price.

    With less at the same price it keeps its place in the queue; at a new price it may trade.

    \b
    Examples:
      obctl order modify 17 --account 1 --quantity 3
      obctl order modify 17 -a 1 -q 3 --price 102 --json
    """
    with connected(connection) as client:
        result = client.modify_order(account_id, order_id, quantity, price)
    print_match(order_id, result, as_json)


@order.command("list", cls=GroupedCommand)
@account_option
@json_option
@connection_options
def list_orders(connection: Connection, account_id: int, as_json: bool) -> None:
    """Print an account's resting orders in one instrument, first come first.

    \b
    Examples:
      obctl order list --account 1
      obctl order list -a 1 --json
    """
    with connected(connection) as client:
        instrument = instrument_of(client, connection.symbol)
        resting = client.open_orders(account_id).orders
    if as_json:
        about = {"account_id": account_id, "symbol": instrument.symbol}
        click.echo(json.dumps(about | {"orders": [plain_order(each) for each in resting]}, indent=2))
    else:
        click.echo("\n".join(order_lines(account_id, resting)))


@order.command(cls=GroupedCommand)
@subject("order_id", "--id", what="The order's id", or_all="All orders of the account in the instrument.")
@account_option
@json_option
@connection_options
def cancel(connection: Connection, order_id: int | None, account_id: int, as_json: bool) -> None:
    """Take back a resting order, or all of an account.

    Prints how many lots of the order were open; of all, how many orders there were.

    \b
    Examples:
      obctl order cancel 17 --account 1
      obctl order cancel --id 17 -a 1 --json
      obctl order cancel --all --account 1
    """
    with connected(connection) as client:
        if order_id is None:
            canceled = client.cancel_all(account_id)
            plain = {"account_id": account_id, "canceled_orders": canceled}
            lines = f"account {account_id}\n  canceled {canceled} order{'' if canceled == 1 else 's'}"
        else:
            canceled = client.cancel_order(account_id, order_id)
            plain = {"order_id": order_id, "canceled_quantity": canceled}
            lines = f"order {order_id}\n  canceled {lots(canceled)}"
    click.echo(json.dumps(plain, indent=2) if as_json else lines)


def print_match(order_id: int, result: MatchResult, as_json: bool) -> None:
    """Print what became of an order."""
    if as_json:
        click.echo(json.dumps(plain_match(order_id, result), indent=2))
    else:
        click.echo("\n".join(match_lines(order_id, result)))
