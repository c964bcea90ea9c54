"""Showing a source over the whole terminal, which is given back whatever happens."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from importlib.util import find_spec

import click

from obctl.errors import BadConfiguration
from obctl.exit_codes import INTERRUPTED
from obctl.libraries import need
from obctl.watch.source import Source

LIBRARY = "textual"
KEYS = 0  # standard input; of data there, obctl.watch.keyboard takes care first
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def need_terminal() -> None:
    """Raise BadConfiguration where there is no terminal to draw on, MissingLibrary where there is nothing to draw with.

    To be called before a source is made, which may need libraries or files of its own. Standard error must be the
    terminal too: textual draws there.
    """
    if not (os.isatty(KEYS) and sys.stdout.isatty() and sys.stderr.isatty()) or os.environ.get("TERM") == "dumb":
        raise BadConfiguration("this draws on a terminal; obctl book and obctl events print, also as --json")
    need("the view", LIBRARY, extra="watch")


def show(make_source: Callable[[], Source]) -> None:
    """Show the source that is made until it is left; raise what ended it, Abort for Ctrl-C.

    make_source: called in the event loop that the source is to be used in.
    """
    if find_spec("uvloop"):  # which is with what a live market needs, and bears more of its events
        import uvloop

        uvloop.run(_show(make_source))
    else:
        asyncio.run(_show(make_source))


async def _show(make_source: Callable[[], Source]) -> None:
    from obctl.watch.app import WatchApp

    app = WatchApp(make_source(), ansi_color=bool(os.environ.get("NO_COLOR")))
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, app.action_interrupt)
    await app.run_async()
    if app.error is not None:
        raise app.error
    if app.return_code == INTERRUPTED:
        raise click.Abort
    if app.return_code:
        sys.exit(app.return_code)  # textual has told of the exception
