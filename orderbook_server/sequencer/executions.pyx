"""Executions as Python sees them: what happened to an account's orders and commands."""

from enum import IntEnum

from orderbook.errors import SequenceGone
from orderbook_server.sequencer.execution_log cimport execution_log_at, execution_log_oldest


class ExecutionKind(IntEnum):
    """What happened; the values are those of the wire's fields `accepted` … `refused`, from 1."""

    ACCEPTED = 1
    FILLED = 2
    CANCELED = 3
    REFUSED = 4


class CancelReason(IntEnum):
    """Why lots were taken off an order that did not trade; the values are the wire's."""

    REQUESTED = 1
    SELF_TRADE = 2
    UNFILLED = 3


cdef class Execution:
    """One execution of an account; AccountEvent in orderbook.proto says which kind has which fields.

    Fields that its kind does not have are 0, None or False. Prices are in ticks, quantities in lots, the time is in
    nanoseconds since 1970.
    """

    def __init__(self):
        raise TypeError("executions come from Sequencer.executions")

    @property
    def timestamp(self):
        """When the command that caused it was put in order."""
        return self.record.timestamp

    @property
    def instrument(self):
        """The position of its instrument in the configuration."""
        return self.record.instrument

    @property
    def order_id(self):
        """The account's order; 0 where a CANCEL_ALL was refused."""
        return self.record.order_id

    @property
    def kind(self):
        """An ExecutionKind, as int."""
        return self.record.kind

    @property
    def command(self):
        """Of ACCEPTED and REFUSED: the kind of the command, as in a COMMAND record."""
        return self.record.command

    @property
    def side(self):
        """Of ACCEPTED, FILLED and CANCELED: the side of the account's order, as int."""
        return self.record.side

    @property
    def order_type(self):
        """Of ACCEPTED: its type, as int; of a MODIFY, LIMIT."""
        return self.record.order_type

    @property
    def price(self):
        """Of ACCEPTED and CANCELED: the order's, None for a MARKET order; of FILLED: the maker's."""
        return self.record.price if self.record.has_price else None

    @property
    def quantity(self):
        """Lots: of ACCEPTED the order's, of FILLED those traded, of CANCELED those taken off."""
        return self.record.quantity

    @property
    def open_quantity(self):
        """Of FILLED and CANCELED: what is open of the order after it."""
        return self.record.open_quantity

    @property
    def counter_order_id(self):
        """Of FILLED: the order that it traded with."""
        return self.record.counter_order_id

    @property
    def maker(self):
        """Of FILLED: whether the account's order was the one that rested."""
        return self.record.maker != 0

    @property
    def cancel_reason(self):
        """Of CANCELED: a CancelReason, as int."""
        return self.record.reason if self.record.kind == ExecutionKind.CANCELED else 0

    @property
    def refusal(self):
        """Of REFUSED: the number of the error."""
        return self.record.reason if self.record.kind == ExecutionKind.REFUSED else 0


cdef Execution new_execution(const ExecutionRecord *record, uint64_t sequence):
    cdef Execution execution = Execution.__new__(Execution)
    execution.sequence = sequence
    execution.record = record[0]
    return execution


cdef uint64_t first_after(const ExecutionLog *log, uint32_t account, uint64_t after) except? 0:
    """Return the number of an account's first execution behind `after`, 0 where there is none; raise SequenceGone."""
    cdef uint64_t oldest = execution_log_oldest(log)
    cdef uint64_t number = log.newest[account]
    cdef uint64_t back
    if number <= after:
        return 0
    if after >= oldest and execution_log_at(log, after).account == account:
        return after + execution_log_at(log, after).on
    while number >= oldest:
        back = execution_log_at(log, number).back
        if back == 0 or back >= number - after:
            return number
        number -= back
    raise SequenceGone(f"executions of the account after {after} are no longer held")
