"""A whole server at work in this process, page and feed on: the engine's own book is at hand."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from orderbook import Instrument, OrderType, Side, Trade
from orderbook_server.config import Address, Settings
from orderbook_server.server import Server

from ..server.running import Running, running
from ..server.whole import Gateways
from ..web.market_flow import Flow
from .watched import ROWS_MAX, TAPE_MAX, Watched

T = TypeVar("T")
Level = tuple[int, int, int]

INSTRUMENTS = (
    Instrument("BTC-USD", "BTC", "USD", tick_size="0.05", lot_size="0.001"),
    Instrument("ETH-BTC", "ETH", "BTC"),
)
BTC, ETH = 0, 1
ACCOUNTS = range(1, 51)
RICH = 10**15


class LiveExchange:
    """The exchange and its writer. Whatever it is asked happens in the server's own thread."""

    def __init__(self, process: Running, scheme: str) -> None:
        self._process = process
        self.server: Server = process.gateway.server
        self.sequencer = self.server.sequencer
        self.exchange = self.sequencer.exchange
        self.origin = f"{scheme}://{self.server.addresses['http']}"
        self._next_id = 1_000_000

    def call(self, function: Callable[..., T], *args: Any) -> T:
        """Call a function where the server runs."""
        return self._process.call(function, *args)

    def credit(self, accounts: range, base: int, quote: int) -> None:
        """Give money in every instrument."""

        def give() -> None:
            for account_id in accounts:
                for instrument in range(len(self.exchange.instruments)):
                    self.sequencer.credit_account(instrument, account_id, base, quote)

        self.call(give)

    def order(
        self,
        account_id: int,
        order_id: int,
        side: Side,
        price: int,
        quantity: int,
        instrument: int = BTC,
        kind: OrderType = OrderType.LIMIT,
    ) -> None:
        """Submit an order that is accepted."""
        self.call(self.sequencer.submit, instrument, account_id, order_id, side, kind, price, quantity)

    def modify(self, account_id: int, order_id: int, quantity: int, price: int | None = None) -> None:
        self.call(self.sequencer.modify_order, BTC, account_id, order_id, quantity, price)

    def cancel(self, account_id: int, order_id: int) -> None:
        self.call(self.sequencer.cancel_order, BTC, account_id, order_id)

    def run_flow(self, commands: int, prices: int, instrument: int = BTC, seed: int = 1) -> None:
        """Have random commands carried out, the same ones in every run; another call goes on with other ids."""
        flow = Flow(self.sequencer, seed + self._next_id, prices)
        flow.next_id = self._next_id

        def run() -> None:
            for _ in range(commands):
                flow.step(instrument)

        self.call(run)
        self._next_id = flow.next_id

    def depth(self, instrument: int = BTC) -> tuple[list[Level], list[Level]]:
        """Return what a ladder has to show: the engine's best levels."""
        book = self.exchange.market(self.symbol(instrument)).order_book
        bids, asks = self.call(book.depth, ROWS_MAX)
        return [tuple(level) for level in bids], [tuple(level) for level in asks]

    def trades(self, instrument: int = BTC) -> list[tuple[int, int, int, str]]:
        """Return what a tape has to show: the newest trades of the engine's own events, the newest first."""
        tape = [
            (event.sequence, event.price, event.quantity, event.taker_side.name.lower())
            for event in self.call(self.exchange.events)
            if isinstance(event, Trade) and event.instrument == instrument
        ]
        return tape[::-1][:TAPE_MAX]

    def symbol(self, instrument: int) -> str:
        return self.exchange.instruments[instrument].symbol

    @property
    def sequence(self) -> int:
        """The number of the last event."""
        return self.call(lambda: self.exchange.last_sequence)

    def is_shown(self, watched: Watched, instrument: int = BTC) -> None:
        """See that a page shows exactly what the engine has, once it has come as far."""
        watched.see_sequence(self.sequence)
        shown = watched.shown()
        assert (shown.bids, shown.asks) == self.depth(instrument)
        tick = Decimal(self.exchange.instruments[instrument].tick_size)
        decimals = max(0, -int(tick.as_tuple().exponent))
        assert shown.prices == [f"{price * tick:,.{decimals}f}" for price, _, _ in shown.asks + shown.bids]
        if not shown.skipped:
            assert shown.trades == self.trades(instrument)


@contextmanager
def live_exchange(
    instruments: tuple[Instrument, ...] = INSTRUMENTS,
    *,
    funds: int = RICH,
    certificate: tuple[Path, Path] | None = None,
    data_dir: Path | None = None,
    **settings: Any,
) -> Iterator[LiveExchange]:
    """Run one on free ports while the block lasts.

    funds: what each account has of each asset of each instrument. certificate: files of it and its key. data_dir: where
    it is kept, None for nowhere.
    """
    free = Address("127.0.0.1", 0)
    tls = dict(zip(("tls_cert", "tls_key"), certificate, strict=True)) if certificate else {}
    configured = Settings(
        tcp=free,
        http=free,
        grpc=None,
        metrics=None,
        in_memory=data_dir is None,
        **({"data_dir": data_dir} if data_dir else {}),
        instruments=instruments,
        event_capacity=1 << 17,
        **tls,
        **settings,
    )
    with running(lambda: Gateways(configured)) as process:
        live = LiveExchange(process, "https" if certificate else "http")
        if funds:
            live.credit(ACCOUNTS, funds, funds)
        yield live
