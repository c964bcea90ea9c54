"""What all of the reference shares: the checks of arguments and invariants, and the digest of a state."""

from hashlib import blake2b
from operator import index
from typing import NoReturn, SupportsIndex, TypeAlias

from orderbook.enums import OrderType, SelfTradePrevention, Side

Number: TypeAlias = SupportsIndex

U64_MAX = 2**64 - 1


def whole_number(value: Number, name: str) -> int:
    """Return `value` as an int; TypeError for a bool and for what has no `__index__`."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    return index(value)


def u64(value: Number, name: str) -> int:
    """Return `value` as an int in 0 … 2^64-1; OverflowError outside."""
    number = whole_number(value, name)
    if not 0 <= number <= U64_MAX:
        raise OverflowError(f"{name} is outside 0 … 2^64-1")
    return number


def optional_u64(value: Number | None, name: str) -> int | None:
    """Return None for None, else `value` as `u64` does."""
    return None if value is None else u64(value, name)


def side_of(value: Number) -> Side:
    """Return the Side that `value` is or equals; ValueError for another integer."""
    return Side(whole_number(value, "side"))


def order_type_of(value: Number) -> OrderType:
    """Return the OrderType that `value` is or equals; ValueError for another integer."""
    return OrderType(whole_number(value, "order_type"))


def prevention_of(value: Number | None) -> SelfTradePrevention | None:
    """Return None for None, else the mode that `value` is or equals; ValueError for another integer."""
    return None if value is None else SelfTradePrevention(whole_number(value, "self_trade_prevention"))


def opposite(side: Side) -> Side:
    return Side.ASK if side is Side.BID else Side.BID


def invariant(holds: bool, name: str) -> None:
    """Raise AssertionError naming the invariant unless it holds, also under `python -O`."""
    if not holds:
        raise AssertionError(name)


def state_hash(packed: bytes) -> str:
    """Return 32 hexadecimal digits that stand for a packed state."""
    return blake2b(packed, digest_size=16).hexdigest()


class NotCopyable:
    """The base of what has an identity: refuses pickling and copying."""

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} can be neither pickled nor copied; take a snapshot")
