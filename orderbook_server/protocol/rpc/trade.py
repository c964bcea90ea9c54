"""Trade: batches of commands, as messages or as COMMAND records, and their answers."""

import struct
from collections.abc import Callable, Iterator
from time import monotonic_ns
from typing import Any

from orderbook import InvalidCommand
from orderbook_server.protocol.desk import Desk
from orderbook_server.protocol.rpc.common import Malformed, refuse
from orderbook_server.protocol.rpc.orders import Orders
from orderbook_server.sequencer.sessions import Session
from orderbook_wire.v1 import orderbook_pb2 as wire

RECORD_ACCOUNT = struct.Struct("<8xQ32x")  # of a COMMAND record, its account_id
RECORD_BYTES = RECORD_ACCOUNT.size
MESSAGES_MAX = 10_000  # commands as messages in a batch: reading them alone is a turn of some length
TURN_NS = 5_000_000  # that a batch may go on, give or take a command, while others wait


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


def has_credits(request: wire.TradeRequest) -> bool:
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


class Trading:
    """Carries out batches that `check` has let pass."""

    def __init__(self, desk: Desk, orders: Orders) -> None:
        self._sequencer = desk.sequencer
        self._orders: dict[str, Callable[[Any, Any, Session | None], None]] = {
            "new_order": orders.new_order,
            "modify_order": orders.modify_order,
            "cancel_order": orders.cancel_order,
            "cancel_all": orders.cancel_all,
        }

    def run(
        self, request: wire.TradeRequest, response: wire.TradeResponse, session: Session | None = None
    ) -> Iterator[None]:
        """Carry out a batch, and yield wherever others should have their turn: a command may walk a whole book.

        session: to which the orders of the stream belong, if they are to end with it.
        """
        if request.records:
            yield from self._run_records(request.records, response.result, session)
        late = monotonic_ns() + TURN_NS
        for command in request.commands:
            if monotonic_ns() >= late:
                yield
                late = monotonic_ns() + TURN_NS
            self._run_one(command, response.answers.add(), session)

    def _run_records(self, records: bytes, answer: wire.BatchResult, session: Session | None) -> Iterator[None]:
        """Carry out a batch of records."""
        count, done = len(records) // RECORD_BYTES, 0
        while True:
            result = self._sequencer.process(records, session, begin=done, call_ns_max=TURN_NS)
            answer.status += bytes(result.status)
            answer.unfilled += bytes(result.unfilled)
            answer.fills += bytes(result.fills)
            done += len(result.status)
            if done == count:
                return
            yield

    def _run_one(self, command: wire.TradeCommand, answer: wire.TradeAnswer, session: Session | None) -> None:
        """Carry out one command, and put the answer where it belongs: into the field with the command's name."""
        kind = command.WhichOneof("command")
        if kind is None:
            answer.refused.error_message = InvalidCommand.code
            return
        response = getattr(answer, kind)
        try:
            self._orders[kind](getattr(command, kind), response, session)
        except Malformed:  # one of many: the others have their answers, and so has this one
            refuse(response, InvalidCommand.code)
