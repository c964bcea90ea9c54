"""What accounts own, slow and obvious.

The ledger knows what an account owns of an asset, and nothing of orders coming and going: what is reserved is worked
out anew, each time, from the orders that rest, and what is available is the difference.
"""

from collections import Counter
from struct import pack

from orderbook.enums import Side
from orderbook.errors import NumericOverflow, OrderBookError, UnknownAccount
from orderbook.instruments import Instrument
from orderbook.reference.checks import U64_MAX, invariant
from orderbook.reference.matching import Matcher
from orderbook.reference.state import Order


def need(instrument: Instrument, order: Order) -> tuple[str, int]:
    """Return the asset that a resting order reserves, and how much of it."""
    if order.side is Side.BID:
        return instrument.quote, order.price * order.quantity
    return instrument.base, order.quantity


class Ledger:
    """Balances per account and asset, under all the markets that `markets` lists."""

    def __init__(self) -> None:
        self.markets: list[tuple[Instrument, Matcher]] = []
        self.accounts: set[int] = set()
        self.owned: Counter[tuple[int, str]] = Counter()  # available and reserved
        self.credited: Counter[str] = Counter()
        self.debited: Counter[str] = Counter()

    def total(self, asset: str) -> int:
        """Return what was issued of an asset and is still here."""
        return self.credited[asset] - self.debited[asset]

    def reserved(self, account_id: int, asset: str) -> int:
        """Return what the account's resting orders need of an asset, over all markets."""
        needs = (need(instrument, order) for instrument, m in self.markets for order in m.orders_of(account_id))
        return sum(amount for needed, amount in needs if needed == asset)

    def available(self, account_id: int, asset: str) -> int:
        """Return what the account has of an asset and no resting order needs."""
        return self.owned[account_id, asset] - self.reserved(account_id, asset)

    def credit(self, account_id: int, amounts: dict[str, int]) -> None:
        """Give amounts of assets, all or none of them, and make the account where there is none."""
        for asset, amount in amounts.items():
            if self.total(asset) + amount > U64_MAX:
                raise NumericOverflow(f"more than 2^64-1 of {asset} would be issued")
        self.accounts.add(account_id)
        for asset, amount in amounts.items():
            self.owned[account_id, asset] += amount
            self.credited[asset] += amount

    def debit(self, account_id: int, amounts: dict[str, tuple[int, type[OrderBookError]]]) -> None:
        """Take amounts of assets, all or none of them; each comes with the error for where too little is available."""
        self.require_account(account_id)
        for asset, (amount, error) in amounts.items():
            self.require(account_id, asset, amount, error)
        for asset, (amount, _) in amounts.items():
            self.owned[account_id, asset] -= amount
            self.debited[asset] += amount

    def pay(self, payer: int, payee: int, asset: str, amount: int) -> None:
        """Move an amount from one account to another."""
        self.owned[payer, asset] -= amount
        self.owned[payee, asset] += amount

    def require_account(self, account_id: int) -> None:
        """Raise UnknownAccount unless the account was credited once."""
        if account_id not in self.accounts:
            raise UnknownAccount(f"account {account_id} was never credited")

    def require(self, account_id: int, asset: str, amount: int, error: type[OrderBookError], held: int = 0) -> None:
        """Raise the error unless what is available, together with what is held for the same order, covers it."""
        available = self.available(account_id, asset) + held
        if amount > available:
            raise error(f"{amount} of {asset} is more than the {available} available to account {account_id}")

    def packed(self, assets: list[str], matchers: list[Matcher]) -> bytes:
        """Return what a state hash covers of all accounts, by ascending id: these assets, the orders of these."""
        numbers = []
        for account_id in sorted(self.accounts):
            numbers.append(account_id)
            for asset in assets:
                numbers += [self.available(account_id, asset), self.reserved(account_id, asset)]
            for matcher in matchers:
                order_ids = [order.id for order in matcher.orders_of(account_id)]
                numbers += [len(order_ids), *order_ids]
        return pack(f"<{len(numbers)}Q", *numbers)

    def check(self) -> None:
        """Raise AssertionError naming the first invariant that does not hold."""
        assets = {asset for instrument, _ in self.markets for asset in (instrument.base, instrument.quote)}
        for account_id in self.accounts:
            for asset in assets:
                invariant(self.available(account_id, asset) >= 0, f"{asset}: what is reserved is owned")
        for asset in assets:
            owned = sum(amount for (_, name), amount in self.owned.items() if name == asset)
            invariant(owned == self.total(asset), f"{asset}: nothing is made or lost")
            invariant(owned <= U64_MAX, f"{asset}: no more is issued than 2^64-1")
        owners = {order.account_id for _, matcher in self.markets for order in matcher.state.orders.values()}
        invariant({account_id for account_id, _ in self.owned} | owners <= self.accounts, "every owner is known")
