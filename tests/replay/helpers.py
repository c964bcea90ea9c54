"""What the tests of `obctl replay` share: running it, and random order flow beside what the engine makes of it."""

import json
import random
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from obctl.main import main
from orderbook import MatchingEngine, OrderBookError, OrderType, Side

HEADER = "timestamp,action,order_id,side,price,quantity,order_type"


def obctl(*arguments: object, data: bytes | str | None = None) -> Result:
    """Run obctl in this process; return its output and exit status."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=data, prog_name="obctl")


def replay(*arguments: object, data: bytes | str | None = None, status: int = 0) -> dict[str, Any]:
    """Run `obctl replay … --json`, expect its exit status, and return the summary."""
    result = obctl("replay", *arguments, "--json", data=data)
    assert result.exit_code == status, result.output
    summary: dict[str, Any] = json.loads(result.stdout)
    return summary


def write_csv(path: Path, rows: list[str], header: str = HEADER) -> Path:
    """Write a CSV file; return its path."""
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


class Flow:
    """Random commands of every kind, as lines of CSV and as calls of the engine. Some are refused."""

    def __init__(self, count: int, seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.engine = MatchingEngine(event_capacity=100 * count)
        self.lines: list[str] = []
        self.refused: dict[str, int] = {}
        self.clamped = 0
        self.depths: list[Any] = []  # after each command
        self.event_rows: list[tuple[int, Any]] = []  # the row that caused it, the event
        for row in range(1, count + 1):
            before = self.engine.last_sequence
            try:
                self.one(row)
            except OrderBookError as error:
                self.refused[error.code] = self.refused.get(error.code, 0) + 1
            self.depths.append(self.engine.order_book.depth(3))
            self.event_rows += [(row, event) for event in self.engine.events(before)]

    def one(self, row: int) -> None:
        """Draw one command, write its line, and let the engine run it."""
        order_id = self.random.randint(1, 60)
        side = self.random.choice((Side.BID, Side.ASK))
        price = 1000 + self.random.randint(-5, 5)
        quantity = self.random.randint(1, 50)
        choice = self.random.random()
        if choice < 0.15:
            self.lines.append(f"{row},CANCEL,{order_id},,,,")
            self.engine.cancel_order(order_id)
        elif choice < 0.25:
            self.lines.append(f"{row},CANCEL,{order_id},,,{quantity},")
            order = self.engine.order_book.order(order_id)
            self.clamped += order is not None and quantity > order.quantity
            if order is not None and quantity < order.quantity:
                self.engine.modify_order(order_id, order.quantity - quantity)
            else:
                self.engine.cancel_order(order_id)
        elif choice < 0.35:
            self.lines.append(f"{row},MODIFY,{order_id},,{price},{quantity},")
            self.engine.modify_order(order_id, quantity, price)
        else:
            kind = self.random.choices(list(OrderType), weights=(1, 10, 2, 2, 2))[0]
            shown = "" if kind is OrderType.MARKET else str(price)
            self.lines.append(f"{row},ADD,{order_id},{side.name},{shown},{quantity},{kind.name}")
            self.engine.submit(order_id, side, kind, None if kind is OrderType.MARKET else price, quantity)

    def save(self, path: Path) -> Path:
        """Write the commands as CSV; return the path."""
        return write_csv(path, self.lines)
