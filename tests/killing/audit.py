"""The audit of a journal: what is in it, and what clients say that they were answered, is the same.

The commands are carried out once more by the engine's oracle, in plain Python, which knows nothing of servers.
"""

from collections import Counter, deque
from pathlib import Path
from typing import Any

from orderbook import Instrument, OrderBookError
from orderbook.reference import Exchange
from orderbook_server.journal.layout import journal_folder
from orderbook_server.journal.reader import JournalReader, Record, RecordKind

from ..engine.helpers import RECORD, Command, Kind
from ..journal.writing import DEBIT, meaning
from ..server.line_words import event_line, exec_line, words
from .said import SYMBOLS, Said

ENDED = 3
INSTRUMENTS = tuple(Instrument(symbol, *symbol.split("-")) for symbol in SYMBOLS)
EVENTS_HELD = 1 << 17


class Audit:
    """Follows a journal from its first record, between the lives of the server.

    cancelling: accounts whose connections ask for cancel-on-disconnect.
    """

    def __init__(self, data_dir: Path, cancelling: set[int]) -> None:
        self.exchange = Exchange(INSTRUMENTS, event_capacity=EVENTS_HELD)
        self.cancelling = cancelling
        self.sequence = 0
        self.acknowledged = 0
        self.folder = journal_folder(data_dir)
        self.waiting: dict[int, deque[Said]] = {}
        self._least, self._most = Counter[str](), Counter[str]()
        self._event = 0
        self._starting = False
        self._hash: str | None = None

    def read(self, logs: dict[int, list[Said]], state_hash: str | None) -> None:
        """Read what is new in the journal of a server that is dead, which got and answered this.

        state_hash: what it said that it began with, behind the cancels of its start; None: it did not come so far.
        """
        self.waiting = {account: deque(log) for account, log in logs.items()}
        self._starting, self._hash = True, state_hash
        for log in logs.values():
            self._bound(log)
        for record in JournalReader(self.folder, after=self.sequence).records():
            assert record.sequence == self.sequence + 1
            self._take(record)
            self.sequence = record.sequence
        self._started()
        for queue in self.waiting.values():
            missing = [said for said in queue if said.acknowledged]
            assert not missing, f"acknowledged, and not in the journal: {missing[:3]}"
        for asset, least in self._least.items():
            assert least <= self.exchange.total(asset) <= self._most[asset], asset
        self.exchange.check()

    def check_feed(self, lines: list[str]) -> None:
        """See that these lines of the feed, which begin where the last ones ended, are the events of the oracle."""
        events = self.exchange.events(self._event, len(lines))
        for line, event in zip(lines, events, strict=True):
            assert line == words(event_line(event), INSTRUMENTS[event.instrument].symbol)
        self._event += len(lines)

    def _bound(self, log: list[Said]) -> None:
        """Note how much of each asset there must and may be by what clients know."""
        for said in log:
            command = said.command
            if command is None or command.kind not in (Kind.CREDIT, DEBIT) or (said.answer and not said.acknowledged):
                continue
            for asset, amount in zip(SYMBOLS[command.instrument].split("-"), command[7:9], strict=True):
                sign = 1 if command.kind == Kind.CREDIT else -1
                self._least[asset] += sign * amount if said.acknowledged or sign < 0 else 0
                self._most[asset] += sign * amount if said.acknowledged or sign > 0 else 0

    def _take(self, record: Record) -> None:
        """Carry a record out, and compare the answer."""
        if record.kind is RecordKind.INSTRUMENTS:
            assert record.sequence == 1
        elif record.kind is RecordKind.STATE:
            self._started()
            assert record.data == bytes.fromhex(self.exchange.state_hash())
        elif record.kind is RecordKind.SESSION:
            if record.code != ENDED:
                self._started()
        else:
            self._take_command(record, meaning(Command(*RECORD.unpack(bytes(record)))))

    def _take_command(self, record: Record, command: Command) -> None:
        if record.session == 0 and command.kind == Kind.CANCEL and command.account_id in self.cancelling:
            assert carried_out(self.exchange, command).startswith("CANCELED ")  # by the server
            return
        self._started()
        said = self._said(command)
        answer = carried_out(self.exchange, command)
        if said.answer is not None:
            assert answer == said.answer, said
            self.acknowledged += 1

    def _said(self, command: Command) -> Said:
        """Return what a client said that is in the journal now, by the order in which it said things."""
        queue = self.waiting[command.account_id]
        while queue:
            said = queue.popleft()
            if said.command is not None and meaning(said.command) == command:
                return said
            assert not said.acknowledged, f"{command} is where {said} must be"
            assert said.answer is not None or not said.always_kept, f"{command} is behind {said}, which is not there"
        raise AssertionError(f"nobody said {command}")

    def _started(self) -> None:
        """Compare what a server said that it began with, once, behind what it did at its start."""
        if self._starting and self._hash is not None:
            assert self._hash == self.exchange.state_hash()
            for account in self.cancelling:
                assert not any(self.exchange.open_orders(symbol, account) for symbol in SYMBOLS)
        self._starting = False


def carried_out(exchange: Any, command: Command) -> str:
    """Carry a command out; return how a line with it is answered."""
    market = exchange.market(SYMBOLS[command.instrument])
    account, order_id = command.account_id, command.order_id
    price = command.price if command.flags else None
    try:
        if command.kind == Kind.NEW:
            return exec_line(
                market.submit(account, order_id, command.side, command.order_type, price, command.quantity)
            )
        if command.kind == Kind.MODIFY:
            result = market.modify_order(account, order_id, command.quantity, price)
            return "OK" if price is None else exec_line(result)
        if command.kind == Kind.CANCEL:
            return words("CANCELED", market.cancel_order(account, order_id))
        if command.kind == Kind.CANCEL_ALL:
            return words("CANCELED_ALL", market.cancel_all(account))
        change = market.credit_account if command.kind == Kind.CREDIT else market.debit_account
        change(account, command.price, command.quantity)
        return words("BAL", account, *market.account_snapshot(account))
    except OrderBookError as error:
        return f"ERR {error.code}"
