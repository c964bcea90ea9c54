"""`obctl events`: follow what happens on a running server."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from obctl.client.connection import Connection, connected, instrument_of
from obctl.client.feed import Record, execution_record, line_of, market_record
from obctl.client.options import connection_options
from obctl.errors import Refused, Unreachable
from obctl.number_types import Whole
from obctl.setting_options import GroupedCommand

if TYPE_CHECKING:
    from agents.gateways.grpc import BlockingOrderBookClient


@click.command(cls=GroupedCommand)
@click.option(
    "--from",
    "after",
    type=Whole(),
    metavar="SEQ",
    help="Begin behind this event, the last one known; 0: with the first. By default with what comes next.",
)
@click.option(
    "--account", "-a", "account_id", type=Whole(), metavar="N", help="Follow the account's executions instead."
)
@click.option("--count", "-n", type=Whole(minimum=1), metavar="N", help="Leave after so many events.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@connection_options
def events(connection: Connection, after: int | None, account_id: int | None, count: int | None, as_json: bool) -> None:
    """Follow the events of a server, one line each, until Ctrl-C: orders that come to rest, trades, rejections.

    With --symbol, those of one instrument alone. Times are UTC, as the server stamped the commands. An account's
    executions have numbers of their own.

    When it ends before its time, because the server left, the events are no longer held, or they were read too
    slowly, it says so, and says the number to go on from with --from.

    \b
    Examples:
      obctl events --from 0 --count 10
      obctl events --from 0 --account 1 --json -n 3
    """
    follower = Follower(connection.symbol, count, json.dumps if as_json else line_of)
    try:
        with connected(connection) as client:
            if connection.symbol:
                instrument_of(client, connection.symbol)  # which a feed of all instruments would not miss
            with opened_feed(client, account_id, after) as feed:
                follower.follow(feed)
    except (Refused, Unreachable) as error:
        raise type(error)(f"{error.message}{follower.hint}") from error
    except KeyboardInterrupt:
        if follower.last is not None:
            click.echo(f"obctl events: interrupted{follower.hint}", err=True)
        raise


@contextmanager
def opened_feed(
    client: "BlockingOrderBookClient", account_id: int | None, after: int | None
) -> Iterator[Iterator[Record]]:
    """Subscribe for as long as the block lasts, to everything or to an account's executions."""
    if account_id is None:
        with client.stream_events(after) as events:
            yield map(market_record, events)
    else:
        with client.stream_account_events(account_id, after) as executions:
            yield map(execution_record, executions)


class Follower:
    """Prints a feed. last: the number of the last event that came, None before the first."""

    def __init__(self, symbol: str, count: int | None, show: Callable[[Record], str]) -> None:
        self.symbol = symbol
        self.count = count
        self.show = show
        self.last: int | None = None

    @property
    def hint(self) -> str:
        """How to go on from here."""
        return "" if self.last is None else f"; go on with --from {self.last}"

    def follow(self, feed: Iterator[Record]) -> None:
        """Print events until there were `count`; raise Unreachable where the feed ends before."""
        shown = 0
        for record in feed:
            self.last = record["sequence"]
            if self.symbol and record["symbol"] != self.symbol:
                continue
            click.echo(self.show(record))  # and flush, for whoever reads along
            shown += 1
            if shown == self.count:
                return
        raise Unreachable("the server ended the feed")
