"""The kind of the setting `instrument`: which markets there are."""

from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

from orderbook.enums import SelfTradePrevention
from orderbook.instruments import Instrument
from orderbook_server.config.kinds import Kind

KEYS = {field.name: field for field in fields(Instrument)}
SHORT_FORM = "must be BASE-QUOTE, such as BTC-USD"


class Markets(Kind):
    """A tuple of Instrument: as text `BTC-USD`, several parted by white space; in TOML a list of tables."""

    metavar = "BASE-QUOTE"

    def of_text(self, text: str) -> tuple[Instrument, ...]:
        """Take BASE-QUOTE, of which base and quote are the halves."""
        return self.of_toml([{"symbol": symbol} for symbol in text.split()], Path())

    def of_toml(self, value: object, folder: Path) -> tuple[Instrument, ...]:
        """Take tables with the keys of Instrument."""
        if not isinstance(value, list) or not value or not all(isinstance(table, dict) for table in value):
            raise ValueError("must be tables: [[instrument]], and below it symbol = ...")
        instruments = []
        for position, table in enumerate(value, 1):
            try:
                instruments.append(_instrument(table))
            except (TypeError, ValueError, OverflowError) as error:
                raise ValueError(f"{table.get('symbol', f'number {position}')}: {error}") from error
        symbols = [instrument.symbol for instrument in instruments]
        for symbol in symbols:
            if symbols.count(symbol) > 1:
                raise ValueError(f"{symbol}: comes twice")
        return tuple(instruments)

    def to_toml(self, value: tuple[Instrument, ...]) -> list[dict[str, object]]:
        """Write tables with all keys that have a value."""
        return [
            {key: _plain(getattr(instrument, key)) for key in KEYS if getattr(instrument, key) is not None}
            for instrument in value
        ]


def _instrument(table: Mapping[str, Any]) -> Instrument:
    """Return the Instrument that a table describes, or raise what tells which key is wrong."""
    if unknown := sorted(table.keys() - KEYS.keys()):
        raise ValueError(f"{unknown[0]}: is no key of an instrument; those are {', '.join(KEYS)}")
    if "symbol" not in table:
        raise ValueError("symbol: is missing")
    values = dict(table)
    if not {"base", "quote"} <= values.keys():
        values = _halves(values["symbol"]) | values
    if "self_trade_prevention" in values:
        values["self_trade_prevention"] = _prevention(values["self_trade_prevention"])
    return Instrument(**values)


def _halves(symbol: object) -> dict[str, str]:
    """Return base and quote of a symbol that is made of them."""
    halves = symbol.split("-") if isinstance(symbol, str) else []
    if len(halves) != 2 or not all(halves):
        raise ValueError(f"symbol: {symbol!r} {SHORT_FORM}, where base and quote are not given")
    return {"base": halves[0], "quote": halves[1]}


def _prevention(word: object) -> SelfTradePrevention:
    """Return the mode that a word names."""
    words = [mode.name.lower() for mode in SelfTradePrevention]
    if word not in words:
        raise ValueError(f"self_trade_prevention: {word!r} must be {', '.join(words[:-1])} or {words[-1]}")
    return SelfTradePrevention[str(word).upper()]


def _plain(value: object) -> object:
    """Return a field of an Instrument as TOML has it."""
    if isinstance(value, SelfTradePrevention):
        return value.name.lower()
    return str(value) if isinstance(value, Decimal) else value
