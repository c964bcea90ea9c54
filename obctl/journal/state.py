"""`obctl journal replay`: the exchange as it was at any record of its journal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from obctl.client.answers import plain_rung, table
from obctl.client.ladder import Ladder, Line, Rung, rung_of
from obctl.errors import BadInput
from obctl.journal.accounts import account_ids
from obctl.journal.directory import DataDirectory
from obctl.journal.words import line_of, plain_record
from obctl.progress import Progress
from orderbook import Balance, Exchange
from orderbook_server.journal.reader import Record
from orderbook_server.journal.recovery import Recovered, recover

Accounts = Sequence[int] | None  # None: all


@dataclass(frozen=True)
class State:
    """An exchange at a record. record: that one, None where the journal does not have it any more."""

    recovered: Recovered
    record: Record | None
    symbols: tuple[str, ...]
    levels: int
    accounts: list[int]

    @property
    def exchange(self) -> Exchange:
        """The exchange."""
        return self.recovered.sequencer.exchange

    def plain(self) -> dict[str, Any]:
        """Return it as JSON writes it."""
        return {
            "sequence": self.recovered.sequence,
            "record": plain_record(self.record, self.symbols) if self.record else None,
            "last_event": self.exchange.last_sequence,
            "last_execution": self.recovered.sequencer.last_execution,
            "state_hash": self.exchange.state_hash(),
            "replayed": self.recovered.records,
            "instruments": [
                {"symbol": symbol, "resting_orders": orders}
                | {side: [plain_rung(rung) for rung in rungs] for side, rungs in (("bids", bids), ("asks", asks))}
                for symbol, orders, bids, asks in self.books()
            ],
            "totals": {asset: self.exchange.total(asset) for asset in self.assets()},
            "accounts": [
                {
                    "account_id": account_id,
                    "balances": {
                        asset: {"available": balance.available, "reserved": balance.reserved}
                        for asset, balance in self.balances(account_id)
                    },
                }
                for account_id in self.accounts
            ],
        }

    def books(self) -> Iterator[tuple[str, int, list[Rung], list[Rung]]]:
        """Yield symbol, resting orders, and the best levels of both sides, of each instrument."""
        for instrument in self.exchange.instruments:
            book = self.exchange.market(instrument.symbol).order_book
            bids, asks = ([rung_of(level) for level in side] for side in book.depth(self.levels))
            yield instrument.symbol, book.total_orders(), bids, asks

    def assets(self) -> list[str]:
        """Return the assets of all instruments, in their order."""
        names = [asset for each in self.exchange.instruments for asset in (each.base, each.quote)]
        return list(dict.fromkeys(names))

    def balances(self, account_id: int) -> Iterator[tuple[str, Balance]]:
        """Yield what an account has of each asset."""
        for asset in self.assets():
            balance = self.exchange.balance(account_id, asset)
            if balance is not None:
                yield asset, balance

    def figures(self) -> Iterator[tuple[str, str]]:
        """Say where this is: pairs of a name and a text."""
        yield "record", line_of(self.record, self.symbols) if self.record else str(self.recovered.sequence)
        yield "last event", f"{self.exchange.last_sequence:,}"
        yield "execution", f"{self.recovered.sequencer.last_execution:,}"
        yield "state hash", self.exchange.state_hash()

    def lines(self, width: int, blocks: bool) -> Iterator[Line]:
        """Say what is in the books, and who has what."""
        for symbol, orders, bids, asks in self.books():
            yield Line("")
            yield Line(f"{symbol}  {orders} resting order{'' if orders == 1 else 's'}")
            yield from Ladder(bids, asks, width=width, blocks=blocks).lines()
        yield Line("")
        yield from map(Line, table(("", "total"), *((name, str(self.exchange.total(name))) for name in self.assets())))
        if self.accounts:
            yield Line("")
            yield from map(Line, table(("", "available", "reserved"), *self.balance_rows()))

    def balance_rows(self) -> Iterator[tuple[str, str, str]]:
        """Yield a row for each asset that an account has."""
        for account_id in self.accounts:
            for asset, balance in self.balances(account_id):
                yield f"account {account_id} {asset}", str(balance.available), str(balance.reserved)


def state_at(
    directory: DataDirectory, *, until: int | None, until_event: int | None, levels: int, accounts: Accounts
) -> State:
    """Return the state behind a record, or behind the one that made an event; without either, at the end."""
    require_within(directory, until, until_event)
    with Progress("bytes") as progress:
        recovered = recover(
            directory.path,
            event_capacity=1,
            fill_rings=False,
            until=until,
            until_event=until_event,
            live=directory.live,
            progress=lambda done, total: progress.update("replaying", done, done, total),
        )
    sequence = recovered.sequence
    records = directory.reader(after=sequence - 1, until=sequence).records() if sequence else iter(())
    record = next((record for record in records if record.sequence == sequence), None)
    known = account_ids(recovered.sequencer.exchange)
    if accounts is not None and (unknown := sorted(set(accounts) - set(known))):
        raise BadInput(f"there is no account {unknown[0]} at record {sequence}")
    symbols = tuple(each.symbol for each in recovered.sequencer.exchange.instruments)
    return State(recovered, record, symbols, levels, known if accounts is None else list(accounts))


def require_within(directory: DataDirectory, until: int | None, until_event: int | None) -> None:
    """Raise BadInput, naming what there is, for a state before the first or behind the last that can be had."""
    whole = directory.first_record() == 1
    oldest = min(directory.snapshots(), key=lambda header: header.sequence, default=None)
    if until is not None:
        last = directory.last_record()
        first = 1 if whole or oldest is None else oldest.sequence
        if not first <= until <= last:
            there = f"{first} to {last}" if last else "none"
            raise BadInput(f"there is no state at record {until}: {directory.path} has {there}")
    if until_event is not None and not whole and oldest is not None and until_event <= oldest.event_sequence:
        raise BadInput(
            f"there is no state at event {until_event}: {directory.path} has those behind {oldest.event_sequence}"
        )
