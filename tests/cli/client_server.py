"""What the tests of the client commands share: running them, and a market of one's own."""

from typing import NamedTuple

from click.testing import CliRunner, Result

from agents.gateways.grpc import BlockingOrderBookClient
from obctl.main import main
from orderbook import OrderType, Side

U64_MAX = 2**64 - 1
NEW = ("order", "new", "--account", 1, "--side", "bid", "--price", 100, "--quantity", 5)
NO_SETTINGS = dict.fromkeys(
    ("OBCTL_ENDPOINT", "GRPC_ENDPOINT", "OBCTL_TOKEN", "SYMBOL", "TLS_CA", "TLS_CERT", "TLS_KEY", "COLUMNS", "NO_COLOR")
)


def client_command(*words: object, **environment: str) -> Result:
    """Run obctl in this process, without the settings of whoever runs the tests."""
    env: dict[str, str | None] = NO_SETTINGS | environment
    return CliRunner(env=env).invoke(main, [str(word) for word in words], prog_name="obctl")


class Market(NamedTuple):
    """An instrument that no other test trades, and the way to it."""

    symbol: str
    endpoint: str
    client: BlockingOrderBookClient

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which commands mean this market."""
        return {"OBCTL_ENDPOINT": self.endpoint, "SYMBOL": self.symbol}

    def obctl(self, *words: object, status: int = 0) -> str:
        """Run obctl, expect its exit status; return what it printed, on standard error where it failed."""
        result = client_command(*words, **self.environment)
        assert result.exit_code == status, result.output
        assert bool(result.stderr) == bool(status), result.stderr
        return result.stderr if status else result.stdout

    def credit(self, *accounts: int) -> None:
        """Make accounts rich."""
        for account in accounts:
            self.client.credit_account(account, 1_000_000, 1_000_000_000, symbol=self.symbol)

    def rest(self, account: int, order_id: int, side: Side, price: int, quantity: int) -> None:
        """Put an order into the book."""
        self.client.submit_order(account, order_id, side, OrderType.LIMIT, price, quantity, symbol=self.symbol)

    def small_book(self) -> None:
        """Put four orders at three prices into the book: ids 11, 12 and 13 of account 1, 21 of account 2."""
        self.credit(1, 2)
        self.rest(1, 11, Side.BID, 99, 40)
        self.rest(1, 12, Side.BID, 99, 2)
        self.rest(1, 13, Side.BID, 98, 7)
        self.rest(2, 21, Side.ASK, 103, 20)
