"""`obctl events`: follow what happens on a running server."""

import click

from obctl.client.connection import Connection, connected, instrument_of
from obctl.client.feed import Feed, follow
from obctl.client.options import Whole, connection_options


@click.command()
@click.option(
    "--from",
    "after",
    type=Whole(),
    metavar="SEQ",
    help="Begin behind this event, the last one known; 0: with the first. By default with what comes next.",
)
@click.option("--account", "-a", "account_id", type=Whole(), metavar="N", help="Follow the account's executions instead.")
@click.option("--count", "-n", type=Whole(minimum=1), metavar="N", help="Leave after so many events.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@connection_options
def events(
    connection: Connection, after: int | None, account_id: int | None, count: int | None, as_json: bool
) -> None:
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
