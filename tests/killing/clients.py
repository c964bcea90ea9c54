"""Clients, each in a thread of its own, that say things until the server is gone, and note what they were answered."""

from collections import deque
from collections.abc import Callable
from threading import Event, Thread

from agents.errors import ClientError
from agents.gateways.grpc import BlockingOrderBookClient, Execution
from orderbook import OrderBookError, Side
from tests.server.clients import LineClient

from ..engine.helpers import PRICE_PRESENT, Kind
from ..server.line_words import exec_line, words
from .said import SYMBOLS, Said, Speaker

MOST_AHEAD = 200  # lines whose answers were not read yet
AT_ONCE = 40
MOST = 1500  # things that one client says to one server
REPEATED = 300  # executions that are read again from the next server
GONE = (OSError, EOFError)
LAST_WORD = "BYE"  # of a server that ends in order


class Client:
    """Something that runs until the server is gone; what went wrong is raised by `join`."""

    def __init__(self, run: Callable[[], None]) -> None:
        self.problem: BaseException | None = None
        self._run = run
        self._thread = Thread(target=self._guarded, daemon=True)
        self._thread.start()

    def _guarded(self) -> None:
        try:
            self._run()
        except BaseException as problem:
            self.problem = problem

    def join(self) -> None:
        """Wait for the end; raise what went wrong."""
        self._thread.join(60)
        assert not self._thread.is_alive(), "a client does not see that its server is gone"
        if self.problem:
            raise self.problem


def line_client(address: str) -> LineClient:
    host, _, port = address.rpartition(":")
    return LineClient(host, int(port))


def speak_lines(address: str, speaker: Speaker, cancels: bool, log: list[Said]) -> None:
    """Send lines over TCP, many before their answers; with `cancels`, ask for cancel-on-disconnect first."""
    answered = 0
    try:
        with line_client(address) as client:
            begin = [*([Said("D ON")] if cancels else []), *speaker.begin()]
            while True:
                room = MOST_AHEAD - (len(log) - answered)
                count = min(speaker.random.randrange(AT_ONCE), room, MOST - len(log))
                chunk = begin or [speaker.draw() for _ in range(count)]
                begin = []
                log += chunk
                client.send(*(said.line for said in chunk))
                for _ in range(max(1, speaker.random.randint(0, len(log) - answered))):
                    line = client.line()  # where all was answered, this waits for the end
                    if line == LAST_WORD:
                        return
                    log[answered].answer = line
                    answered += 1
    except GONE:
        return


def speak_calls(address: str, speaker: Speaker, log: list[Said]) -> None:
    """Say the same over gRPC, one after the other."""
    try:
        with BlockingOrderBookClient.connect(address) as client:
            for said in [*speaker.begin(), *(speaker.draw() for _ in range(MOST))]:
                if said.command is not None:
                    log.append(said)
                    said.answer = call(client, said)
    except ClientError:
        return


def call(client: BlockingOrderBookClient, said: Said) -> str:
    """Carry out one command; return the answer as a line would be answered."""
    command = said.command
    assert command
    price = command.price if command.flags & PRICE_PRESENT else None
    account, order_id, symbol = command.account_id, command.order_id, SYMBOLS[command.instrument]
    try:
        if command.kind == Kind.NEW:
            order = Side(command.side), command.order_type, price, command.quantity
            return exec_line(client.submit_order(account, order_id, *order, symbol=symbol))
        if command.kind == Kind.MODIFY:
            result = client.modify_order(account, order_id, command.quantity, price, symbol=symbol)
            return "OK" if price is None else exec_line(result)
        if command.kind == Kind.CANCEL:
            return words("CANCELED", client.cancel_order(account, order_id, symbol=symbol))
        if command.kind == Kind.CANCEL_ALL:
            return words("CANCELED_ALL", client.cancel_all(account, symbol=symbol))
        change = client.credit_account if command.kind == Kind.CREDIT else client.debit_account
        return words("BAL", account, *change(account, command.price, command.quantity, symbol=symbol))
    except OrderBookError as error:
        return f"ERR {error.code}"


class Feed:
    """The public feed over all lives of the server, by sequence: nothing is missing, nothing comes twice."""

    def __init__(self) -> None:
        self.lines: list[str] = []  # since the last audit
        self.last = 0

    def follow(self, address: str) -> None:
        """Read on over TCP until the server is gone."""
        try:
            with line_client(address) as client:
                answer = client.ask(f"F FROM {self.last}")
                assert answer == "SUBSCRIBED", answer
                while True:
                    line = client.line()
                    if line == LAST_WORD:
                        return
                    assert line.startswith("EVENT "), line
                    sequence = int(line.split()[1])
                    assert sequence == self.last + 1, f"{line!r} comes behind {self.last}"
                    self.lines.append(line)
                    self.last = sequence
        except GONE:
            return


class AccountFeed:
    """An account's executions over all lives of the server: those that come again are the same.

    `up_to_date`: whether all came that had happened when the server was first asked.
    """

    def __init__(self, account: int) -> None:
        self.account = account
        self.up_to_date = Event()
        self._seen: deque[Execution] = deque(maxlen=REPEATED)
        self._goal = 0

    def follow(self, address: str) -> None:
        """Read some of what the last server said again, and then on until this one is gone."""
        self.up_to_date.clear()
        again = list(self._seen)
        before = again[0].sequence - 1 if again else 0
        try:
            with (
                BlockingOrderBookClient.connect(address) as client,
                client.stream_account_events(self.account, before) as stream,
            ):
                self._goal = client.open_orders(self.account).account_sequence
                self._look()
                for place, execution in enumerate(stream):
                    if place < len(again):
                        assert execution == again[place]
                    else:
                        self._take(execution)
        except ClientError:
            return

    def _take(self, execution: Execution) -> None:
        assert not self._seen or execution.sequence > self._seen[-1].sequence
        self._seen.append(execution)
        self._look()

    def _look(self) -> None:
        if self._seen and self._seen[-1].sequence >= self._goal:
            self.up_to_date.set()
