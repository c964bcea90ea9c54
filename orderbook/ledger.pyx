"""Ledger: balances per account and asset. It checks arguments, calls accounts.pxd, and raises."""

import os

from libc.stdint cimport uint32_t, uint64_t

from orderbook.accounts cimport (
    Holding, account_find, account_give, account_lacks, account_open, account_take, accounts_bytes, accounts_destroy,
    accounts_init, holding_at, holding_offset, issue_overflows,
)
from orderbook.errors import UnknownSymbol
from orderbook.guard cimport Guard, guard_enter
from orderbook.numbers cimport as_u64
from orderbook.records cimport (
    CAPACITY_EXCEEDED, INSUFFICIENT_BASE, INSUFFICIENT_QUOTE, NUMERIC_OVERFLOW, UNKNOWN_ACCOUNT,
)
from orderbook.refusals cimport refuse_account
from orderbook.views cimport new_balance


cdef uint32_t asset_position(Ledger ledger, object asset) except? 0xFFFFFFFF:
    """Return an asset's position, or raise UnknownSymbol."""
    if not isinstance(asset, str):
        raise TypeError(f"asset must be a str, not {type(asset).__name__}")
    position = ledger.positions.get(asset)
    if position is None:
        raise UnknownSymbol(f"no instrument has the asset {asset!r}; there are {', '.join(ledger.assets)}")
    return position


cdef class Ledger:
    """What accounts have: per asset, what is available and what is reserved for resting orders.

    pairs: (base, quote) of each market, which also fixes the assets. Amounts are in lots of a base asset, and in
    ticks × lots of a quote asset; all that was issued of one is at most 2^64-1.
    """

    def __cinit__(self, pairs):
        cdef list named = []
        for base, quote in pairs:
            named.append((base, quote))
        keys = os.urandom(16)
        self.guard = Guard()
        self.positions = {}
        quotes = []
        for pair in named:
            if not (isinstance(pair[0], str) and isinstance(pair[1], str)) or pair[0] == pair[1]:
                raise ValueError(f"a pair must be the names of two assets, not {pair}")
            for asset in pair:
                if asset not in self.positions:
                    if asset is pair[1]:
                        quotes.append(len(self.positions))
                    self.positions[asset] = len(self.positions)
        self.quotes = frozenset(quotes)
        self.assets = tuple(self.positions)
        if accounts_init(
            &self.accounts, len(self.assets), len(named), int.from_bytes(keys[:8], "little"),
            int.from_bytes(keys[8:], "little"),
        ):
            raise MemoryError("no memory for an empty ledger")

    def __dealloc__(self):
        accounts_destroy(&self.accounts)

    def __reduce__(self):
        raise TypeError("a Ledger is neither picklable nor copyable")

    def __len__(self):
        """Return the number of accounts."""
        guard_enter(self.guard)
        return self.accounts.used - 1

    def credit(self, account_id, asset, amount):
        """Give an account an amount of an asset, and make the account where there is none.

        Raise UnknownSymbol, or NumericOverflow where more than 2^64-1 would be issued in all. O(1).
        """
        cdef uint64_t id = as_u64(account_id, "account_id")
        cdef uint64_t units = as_u64(amount, "amount")
        cdef uint32_t position = asset_position(self, asset)
        cdef uint32_t slot
        guard_enter(self.guard)
        if issue_overflows(&self.accounts, position, units):
            refuse_account(NUMERIC_OVERFLOW, id)
        slot = account_open(&self.accounts, id)
        if slot == 0:
            refuse_account(CAPACITY_EXCEEDED, id)
        account_give(&self.accounts, slot, position, units)

    def debit(self, account_id, asset, amount):
        """Take an available amount of an asset from an account.

        Raise UnknownSymbol, UnknownAccount, or InsufficientBase or InsufficientQuote: which, is what the first market
        that names the asset calls it. O(1).
        """
        cdef uint64_t id = as_u64(account_id, "account_id")
        cdef uint64_t units = as_u64(amount, "amount")
        cdef uint32_t position = asset_position(self, asset)
        guard_enter(self.guard)
        cdef uint32_t slot = account_find(&self.accounts, id)
        if slot == 0:
            refuse_account(UNKNOWN_ACCOUNT, id)
        if account_lacks(&self.accounts, slot, position, units):
            refuse_account(INSUFFICIENT_QUOTE if position in self.quotes else INSUFFICIENT_BASE, id)
        account_take(&self.accounts, slot, position, units)

    def balance(self, account_id, asset):
        """Return an account's Balance of an asset, None where the account is unknown; raise UnknownSymbol. O(1)."""
        cdef uint64_t id = as_u64(account_id, "account_id")
        cdef uint32_t position = asset_position(self, asset)
        guard_enter(self.guard)
        cdef uint32_t slot = account_find(&self.accounts, id)
        cdef const Holding *holding
        if slot == 0:
            return None
        holding = holding_at(&self.accounts, slot, holding_offset(&self.accounts, position))
        return new_balance(holding.available, holding.reserved)

    def total(self, asset):
        """Return all that was credited of an asset less what was debited; raise UnknownSymbol. O(1)."""
        cdef uint32_t position = asset_position(self, asset)
        guard_enter(self.guard)
        return self.accounts.issued[position]

    def memory_bytes(self):
        """Return the bytes that the arrays of accounts span, which double when full. O(accounts × markets)."""
        guard_enter(self.guard)
        return accounts_bytes(&self.accounts)
