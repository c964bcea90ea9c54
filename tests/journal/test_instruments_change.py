"""Other instruments in an existing directory: what may change, what is refused in which words, what goes on."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orderbook import Exchange, Instrument, OrderType, SelfTradePrevention, SequenceGone, Side
from orderbook_server.journal.errors import InstrumentsChanged
from orderbook_server.journal.instruments import as_json, check_change, of_json
from orderbook_server.journal.reader import JournalReader, RecordKind
from orderbook_server.journal.recovery import recover

from .exchanges import CAPACITY, MARKETS, facts, fund, kept, rings, send

BITCOIN, ETHER, CROSS = MARKETS
SOLANA = Instrument("SOL-USD", "SOL", "USD", tick_size="0.01")
TOP = 2**64 - 1

Instruments = tuple[Instrument, ...]


def exchange_with(*, order_in: str | None = None, **amounts: int) -> Exchange:
    """Return an exchange in which account 1 has some assets, and an order of one market rests."""
    exchange = Exchange(MARKETS)
    for asset, amount in amounts.items():
        exchange.credit(1, asset, amount)
    if order_in:
        exchange.submit(order_in, 1, 1, Side.ASK, OrderType.LIMIT, 10, 1)
    return exchange


def test_instruments_come_back_from_json() -> None:
    all_fields = Instrument(
        "A-B", "A", "B", "0.000000000000000000000000000001", "1E+20", SelfTradePrevention.DECREMENT, TOP, 0, 1, TOP, 3
    )
    assert of_json(as_json((all_fields, *MARKETS))) == (all_fields, *MARKETS)


@pytest.mark.parametrize(
    "new",
    [
        MARKETS,
        MARKETS[::-1],
        (SOLANA, *MARKETS),
        (
            replace(BITCOIN, quantity_max=1, notional_max=5, self_trade_prevention=SelfTradePrevention.CANCEL_BOTH),
            *MARKETS[1:],
        ),
        (replace(BITCOIN, tick_size="1.00"), *MARKETS[1:]),  # the same number
    ],
)
def test_fine_whatever_there_is(new: Instruments) -> None:
    check_change(new, exchange_with(BTC=5, ETH=5, USD=5, order_in="BTC-USD"))


def test_an_instrument_may_go_where_nothing_is_lost() -> None:
    check_change((BITCOIN, ETHER), exchange_with(BTC=5, ETH=5, USD=5, order_in="BTC-USD"))  # all its assets stay
    check_change((BITCOIN,), exchange_with(BTC=5, USD=5, order_in="BTC-USD"))  # nobody has ETH
    check_change((SOLANA,), exchange_with())
    check_change((SOLANA,), exchange_with(USD=5))


@pytest.mark.parametrize(
    ("new", "exchange", "reason"),
    [
        (
            MARKETS[1:],
            exchange_with(BTC=5, order_in="BTC-USD"),
            "BTC-USD: it is removed, but 1 of its orders rest",
        ),
        (
            (replace(BITCOIN, base="XBT"), ETHER, CROSS),
            exchange_with(BTC=5, order_in="BTC-USD"),
            "BTC-USD: its base changes from BTC to XBT, but 1 of its orders rest",
        ),
        (
            (replace(BITCOIN, quote="EUR"), ETHER, CROSS),
            exchange_with(BTC=5, order_in="BTC-USD"),
            "BTC-USD: its quote changes from USD to EUR, but 1 of its orders rest",
        ),
        (
            (BITCOIN, replace(ETHER, tick_size="0.5"), CROSS),
            exchange_with(ETH=5, order_in="ETH-USD"),
            "ETH-USD: its tick_size changes from 1 to 0.5, but 1 of its orders rest",
        ),
        (
            (BITCOIN, ETHER, replace(CROSS, lot_size=10)),
            exchange_with(ETH=5, order_in="ETH-BTC"),
            "ETH-BTC: its lot_size changes from 1 to 10, but 1 of its orders rest",
        ),
        (
            (BITCOIN,),
            exchange_with(ETH=7),
            "ETH-USD: no instrument has its ETH any more, but accounts have 7 of it",
        ),
        (
            (replace(BITCOIN, base="XBT"), ETHER, replace(CROSS, quote="XBT")),
            exchange_with(BTC=3),
            "BTC-USD: no instrument has its BTC any more, but accounts have 3 of it",
        ),
        (
            (replace(BITCOIN, tick_size="0.5"), ETHER, CROSS),
            exchange_with(USD=9),
            "BTC-USD: its tick_size changes from 1 to 0.5, in which USD is counted, but accounts have 9 of it",
        ),
        (
            (replace(BITCOIN, lot_size="0.5"), ETHER, CROSS),
            exchange_with(BTC=9),
            "BTC-USD: its lot_size changes from 1 to 0.5, in which BTC is counted, but accounts have 9 of it",
        ),
    ],
)
def test_refused(new: Instruments, exchange: Exchange, reason: str) -> None:
    with pytest.raises(InstrumentsChanged) as caught:
        check_change(new, exchange)
    assert str(caught.value) == reason


def test_a_tick_may_change_where_nobody_has_its_quote() -> None:
    check_change((replace(BITCOIN, tick_size="0.5"), ETHER, CROSS), exchange_with(BTC=5, ETH=5))


def used(data_dir: Path) -> tuple[dict[str, object], object, int]:
    """Use an exchange of MARKETS; return its facts, rings and last event."""
    with kept(data_dir) as opened:
        fund(opened.sequencer)
        send(opened.sequencer, 1, 800, opened.sequencer.open_session())
        return facts(opened.sequencer), rings(opened.sequencer), opened.sequencer.exchange.last_sequence


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_one_more_at_the_end_keeps_what_the_rings_hold(tmp_path: Path) -> None:
    _, held, _ = used(tmp_path)
    with kept(tmp_path, (*MARKETS, SOLANA)) as opened:
        assert rings(opened.sequencer) == held
        opened.sequencer.credit_account(3, 1, 5, 5)
        send(opened.sequencer, 2, 300)
        expected, held = facts(opened.sequencer), rings(opened.sequencer)
    recovered = recover(tmp_path, event_capacity=CAPACITY)
    assert (facts(recovered.sequencer), rings(recovered.sequencer)) == (expected, held)
    assert recovered.sequencer.exchange.instruments == (*MARKETS, SOLANA)


@pytest.mark.parametrize("new", [(SOLANA, *MARKETS), MARKETS[::-1]])
def test_other_positions_begin_rings_anew_and_numbers_go_on(tmp_path: Path, new: Instruments) -> None:
    before, _, last = used(tmp_path)
    with kept(tmp_path, new) as opened:
        sequencer, exchange = opened.sequencer, opened.sequencer.exchange
        assert (exchange.last_sequence, exchange.oldest_sequence) == (last, last + 1)
        with pytest.raises(SequenceGone):
            sequencer.executions(1)
        numbers = facts(sequencer)["numbers"]
        assert numbers == before["numbers"]
        send(sequencer, 2, 300)
        assert exchange.events(after=last)[0].sequence == last + 1
        expected = facts(sequencer)
    recovered = recover(tmp_path, event_capacity=CAPACITY)
    assert facts(recovered.sequencer) == expected
    recovered.sequencer.exchange.check()


def test_the_state_is_the_same_after_a_detour(tmp_path: Path) -> None:
    before, _, _ = used(tmp_path)
    with kept(tmp_path, (SOLANA, *MARKETS)):
        pass
    with kept(tmp_path) as opened:
        assert facts(opened.sequencer)["hash"] == before["hash"]


@pytest.mark.parametrize("new", [MARKETS[:1], (replace(BITCOIN, lot_size=2), ETHER, CROSS)])
def test_a_refused_change_writes_nothing(tmp_path: Path, new: Instruments) -> None:
    used(tmp_path)
    before = contents(tmp_path / "journal")
    with pytest.raises(InstrumentsChanged), kept(tmp_path, new):
        pass
    assert contents(tmp_path / "journal") == before
    with kept(tmp_path):  # the lock is free
        pass


@pytest.mark.parametrize("change", [lambda: MARKETS, lambda: (replace(BITCOIN, quantity_max=4), ETHER, CROSS)])
def test_a_change_is_written_once_and_none_never(tmp_path: Path, change: Callable[[], Instruments]) -> None:
    used(tmp_path)
    for _ in range(3):
        with kept(tmp_path, change()) as opened:
            assert opened.sequencer.exchange.instruments == change()
    kinds = [record.kind for record in JournalReader(tmp_path / "journal").records()]
    assert kinds.count(RecordKind.INSTRUMENTS) == 1 + (change() != MARKETS)
