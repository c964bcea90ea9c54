"""The exceptions of the engine, each with the word that goes on the wire and the number that stands in a batch."""

from typing import ClassVar


class OrderBookError(Exception):
    """The root of all refusals. Whatever raises one left book, balances and open orders as they were.

    ``code`` is the word that goes on the wire; ``number`` the status in a batch, None where a batch cannot meet it.
    """

    code: ClassVar[str] = "order_book_error"
    number: ClassVar[int | None] = None


class DuplicateOrder(OrderBookError):
    """The id belongs to a resting order of this instrument."""

    code = "duplicate_order"
    number = 1


class UnknownOrder(OrderBookError):
    """No resting order has this id."""

    code = "unknown_order"
    number = 2


class InvalidQuantity(OrderBookError):
    """The quantity is 0."""

    code = "invalid_quantity"
    number = 3


class CrossedOrder(OrderBookError):
    """A post-only order would trade, or ``OrderBook.add_order`` would cross the book."""

    code = "crossed_order"
    number = 4


class MissingPrice(OrderBookError):
    """An order of any type but MARKET came without a price."""

    code = "missing_price"
    number = 5


class UnknownAccount(OrderBookError):
    """The account was never credited."""

    code = "unknown_account"
    number = 6


class InsufficientBase(OrderBookError):
    """The base asset available does not cover the reservation, or the debit."""

    code = "insufficient_base"
    number = 7


class InsufficientQuote(OrderBookError):
    """The quote asset available does not cover the reservation, or the debit."""

    code = "insufficient_quote"
    number = 8


class AccountMismatch(OrderBookError):
    """The order to cancel or modify belongs to another account."""

    code = "account_mismatch"
    number = 9


class NumericOverflow(OrderBookError):
    """The lots open on a side, an order's value, or what is issued of an asset would exceed 2^64-1."""

    code = "numeric_overflow"
    number = 10


class InvalidCommand(OrderBookError):
    """A record of a batch has an unknown kind, side, type, flag or instrument, or a kind this engine does not do."""

    code = "invalid_command"
    number = 11


class PriceOutOfBand(OrderBookError):
    """The price lies outside the instrument's price band."""

    code = "price_out_of_band"
    number = 12


class QuantityTooLarge(OrderBookError):
    """The quantity is above the instrument's limit."""

    code = "quantity_too_large"
    number = 13


class NotionalTooLarge(OrderBookError):
    """Price times quantity, or what a market order would trade, is worth more than the instrument's limit."""

    code = "notional_too_large"
    number = 14


class TooManyOrders(OrderBookError):
    """The account has as many orders resting in this market as the instrument allows."""

    code = "too_many_orders"
    number = 15


class CapacityExceeded(OrderBookError):
    """A cap on orders or levels, or memory, is exhausted. It is reserved before anything changes."""

    code = "capacity_exceeded"
    number = 16


class Halted(OrderBookError):
    """The instrument is halted: new orders, new prices and larger quantities are refused, cancels are not."""

    code = "halted"
    number = 17


class JournalFull(OrderBookError):
    """There is no room to keep another command, which a server refuses before it is matched; no engine raises it."""

    code = "journal_full"
    number = 18


class SequenceGone(OrderBookError):
    """The events asked for are no longer held, or not there yet."""

    code = "sequence_gone"


class UnknownSymbol(OrderBookError):
    """The exchange has no instrument, or no asset, of this name."""

    code = "unknown_symbol"


BY_NUMBER: dict[int, type[OrderBookError]] = {
    cls.number: cls for cls in OrderBookError.__subclasses__() if cls.number is not None
}
