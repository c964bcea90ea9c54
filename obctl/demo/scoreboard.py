"""How the traders stand, as the exchange has written it down: read from its accounts' executions as they come."""

from dataclasses import dataclass

from obctl.demo.picture import Standing
from orderbook import Side
from orderbook_server.sequencer.executions import Execution, ExecutionKind
from orderbook_server.sequencer.sequencer import Sequencer
from orderbook_wire.v1 import orderbook_pb2 as wire

READ_AT_ONCE = 10_000  # executions


@dataclass(slots=True)
class _Account:
    """Sums over an account's executions up to number `last`."""

    last: int = 0
    orders: int = 0
    refused: int = 0
    fills: int = 0
    inventory: int = 0
    cash: int = 0

    def add(self, execution: Execution) -> None:
        """Count one more."""
        self.last = execution.sequence
        if execution.kind == ExecutionKind.ACCEPTED and execution.command == wire.COMMAND_KIND_NEW:
            self.orders += 1
        elif execution.kind == ExecutionKind.REFUSED and execution.command == wire.COMMAND_KIND_NEW:
            self.refused += 1  # an order; one that is gone when it is to be cancelled was no refusal
        elif execution.kind == ExecutionKind.FILLED:
            assert execution.price is not None
            lots = execution.quantity if execution.side == Side.BID else -execution.quantity
            self.fills += 1
            self.inventory += lots
            self.cash -= lots * execution.price


class Scoreboard:
    """Tells how accounts of an exchange in this process stand."""

    def __init__(self, sequencer: Sequencer) -> None:
        self._sequencer = sequencer
        self._accounts: dict[int, _Account] = {}

    def standing(self, name: str, account_id: int) -> Standing:
        """Return how an account stands now."""
        account = self._accounts.setdefault(account_id, _Account())
        while executions := self._sequencer.executions(account_id, account.last, READ_AT_ONCE):
            for execution in executions:
                account.add(execution)
        return Standing(
            name, account_id, account.orders, account.refused, account.fills, account.inventory, account.cash
        )
