"""`obctl watch`: options and help. The view is in obctl.watch."""

import click

from obctl.client.connection import Connection
from obctl.client.options import connection_options
from obctl.libraries import need_grpc
from obctl.setting_options import GroupedCommand
from obctl.watch.run import need_terminal, show


@click.command(cls=GroupedCommand)
@connection_options
def watch(connection: Connection) -> None:
    """Watch a market in the terminal: ladder, charts and trades, as they happen.

    It asks for the server again and again until it answers; a feed that breaks off is taken up again. The keys are at
    the bottom, and with ? in full; q leaves. Prices are in ticks, quantities in lots. Without colours where NO_COLOR
    is set. Where there is no terminal the status is 2: obctl book and obctl events are for that.

    \b
    Examples:
      obctl watch
      obctl watch --endpoint exchange.example:50051 --symbol ETH-USD
    """
    need_terminal()
    need_grpc("a client of the server")
    from obctl.watch.sources.live import LiveSource

    show(lambda: LiveSource(connection))
