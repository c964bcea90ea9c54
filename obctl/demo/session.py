"""One demo, from the first listener to the last: the exchange, who trades on it, who looks on, and the end."""

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import structlog

from agents.gateways.grpc import GrpcOrderBookClient
from agents.gateways.grpc.follow import follow_book
from agents.gateways.grpc.gateway import LiveGateway
from agents.gateways.order_ids import OrderIds, first_order_id
from agents.runner.backoff import Backoff
from agents.runner.runner import run_agent
from agents.strategies import TwapReport
from obctl.client.rate import Rate
from obctl.demo.addresses import hints, open_server
from obctl.demo.checks import check_book, check_tallies
from obctl.demo.crew import Crew, PartFailed
from obctl.demo.feed import Feed
from obctl.demo.picture import Picture, Standing
from obctl.demo.plan import Plan
from obctl.demo.scoreboard import Scoreboard
from obctl.demo.shows import Show
from obctl.demo.summary import BookCheck, Summary
from obctl.demo.traders import DEPOSITS, Trader, make_agents, make_noise
from orderbook_server.server import STOP_SIGNALS, Server

PULSE_S = 1.0  # from one question to the exchange, whether it is there, to the next
VIEW = "the view"

log = structlog.get_logger()


async def play(plan: Plan, show: Show) -> Summary:
    """Run a demo until its time is over, or SIGINT or SIGTERM; return what it came to.

    Raise ConfigError where it cannot begin, and what a part of it raises; PartFailed; Differs.
    """
    stopping = asyncio.Event()
    with stop_signals(stopping):
        server, notices = await open_server(plan.addresses)
        try:
            for notice in notices:
                show.announce(notice)
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
        self._exchange = server.sequencer.exchange
        self._feed = Feed(self._exchange.instruments[0].symbol)
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
            at_the_end = self._picture()
            check = await check_book(self._exchange, self._feed)
            await self._leave(crew)
            await check_book(self._exchange, self._feed)
        except BaseException:
            with suppress(Exception):  # what went wrong first is told
                await self._leave(crew)
            raise
        finally:
            await crew.dismiss()
            self._show.end()
        return self._summary(at_the_end, check)

    async def _begin(self, crew: Crew) -> None:
        """Look on before the first order comes; let the market maker in, and the others when there are prices."""
        follow = follow_book(self._client, self._feed.replica, on_event=self._feed.on_event, backoff=Backoff())
        crew.add("the feed", follow)
        await crew.until(self._feed.stands())
        crew.add("the exchange", self._ask_whether_it_is_there())
        maker, *others = (*self._agents, *self._noise)
        crew.add(maker.name, self._trade(maker))
        await crew.until(self._feed.has_prices())
        for trader in others:
            crew.add(trader.name, self._trade(trader))
        self._show.begin(self._hints)
        self._began_s = time.monotonic()
        crew.add(VIEW, self._draw())

    async def _leave(self, crew: Crew) -> None:
        """Have the traders take back their orders, and nothing more drawn."""
        self._leaving.set()
        await crew.leave(VIEW, *(trader.name for trader in (*self._agents, *self._noise)))

    async def _trade(self, trader: Trader) -> None:
        """Keep one trader alive, a client like any other; say which it was where it fails."""
        gateway = LiveGateway(self._client, trader.account_id, OrderIds(first_order_id(trader.account_id)))
        try:
            await run_agent(trader.strategy, gateway, stop=self._leaving, deposits=DEPOSITS, observer=trader.tally)
        except Exception as error:
            log.exception("trader failed", trader=trader.name, account=trader.account_id)
            raise PartFailed(f"{trader.name} failed: {error!r}") from error

    async def _ask_whether_it_is_there(self) -> None:
        """Ask the exchange again and again, as agents that it does not answer would try for ever; raise ClientError."""
        while True:
            await self._client.depth(1)
            await asyncio.sleep(PULSE_S)

    async def _draw(self) -> None:
        """Show picture after picture, the last one when all leave; a terminal that stands still holds nobody up."""
        while not self._leaving.is_set():
            await asyncio.to_thread(self._show.draw, self._picture())
            with suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), self._show.period_s)

    def _picture(self) -> Picture:
        """Return what is to be seen now."""
        elapsed_s = time.monotonic() - self._began_s
        return Picture(
            market=self._feed.market(),
            agents=self._standings(self._agents),
            noise=self._standings(self._noise),
            elapsed_s=elapsed_s,
            events_per_second=self._rate.at(elapsed_s, self._feed.event_count),
            hints=self._hints,
        )

    def _standings(self, traders: tuple[Trader, ...]) -> tuple[Standing, ...]:
        return tuple(self._scoreboard.standing(trader.name, trader.account_id) for trader in traders)

    def _summary(self, at_the_end: Picture, check: BookCheck) -> Summary:
        """Return what it came to, once everybody has left; raise Differs where a trader missed a trade of its own."""
        final = self._picture()
        check_tallies(self._agents, final.agents)
        check_tallies(self._noise, final.noise)
        return Summary(
            addresses=dict(reversed(self._server.addresses.items())),
            seed=self._plan.seed,
            at_the_end=at_the_end,
            final=final,
            figures={trader.name: trader.strategy.figures() for trader in self._agents},
            reports=tuple(self._reports),
            check=check,
        )
