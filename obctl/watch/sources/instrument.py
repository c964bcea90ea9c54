"""What is known of an instrument that no server tells of."""

from decimal import Decimal
from typing import NamedTuple


class KnownInstrument(NamedTuple):
    """An instrument (obctl.watch.source)."""

    symbol: str
    tick_size: Decimal
    lot_size: Decimal
