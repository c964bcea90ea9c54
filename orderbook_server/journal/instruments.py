"""The instruments of a journal: as JSON, and which changes of them leave orders and money what they are."""

import json
from pathlib import Path

from orderbook import Exchange, Instrument
from orderbook_server.config.markets import Markets
from orderbook_server.journal.errors import InstrumentsChanged

Instruments = tuple[Instrument, ...]

MEANING = ("base", "quote", "tick_size", "lot_size")  # the fields that say what an order is for, and what money is
COUNTED_IN = {"tick_size": ("quote",), "lot_size": ("base", "quote")}  # whose amounts: one of quote is a tick of a lot


def as_plain(instruments: Instruments) -> list[dict[str, object]]:
    """Return instruments as tables of str and int, with the keys of Instrument."""
    return Markets().to_toml(instruments)


def of_plain(plain: object) -> Instruments:
    """Return the instruments that `as_plain` wrote; raise ValueError."""
    return Markets().of_toml(plain, Path())


def as_json(instruments: Instruments) -> bytes:
    """Return instruments as an INSTRUMENTS record has them."""
    return json.dumps(as_plain(instruments), separators=(",", ":")).encode()


def of_json(data: bytes) -> Instruments:
    """Return the instruments of an INSTRUMENTS record; raise ValueError."""
    return of_plain(json.loads(data))


def check_change(new: Instruments, exchange: Exchange) -> None:
    """Raise InstrumentsChanged where orders or balances of an exchange would be lost or mean another thing."""
    wanted = {instrument.symbol: instrument for instrument in new}
    for old in exchange.instruments:
        orders = exchange.market(old.symbol).order_book.total_orders()
        for change, recounted in _changes(old, wanted.get(old.symbol)):
            if orders:
                raise InstrumentsChanged(f"{old.symbol}: {change}, but {orders} of its orders rest")
            for asset in recounted:
                _require_none(exchange, asset, f"{old.symbol}: {change}, in which {asset} is counted")
    kept = {asset for instrument in new for asset in (instrument.base, instrument.quote)}
    for old in exchange.instruments:
        for asset in (old.base, old.quote):
            if asset not in kept:
                _require_none(exchange, asset, f"{old.symbol}: no instrument has its {asset} any more")


def _changes(old: Instrument, new: Instrument | None) -> list[tuple[str, list[str]]]:
    """Return what changes of an instrument's meaning, in words, each with the assets that it counts anew."""
    if new is None:
        return [("it is removed", [])]
    return [
        (
            f"its {name} changes from {getattr(old, name)} to {getattr(new, name)}",
            [getattr(old, side) for side in COUNTED_IN.get(name, ())],
        )
        for name in MEANING
        if getattr(old, name) != getattr(new, name)
    ]


def _require_none(exchange: Exchange, asset: str, change: str) -> None:
    """Raise InstrumentsChanged where accounts have an asset."""
    if total := exchange.total(asset):
        raise InstrumentsChanged(f"{change}, but accounts have {total} of it")
