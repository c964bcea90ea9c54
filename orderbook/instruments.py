"""Instrument: the description of one market, with its limits and the sizes by which people read its numbers."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from orderbook.enums import SelfTradePrevention
from orderbook.numbers import optional_prevention, u64

NAME_LENGTH_MAX = 32  # characters of a symbol or asset
LENGTH_MAX = 100  # characters or digits of a decimal: more than any price has, and still quickly multiplied
BITS_MAX = 320  # of an int: as many
DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,9})?", re.ASCII)
Number = Decimal | int | str


def _checked_name(name: object, field: str) -> str:
    """Return a name that fits on a line of the wire: printable ASCII without space or colon."""
    if not isinstance(name, str):
        raise TypeError(f"{field} must be a str, not {type(name).__name__}")
    if not 1 <= len(name) <= NAME_LENGTH_MAX or not all("!" <= letter <= "~" and letter != ":" for letter in name):
        raise ValueError(f"{field} {name!r} must be 1 to {NAME_LENGTH_MAX} ASCII characters, no space, no colon")
    return name


def _decimal(value: object, field: str) -> Decimal:
    """Return an exact decimal number: no float, and no text with anything but digits, a point and an exponent."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise TypeError(f"{field} must be a Decimal, an int or a str, not {type(value).__name__}")
    if isinstance(value, str) and not (len(value) <= LENGTH_MAX and DECIMAL.fullmatch(value)):
        raise ValueError(f"{field} {value[:LENGTH_MAX]!r} is no decimal number of at most {LENGTH_MAX} characters")
    if isinstance(value, int) and value.bit_length() > BITS_MAX:
        raise ValueError(f"{field} of {value.bit_length()} bits is out of all proportion")
    number = Decimal(value)
    if not number.is_finite() or abs(number.adjusted()) > LENGTH_MAX or len(number.as_tuple().digits) > LENGTH_MAX:
        raise ValueError(f"{field} is no finite number of at most {LENGTH_MAX} digits")
    return number


@dataclass(frozen=True, slots=True)
class Instrument:
    """One market: `base` is what is traded, `quote` what it is paid in.

    tick_size, lot_size: what one tick and one lot are worth to people, positive decimals; the engine never sees them.
    self_trade_prevention, reference_price and price_band (ticks), quantity_max (lots), notional_max (ticks × lots),
    open_orders_max (per account): rules that docs/money.md explains; None for none. A band needs a reference price.

    Raise TypeError, ValueError or OverflowError naming the field that is wrong.
    """

    symbol: str
    base: str
    quote: str
    tick_size: Number = 1
    lot_size: Number = 1
    self_trade_prevention: SelfTradePrevention | None = None
    reference_price: int | None = None
    price_band: int | None = None
    quantity_max: int | None = None
    notional_max: int | None = None
    open_orders_max: int | None = None

    def __post_init__(self) -> None:
        for name in ("symbol", "base", "quote"):
            _checked_name(getattr(self, name), name)
        if self.base == self.quote:
            raise ValueError(f"base and quote of {self.symbol} are the same asset, {self.base}")
        for name in ("tick_size", "lot_size"):
            size = _decimal(getattr(self, name), name)
            if size <= 0:
                raise ValueError(f"{name} {size} is not above 0")
            self._set(name, size)
        for name in ("reference_price", "price_band", "quantity_max", "notional_max", "open_orders_max"):
            limit = getattr(self, name)
            self._set(name, None if limit is None else u64(limit, name))
        self._set("self_trade_prevention", optional_prevention(self.self_trade_prevention))
        if self.price_band is not None and self.reference_price is None:
            raise ValueError(f"{self.symbol} has a price_band and no reference_price")

    def _set(self, name: str, value: Any) -> None:
        """Set a field in its checked form; only `__post_init__` does."""
        object.__setattr__(self, name, value)

    def ticks(self, price: Number) -> int:
        """Return a decimal price in ticks; ValueError where it is no whole number of them, or negative."""
        return self._units(price, "price", "tick_size")

    def lots(self, quantity: Number) -> int:
        """Return a decimal quantity in lots; ValueError where it is no whole number of them, or negative."""
        return self._units(quantity, "quantity", "lot_size")

    def _units(self, value: Number, field: str, size_name: str) -> int:
        number, size = _decimal(value, field), Decimal(getattr(self, size_name))
        top, bottom = number.as_integer_ratio(), size.as_integer_ratio()
        units, rest = divmod(top[0] * bottom[1], top[1] * bottom[0])
        if rest:
            raise ValueError(f"{field} {number} is no multiple of the {size_name} {size}")
        if units < 0:
            raise ValueError(f"{field} {number} is negative")
        if units >> 64:
            raise OverflowError(f"{field} {number} is above 2^64-1 times the {size_name} {size}")
        return units

    def price(self, ticks: int) -> Decimal:
        """Return a price in ticks as the decimal that people read."""
        return self._shown(u64(ticks, "ticks"), Decimal(self.tick_size))

    def quantity(self, lots: int) -> Decimal:
        """Return a quantity in lots as the decimal that people read."""
        return self._shown(u64(lots, "lots"), Decimal(self.lot_size))

    @staticmethod
    def _shown(units: int, size: Decimal) -> Decimal:
        """Multiply exactly: the decimal context would round at 28 digits."""
        _, digits, exponent = size.as_tuple()
        product = int("".join(map(str, digits))) * units
        return Decimal(f"{product}E{exponent}")


DEFAULT_INSTRUMENT = Instrument("BASE-QUOTE", "BASE", "QUOTE")
