"""What clients say to a server, and what they were answered."""

from dataclasses import dataclass
from itertools import count
from random import Random

from orderbook import OrderType, Side

from ..engine.helpers import Command, Kind, cancel, modify, new
from ..journal.writing import DEBIT
from ..server.line_words import words

SYMBOLS = ("BTC-USD", "ETH-USD")
BASE, QUOTE = 10_000, 1_000_000  # that an account is given at a time
PRICES = range(95, 106)
TYPES = [OrderType.LIMIT] * 6 + list(OrderType)
REMEMBERED = 30  # orders that may be changed or taken back
REFUSED = "ERR "
ALWAYS_KEPT = (Kind.NEW, Kind.MODIFY, Kind.CANCEL, Kind.CANCEL_ALL)  # of a known account: it is told of refusals, too


@dataclass(slots=True)
class Said:
    """A line, the command that it means, None for what is never kept, and the answer, None until there is one."""

    line: str
    command: Command | None = None
    answer: str | None = None

    @property
    def always_kept(self) -> bool:
        """Whether it is in the journal once it was carried out, whatever the answer."""
        return self.command is not None and self.command.kind in ALWAYS_KEPT

    @property
    def acknowledged(self) -> bool:
        """Whether it must be in the journal, by what the client knows."""
        if self.command is None or self.answer is None:
            return False
        return self.always_kept or not self.answer.startswith(REFUSED)


class Speaker:
    """Draws what an account says, over all its connections; its order ids are used once."""

    def __init__(self, account: int, random: Random) -> None:
        self.account = account
        self.random = random
        self.instrument = 0
        self._ids = count(account * 10**12 + 1)
        self._orders = [next(self._ids)]

    def begin(self) -> list[Said]:
        """Return what comes first on a connection: its instrument is the first one, and the account is known."""
        self.instrument = 0
        return [self.credit(BASE, QUOTE)]

    def draw(self) -> Said:
        """Return the next thing to say."""
        kinds = [self.new] * 12 + [self.modify] * 3 + [self.cancel] * 3 + [self.cancel_all, self.money, self.question]
        return self.random.choice(kinds)()

    def new(self) -> Said:
        order_id = next(self._ids)
        self._orders = [*self._orders[-REMEMBERED:], order_id]
        if self.random.randrange(20) == 0:
            order_id = self.random.choice(self._orders)  # perhaps refused
        side, order_type = self.random.choice(list(Side)), self.random.choice(TYPES)
        price, quantity = self.random.choice(PRICES), self.random.randrange(30)
        line = words("N", self.account, order_id, side, price, quantity, order_type)
        price_kept = None if order_type is OrderType.MARKET else price
        return self._said(line, new(order_id, side, order_type, price_kept, quantity))

    def modify(self) -> Said:
        order_id, quantity = self.random.choice(self._orders), self.random.randrange(1, 30)
        price = self.random.choice([None, self.random.choice(PRICES)])
        line = words("M", self.account, order_id, quantity, *([] if price is None else [price]))
        return self._said(line, modify(order_id, quantity, price))

    def cancel(self) -> Said:
        order_id = self.random.choice(self._orders)
        return self._said(words("C", self.account, order_id), cancel(order_id))

    def cancel_all(self) -> Said:
        if self.random.randrange(4):
            return self.cancel()
        return self._said(words("X", self.account), Command(Kind.CANCEL_ALL))

    def money(self) -> Said:
        amount = self.random.choice([0, 1, 500, 1 << 40])
        return self.credit(amount, BASE) if self.random.random() < 0.5 else self.debit(amount, 3)

    def credit(self, base: int, quote: int) -> Said:
        return self._said(words("A", self.account, base, quote), Command(Kind.CREDIT, price=base, quantity=quote))

    def debit(self, base: int, quote: int) -> Said:
        return self._said(words("W", self.account, base, quote), Command(DEBIT, price=base, quantity=quote))

    def question(self) -> Said:
        """Ask, mumble, or go to the other instrument."""
        if self.random.random() < 0.3:
            self.instrument = 1 - self.instrument
            return Said(words("U", SYMBOLS[self.instrument]))
        return Said(
            self.random.choice([words("B", self.account), "P", "L 3", "N 1", "what", words("A", self.account, "x")])
        )

    def _said(self, line: str, command: Command) -> Said:
        return Said(line, command._replace(account_id=self.account, instrument=self.instrument))
