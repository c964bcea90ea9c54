"""One demo, from the first listener to the last: the exchange, who trades on it, who looks on, and the end."""

import asyncio
import signal
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import structlog

from agents.errors import ClientError
from agents.gateways.grpc import GrpcOrderBookClient
from agents.gateways.grpc.follow import follow_book
from agents.gateways.grpc.gateway import LiveGateway
from agents.runner.runner import run_agent
from agents.strategies import TwapReport
from obctl.demo.addresses import hints, open_server
from obctl.demo.checks import check_book, check_tallies
from obctl.demo.crew import Crew, PartFailed
from obctl.demo.feed import Feed
from obctl.demo.picture import Picture, Standing
from obctl.demo.rate import Rate
from obctl.demo.scoreboard import Scoreboard
from obctl.demo.shows import Show
from obctl.demo.summary import Summary
from obctl.demo.traders import DEPOSITS, Trader, make_agents, make_noise
from orderbook_server.server import STOP_SIGNALS, Server

PULSE_S = 1.0  # from one question to the exchange, whether it is there, to the next
VIEW = "the view"

log = structlog.get_logger()


@dataclass(frozen=True)
class Plan:
    """What was asked for. addresses: {listener: address} of those that were named; seconds: None is for ever."""

    addresses: Mapping[str, str]
    seconds: int | None
    noise: int
    seed: int


async def play(plan: Plan, show: Show) -> Summary:
    """Run a demo until its time is over, or SIGINT or SIGTERM; return what it came to.

    Raise ConfigError where it cannot begin, and what a part of it raises; PartFailed; Differs.
    """
    stopping = asyncio.Event()
    with stop_signals(stopping):
        server, notices = await open_server(plan.addresses)
        try:
            for line in (*notices, "try  " + "   ".join(hints(server.addresses))):
                show.announce(line)
            async with await GrpcOrderBookClient.connect(server.addresses["grpc"]) as client:
                return await Session(plan, server, client, show).run(stopping)
        finally:
            await server.stop()


@contextmanager
def stop_signals(stopping: asyncio.Event) -> Iterator[None]:
    """Have SIGINT and SIGTERM set the event while the block lasts, and do nothing after it: it was asked for once."""
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stopping.set)
    try:
        yield
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)


class Session:
    """The traders of an exchange that runs, and who looks on."""

    def __init__(self, plan: Plan, server: Server, client: GrpcOrderBookClient, show: Show) -> None:
        self._plan = plan
        self._server = server
        self._client = client
        self._show = show
        self._feed = Feed(server.sequencer.exchange.instruments[0].symbol)
        self._scoreboard = Scoreboard(server.sequencer)
        self._reports: list[TwapReport] = []
        self._agents = make_agents(self._reports.append)
        self._noise = make_noise(plan.noise, plan.seed)
        self._rate = Rate()
        self._hints = hints(server.addresses)
        self._leaving = asyncio.Event()
        self._began_s = time.monotonic()

    async def run(self, stopping: asyncio.Event) -> Summary:
        """Trade until the event, or for the time that was asked for; leave clean in any case."""
        crew = Crew()
        try:
            await self._begin(crew)
            await crew.until(stopping.wait(), self._plan.seconds)
            book = self.picture()
            check = await check_book(self._exchange, self._feed)
            await self._end(crew)
            await check_book(self._exchange, self._feed)
            check_tallies(self._traders, self.picture())
            ...
        finally:
            await self._end
