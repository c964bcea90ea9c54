"""Trade: batches of commands, as messages or as COMMAND records, and their answers."""

import struct
from collections.abc import Callable, Iterator
from typing import Any

from orderbook import BatchResult, InvalidCommand
from orderbook_server.protocol.rpc.common import Desk, Malformed, refused
from orderbook_server.protocol.rpc.orders import Orders
from orderbook_server.sequencer.sequencer import Session
from orderbook_wire.v1 import orderbook_pb2 as wire

RECORD_ACCOUNT = struct.Struct("<8xQ32x")  # of a COMMAND record, its account_id
RECORD_BYTES = RECORD_ACCOUNT.size


def command_count(request: wire.TradeRequest) -> int:
    """Return how many commands a batch has, in either form."""
    return len(request.commands) + len(request.records) // RECORD_BYTES


def accounts_of(request: wire.TradeRequest) -> Iterator[int]:
    """Yield the accounts that a batch names, some more than once; in a batch that is malformed, too."""
    for command in request.commands:
        kind = command.WhichOneof("command")
        if kind:
            yield getattr(command, kind).account_id
    records = memoryview(request.records)
    for (account_id,) in RECORD_ACCOUNT.iter_unpack(records[: len(records) // RECORD_BYTES * RECORD_BYTES]):
        yield account_id


def credits(request: wire.TradeRequest) -> bool:
    """Tell whether a batch gives anybody money: only records can."""
    return wire.COMMAND_KIND_CREDIT in request.records[::RECORD_BYTES]


def check(request: wire.TradeRequest, *, first: bool) -> None:
    """Raise Malformed where a request is no batch; first: whether it is the first of its stream."""
    if request.commands and request.records:
        raise Malformed("a batch has either commands or records")
    if len(request.records) % RECORD_BYTES:
        raise Malformed(f"records must be of {RECORD_BYTES} bytes each, and these are {len(request.records)} bytes")
    if request.HasField("options") and not first:
        raise Malformed("options belong into the first request")


def batch_result(result: BatchResult) -> wire.BatchResult:
    """Return the results of records."""
    return wire.BatchResult(
        status=bytes(result.status), unfilled=bytes(result.unfilled), fills=bytes(result.fills)
    )


class Trading:
    """Carries out batches that `check` has let pass."""

    def __init__(self, desk: Desk, orders: Orders) -> None:
        self._sequencer = desk.sequencer
        self._orders = orders
        self._answers: dict[str | None, Callable[[Any, Session | None], wire.TradeAnswer]] = {
            "new_order": self._new_order,
            "modify_order": lambda command, session: wire.TradeAnswer(modify_order=orders.modify_order(command, session)),
            "cancel_order": lambda command, _: wire.TradeAnswer(cancel_order=orders.cancel_order(command)),
            "cancel_all": lambda command, _: wire.TradeAnswer(cancel_all=orders.cancel_all(command)),
        }

    def _new_order(self, request: wire.NewOrderRequest, session: Session | None) -> wire.TradeAnswer:
        try:
            return wire.TradeAnswer(new_order=self._orders.new_order(request, session))
        except Malformed:  # one of many: the others have their answers, and so has this one
            return wire.TradeAnswer(new_order=wire.NewOrderResponse(status=refused(InvalidCommand.code)))

    def run(self, request: wire.TradeRequest, session: Session | None = None) -> wire.TradeResponse:
        """Carry out a batch; session: to which the orders of the stream belong, if they are to end with it."""
        if request.records:
            return wire.TradeResponse(result=batch_result(self._sequencer.process(request.records, session)))
        return wire.TradeResponse(answers=[self._answer(command, session) for command in request.commands])

    def _answer(self, command: wire.TradeCommand, session: Session | None) -> wire.TradeAnswer:
        kind = command.WhichOneof("command")
        if kind is None:
            return wire.TradeAnswer(refused=refused(InvalidCommand.code))
        return self._answers[kind](getattr(command, kind), session)
