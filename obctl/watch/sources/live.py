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

BEHIND_MAX = 1_000  # events that may be on their way without a word about it
PULSE_S = 1.0  # from one question to the server, whether it is there, to the next
STALE_S = 3.0  # without a word of the server, be it an event or an answer
BACKOFF_FIRST_S, BACKOFF_CAP_S = 0.25, 5.0


class LiveSource:
    """A market of a server. It is asked for again and again, until it says that this is of no use."""

    controls = None

    def __init__(self, connection: Connection) -> None:
        """Open no connection yet; raise BadConfiguration."""
        with wrong_options():
            endpoint = Endpoint.parse(connection.endpoint)
        self.title = str(endpoint)
        self._endpoint = endpoint
        self._connection = connection
        self._client: GrpcOrderBookClient | None = None
        self._instruments: tuple[InstrumentInfo, ...] = ()
        self._selected = asyncio.Event()
        self._begin(connection.symbol)
        self._trouble = ""  # why it is not live; "" where it is
        self._behind = 0  # events
        self._heard_s = time.monotonic()

    def _begin(self, symbol: str) -> None:
        """Know nothing yet of an instrument."""
        self._symbol = symbol
        self._replica = BookReplica(symbol)
        self._tally = Tally()
        self._stood = False  # whether there was a book to look at

    def instruments(self) -> tuple[InstrumentInfo, ...]:
        """Return the server's instruments."""
        return self._instruments

    async def open(self) -> None:
        """Ask the server for its instruments until it answers; raise Refused, BadConfiguration."""
        options = self._connection
        with wrong_options():
            tls = TlsFiles(options.tls_ca, options.tls_cert, options.tls_key)
            channel = open_channel(self._endpoint, tls)
        self._client = GrpcOrderBookClient(
            channel, token=options.token, timeout_s=options.timeout, name=str(self._endpoint)
        )
        backoff = Backoff(BACKOFF_FIRST_S, BACKOFF_CAP_S)
        with troubles():
            while not self._instruments:
                try:
                    self._instruments = await self._client.instruments()
                except (ServerBusy, ServerUnavailable) as error:
                    delay_s = backoff.next_delay_s()
                    self._lost(error, delay_s)
                    await asyncio.sleep(delay_s)
        self._begin(pick_instrument(self._instruments, options.symbol).symbol)
        self._trouble = ""
        self._heard()

    async def run(self) -> None:
        """Follow the instrument that is selected, for ever; raise Refused."""
        with troubles():
            pulse = asyncio.create_task(self._feel_pulse())
            try:
                while True:
                    self._selected.clear()
                    await self._follow_until_another(pulse)
            finally:
                await cancelled(pulse)

    async def _follow_until_another(self, pulse: "asyncio.Task[None]") -> None:
        """Follow the instrument until another is selected; raise what ends the feed, or the pulse."""
        assert self._client is not None
        feed = asyncio.create_task(
            follow_book(
                self._client,
                self._replica,
                on_event=self._on_event,
                on_stands=self._on_stands,
                on_lost=self._lost,
                backoff=Backoff(BACKOFF_FIRST_S, BACKOFF_CAP_S),
            )
        )
        selected = asyncio.create_task(self._selected.wait())
        try:
            ended, _ = await asyncio.wait({feed, selected, pulse}, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                await task
        finally:
            await cancelled(feed, selected)

    def _on_event(self, told: MarketEvent) -> None:
        self._heard()
        self._tally.add(told.event)

    def _on_stands(self) -> None:
        self._trouble = ""
        self._stood = True
        self._heard()

    def _lost(self, error: Exception, delay_s: float) -> None:
        reason = "too slow for the feed" if isinstance(error, ServerBusy) and self._stood else str(error)
        self._trouble = f"{reason}; next try in {delay_s:.1f} s"

    def _heard(self) -> None:
        self._heard_s = time.monotonic()

    async def _feel_pulse(self) -> None:
        """Ask the server every second how far it is: a market may be quiet, and its server there nevertheless."""
        assert self._client is not None
        while True:
            with suppress(ServerBusy, ServerUnavailable):
                known = self._replica.sequence
                depth = await self._client.depth(1, symbol=self._symbol)
                self._instruments = await self._client.instruments()
                self._heard()
                self._behind = max(0, depth.sequence - self._replica.sequence) if known else 0
            await asyncio.sleep(PULSE_S)

    async def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            await self._client.close()

    def select(self, symbol: str) -> None:
        """Follow another instrument."""
        self._begin(symbol)
        self._selected.set()

    def view(self) -> MarketView:
        """Return what is known now."""
        depth = self._replica.depth(LEVELS_KEPT)
        state, text = self._state()
        return MarketView(
            symbol=self._symbol,
            bids=depth.bids,
            asks=depth.asks,
            state=state,
            state_text=text,
            sequence=depth.sequence,
            bars=self._tally.bars,
            is_halted=any(each.is_halted for each in self._instruments if each.symbol == self._symbol),
            time_ns=self._tally.time_ns,
            **self._tally.figures(),
        )

    def _state(self) -> tuple[State, str]:
        """Say how it stands."""
        if self._trouble:
            return ("resyncing" if self._stood and not self._replica.is_ready else "connecting"), self._trouble
        if not self._replica.is_ready:
            return ("resyncing" if self._stood else "connecting"), ""
        silent_s = time.monotonic() - self._heard_s
        if silent_s >= STALE_S:
            return "stale", f"nothing from the server for {silent_s:.0f} s"
        return "live", f"{self._behind:,} events behind" if self._behind > BEHIND_MAX else ""


async def cancelled(*tasks: "asyncio.Task[None] | asyncio.Task[bool]") -> None:
    """Cancel tasks, and wait until they have ended; what they raise was told, or is of no interest any more."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
