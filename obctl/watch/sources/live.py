"""A running server as a source: its feed over gRPC, and a question every second whether it is there."""

import asyncio
import time
from contextlib import suppress

from agents.errors import ServerBusy, ServerUnavailable
from agents.gateways.grpc import GrpcOrderBookClient, InstrumentInfo, MarketEvent, TlsFiles
from agents.gateways.grpc.channel import Endpoint, open_channel
from agents.gateways.grpc.follow import follow_book
from agents.replica import BookReplica
from agents.runner.backoff import Backoff
from obctl.client.connection import Connection, pick_instrument, troubles, wrong_options
from obctl.client.market import Tally
from obctl.watch.source import LEVELS_KEPT, MarketView, State

PULSE_S = 1.0  # from one question to the server, whether it is there, to the next
STALE_S = 3.0  # without a word of the server, be it an event or an answer
BEHIND_MAX = 1_000  # events that may be on their way without a word about it
BACKOFF_FIRST_S, BACKOFF_CAP_S = 0.25, 5.0


class Followed:
    """One instrument as the feed tells it. trouble: why the feed does not come, "" where it does."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.replica = BookReplica(symbol)
        self.tally = Tally()
        self.stood = False  # whether there was ever a book to look at
        self.trouble = ""
        self.heard_s = time.monotonic()

    def on_event(self, told: MarketEvent) -> None:
        """Count an event."""
        self.heard_s = time.monotonic()
        self.tally.add(told.event)

    def on_stands(self) -> None:
        """Take in that the book is true, and that its events come."""
        self.trouble = ""
        self.stood = True
        self.heard_s = time.monotonic()

    def on_lost(self, error: Exception, delay_s: float) -> None:
        """Take in why they do not come."""
        reason = "this view was too slow for the feed" if isinstance(error, ServerBusy) and self.stood else str(error)
        self.trouble = f"next try in {delay_s:.1f} s: {reason}"  # the end may be cut off

    def state(self, heard_s: float, behind: int) -> tuple[State, str]:
        """Say how it stands. heard_s: when the server was heard of last; behind: events that have not come yet."""
        if self.trouble or not self.replica.is_ready:
            return ("resyncing" if self.stood and not self.replica.is_ready else "connecting"), self.trouble
        silent_s = time.monotonic() - max(heard_s, self.heard_s)
        if silent_s >= STALE_S:
            return "stale", f"nothing from the server for {silent_s:.0f} s"
        return "live", f"{behind:,} events behind" if behind > BEHIND_MAX else ""


class LiveSource:
    """A market of a server. It is asked for again and again, until the server says that this is of no use."""

    controls = None

    def __init__(self, connection: Connection) -> None:
        """Open no connection yet; raise BadConfiguration."""
        with wrong_options():
            self._endpoint = Endpoint.parse(connection.endpoint)
        self.title = str(self._endpoint)
        self._connection = connection
        self._client: GrpcOrderBookClient | None = None
        self._instruments: tuple[InstrumentInfo, ...] = ()
        self._followed = Followed(connection.symbol)
        self._selected = asyncio.Event()
        self._behind = 0
        self._heard_s = time.monotonic()

    def instruments(self) -> tuple[InstrumentInfo, ...]:
        """Return the server's instruments."""
        return self._instruments

    async def open(self) -> None:
        """Ask the server for its instruments until it answers; raise Refused, BadConfiguration."""
        options = self._connection
        with wrong_options():
            channel = open_channel(self._endpoint, TlsFiles(options.tls_ca, options.tls_cert, options.tls_key))
        self._client = GrpcOrderBookClient(channel, token=options.token, timeout_s=options.timeout, name=self.title)
        backoff = new_backoff()
        with troubles():
            while not self._instruments:
                try:
                    self._instruments = await self._client.instruments()
                except (ServerBusy, ServerUnavailable) as error:
                    delay_s = backoff.next_delay_s()
                    self._followed.on_lost(error, delay_s)
                    await asyncio.sleep(delay_s)
        self._followed = Followed(pick_instrument(self._instruments, options.symbol).symbol)

    async def run(self) -> None:
        """Follow the instrument that is selected, for ever; raise Refused."""
        assert self._client is not None
        with troubles():
            pulse = asyncio.create_task(self._feel_pulse(self._client))
            try:
                while True:
                    self._selected.clear()
                    await self._follow_until_another(self._client, pulse)
            finally:
                await cancelled(pulse)

    async def _follow_until_another(self, client: GrpcOrderBookClient, pulse: "asyncio.Task[None]") -> None:
        """Follow the instrument until another is selected; raise what ends the feed, or the pulse."""
        followed = self._followed
        feed = asyncio.create_task(
            follow_book(
                client,
                followed.replica,
                on_event=followed.on_event,
                on_stands=followed.on_stands,
                on_lost=followed.on_lost,
                backoff=new_backoff(),
            )
        )
        selected = asyncio.create_task(self._selected.wait())
        try:
            ended, _ = await asyncio.wait({feed, selected, pulse}, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                await task
        finally:
            await cancelled(feed, selected)

    async def _feel_pulse(self, client: GrpcOrderBookClient) -> None:
        """Ask the server every second how far it is: a market may be quiet, and its server there nevertheless."""
        while True:
            with suppress(ServerBusy, ServerUnavailable):  # the feed tells of it
                followed = self._followed
                depth = await client.depth(1, symbol=followed.symbol)
                self._behind = max(0, depth.sequence - followed.replica.sequence)
                self._instruments = await client.instruments()
                self._heard_s = time.monotonic()
            await asyncio.sleep(PULSE_S)

    async def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            await self._client.close()

    def select(self, symbol: str) -> None:
        """Follow another instrument."""
        self._followed = Followed(symbol)
        self._selected.set()

    def view(self) -> MarketView:
        """Return what is known now."""
        followed = self._followed
        depth = followed.replica.depth(LEVELS_KEPT)
        state, text = followed.state(self._heard_s, self._behind)
        return MarketView(
            symbol=followed.symbol,
            bids=depth.bids,
            asks=depth.asks,
            state=state,
            state_text=text,
            sequence=depth.sequence,
            bars=followed.tally.bars,
            is_halted=any(each.is_halted for each in self._instruments if each.symbol == followed.symbol),
            time_ns=followed.tally.time_ns,
            **followed.tally.figures(),
        )


def new_backoff() -> Backoff:
    """Return the delays between tries: people look on, and wait."""
    return Backoff(BACKOFF_FIRST_S, BACKOFF_CAP_S)


async def cancelled(*tasks: "asyncio.Task[None] | asyncio.Task[bool]") -> None:
    """Cancel tasks, and wait until they have ended; what they raise was told, or is of no interest any more."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
