"""The limits that an instrument may set, as the reference holds orders to them."""

from collections.abc import Iterable

from orderbook.errors import NotionalTooLarge, PriceOutOfBand, QuantityTooLarge, TooManyOrders
from orderbook.instruments import Instrument
from orderbook.reference.state import Order


class Limits:
    """An instrument's limits, None for none; the reference price moves as the day goes on."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.reference_price = instrument.reference_price

    def require(self, price: int | None, quantity: int, notional: int) -> None:
        """Raise the error of the first limit that is broken by a price (None: a MARKET order's), quantity, value."""
        rules = self.instrument
        if price is not None and rules.price_band is not None and self.reference_price is not None:
            distance = abs(price - self.reference_price)
            if distance > rules.price_band:
                raise PriceOutOfBand(f"{price} is {distance} ticks from the reference price {self.reference_price}")
        if rules.quantity_max is not None and quantity > rules.quantity_max:
            raise QuantityTooLarge(f"{quantity} lots are more than {rules.quantity_max}")
        if rules.notional_max is not None and notional > rules.notional_max:
            raise NotionalTooLarge(f"a value of {notional} is more than {rules.notional_max}")

    def require_place(self, resting: Iterable[Order]) -> None:
        """Raise TooManyOrders if an account with these resting orders may not have one more."""
        count_max = self.instrument.open_orders_max
        if count_max is not None and sum(1 for _ in resting) >= count_max:
            raise TooManyOrders(f"an account may have {count_max} open orders")
