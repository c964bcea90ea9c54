"""What is written down of each command beside the engine's events: executions of the accounts, and counts.

The engine calls `take_event` in the middle of a command, as its sink; `begin_command` and `finish_command` stand around
the command. An event means that the command passed all checks, so the first one writes ACCEPTED. A trade is told when
the event of its maker follows, which says what is open of it. What the engine has no event for, as it happens to the
taker alone (lots dropped or decremented), is told from what the matcher counts.
"""

from libc.stdint cimport uint32_t, uint64_t

from orderbook.accounts cimport account_find
from orderbook.matching cimport Matcher
from orderbook.records cimport (
    ACCEPTED, BOOK_ADDED, BOOK_REMOVED, BOOK_UPDATED, CANCEL, CANCEL_ALL, CAPACITY_EXCEEDED, FILL_OR_KILL, HAS_PRICE,
    LIMIT, MARKET, MODIFY, NEW, REJECTION, SELF_TRADE, TRADE, Command, Event, Order,
)
from orderbook_server.sequencer.execution_log cimport (
    CANCEL_REQUESTED, CANCEL_SELF_TRADE, CANCEL_UNFILLED, EXECUTION_ACCEPTED, EXECUTION_CANCELED, EXECUTION_FILLED,
    EXECUTION_REFUSED, Execution, ExecutionLog, execution_log_append,
)


cdef enum:
    CODES = 19                 # of refusals, 0 accepted
    JOURNAL_FULL = 18          # the one that is not the engine's


cdef struct Tally:             # of one instrument
    uint64_t outcomes[CODES]   # NEW commands by their Code
    uint64_t killed            # FILL_OR_KILL among those accepted
    uint64_t trades
    uint64_t volume            # lots
    uint64_t added
    uint64_t updated
    uint64_t removed


cdef struct Recorder:
    ExecutionLog log
    Matcher *markets
    Tally *tallies             # one per instrument
    const Command *command     # at hand; NULL between commands
    bint accepted              # it is written down that it was
    uint64_t traded            # lots of a trade that waits for the event of its maker, 0 none
    int side                   # of the taker
    uint64_t price             # of the taker, where it has one
    uint64_t open              # lots of the taker
    uint64_t prevented         # lots that self-trade prevention took off it, as far as written down


cdef inline Execution *append(Recorder *recorder, uint32_t account, int kind, uint32_t instrument,
                              uint64_t order_id) noexcept nogil:
    """Begin a record; its other fields are 0."""
    cdef Execution *execution = execution_log_append(&recorder.log, account)
    execution.timestamp = recorder.markets[instrument].timestamp
    execution.order_id = order_id
    execution.counter_order_id = execution.price = execution.quantity = execution.open_quantity = 0
    execution.instrument = instrument
    execution.kind = kind
    execution.command = execution.side = execution.order_type = 0
    execution.has_price = execution.maker = execution.reason = 0
    return execution


cdef inline void write_accepted(Recorder *recorder, Matcher *matcher, const Order *order) noexcept nogil:
    """Write down that the command at hand passed all checks; `order`: of a MODIFY, the order as the event shows it."""
    cdef const Command *command = recorder.command
    cdef bint new = command.kind == NEW
    cdef Execution *execution = append(
        recorder, matcher.money.account, EXECUTION_ACCEPTED, matcher.instrument, command.order_id,
    )
    recorder.accepted = True
    recorder.side = command.side if new else order.side
    recorder.price = command.price if new or command.flags & HAS_PRICE else order.price
    recorder.open = command.quantity
    recorder.prevented = 0
    execution.command = command.kind
    execution.side = recorder.side
    execution.order_type = command.order_type if new else <int>LIMIT
    execution.has_price = execution.order_type != MARKET
    execution.price = recorder.price if execution.has_price else 0
    execution.quantity = command.quantity


cdef inline void write_canceled(Recorder *recorder, Matcher *matcher, uint32_t account, uint64_t order_id, int side,
                                bint has_price, uint64_t price, uint64_t quantity, uint64_t open_quantity,
                                int reason) noexcept nogil:
    """Write down that lots were taken off an order."""
    cdef Execution *execution = append(recorder, account, EXECUTION_CANCELED, matcher.instrument, order_id)
    execution.side = side
    execution.has_price = has_price
    execution.price = price if has_price else 0
    execution.quantity = quantity
    execution.open_quantity = open_quantity
    execution.reason = reason


cdef inline void write_taker_canceled(Recorder *recorder, Matcher *matcher, uint64_t quantity,
                                      int reason) noexcept nogil:
    """Write down that lots of the taker were dropped."""
    cdef const Command *command = recorder.command
    recorder.open -= quantity
    write_canceled(
        recorder, matcher, matcher.money.account, command.order_id, recorder.side,
        not (command.kind == NEW and command.order_type == MARKET), recorder.price, quantity, recorder.open, reason,
    )


cdef inline void write_filled(Recorder *recorder, Matcher *matcher, const Order *maker,
                              uint64_t maker_open) noexcept nogil:
    """Write down the trade at hand: for the maker, then for the taker."""
    cdef uint64_t taker_id = recorder.command.order_id
    cdef Execution *execution = append(recorder, maker.account, EXECUTION_FILLED, matcher.instrument, maker.id)
    execution.counter_order_id = taker_id
    execution.has_price = 1
    execution.price = maker.price
    execution.quantity = recorder.traded
    execution.open_quantity = maker_open
    execution.side = maker.side
    execution.maker = 1
    recorder.open -= recorder.traded
    execution = append(recorder, matcher.money.account, EXECUTION_FILLED, matcher.instrument, taker_id)
    execution.counter_order_id = maker.id
    execution.has_price = 1
    execution.price = maker.price
    execution.quantity = recorder.traded
    execution.open_quantity = recorder.open
    execution.side = recorder.side
    recorder.traded = 0


cdef inline void write_prevented(Recorder *recorder, Matcher *matcher, const Order *maker, uint64_t maker_lost,
                                 uint64_t maker_open) noexcept nogil:
    """Write down what self-trade prevention took off a maker, and off the taker by the same step."""
    cdef uint64_t taker_lost = matcher.money.prevented - recorder.prevented
    if maker_lost:
        write_canceled(
            recorder, matcher, maker.account, maker.id, maker.side, True, maker.price, maker_lost, maker_open,
            CANCEL_SELF_TRADE,
        )
    if taker_lost:
        write_taker_canceled(recorder, matcher, taker_lost, CANCEL_SELF_TRADE)
        recorder.prevented = matcher.money.prevented


cdef inline void take_book_event(Recorder *recorder, Matcher *matcher, const Event *event,
                                 const Order *order) noexcept nogil:
    """Take a change of the book in the middle of a NEW or MODIFY."""
    cdef bint gone = event.kind == BOOK_REMOVED
    if recorder.traded:
        write_filled(recorder, matcher, order, 0 if gone else event.quantity)
    elif gone and event.reason == SELF_TRADE:
        write_prevented(recorder, matcher, order, event.quantity, 0)
    elif event.kind == BOOK_UPDATED and matcher.money.prevented != recorder.prevented:
        # A maker that was decremented and still rests lost what the taker lost: all of the taker.
        write_prevented(recorder, matcher, order, matcher.money.prevented - recorder.prevented, event.quantity)


cdef inline void count_event(Tally *tally, const Event *event) noexcept nogil:
    if event.kind == BOOK_ADDED:
        tally.added += 1
    elif event.kind == BOOK_UPDATED:
        tally.updated += 1
    elif event.kind == BOOK_REMOVED:
        tally.removed += 1
    elif event.kind == TRADE:
        tally.trades += 1
        tally.volume += event.quantity


cdef void take_event(void *context, uint64_t _sequence, const Event *event, const Order *order) noexcept nogil


cdef inline void begin_command(Recorder *recorder, const Command *command) noexcept nogil:
    """Begin a command."""
    recorder.command = command
    recorder.accepted = False


cdef inline void write_refused(Recorder *recorder, Matcher *matcher, int code) noexcept nogil:
    """Write down a refusal, where the account exists and what was asked for is told to accounts.

    Not one for want of memory: who carries the same commands out again may have more.
    """
    cdef const Command *command = recorder.command
    cdef uint32_t account = account_find(matcher.money.accounts, command.account_id)
    cdef Execution *execution
    if code != CAPACITY_EXCEEDED and account and (
        command.kind == NEW or command.kind == CANCEL or command.kind == MODIFY or command.kind == CANCEL_ALL
    ):
        execution = append(
            recorder, account, EXECUTION_REFUSED, matcher.instrument,
            0 if command.kind == CANCEL_ALL else command.order_id,
        )
        execution.command = command.kind
        execution.reason = code


cdef inline void finish_command(Recorder *recorder, Matcher *matcher, int code) noexcept nogil:
    """End a command that came to `code`: count it, and write down what no event has told."""
    cdef const Command *command = recorder.command
    cdef bint new = command.kind == NEW
    cdef Tally *tally = &recorder.tallies[matcher.instrument]
    if new:
        tally.outcomes[code] += 1
    if code != ACCEPTED:
        write_refused(recorder, matcher, code)
        return
    if not new and command.kind != MODIFY:
        return
    if not recorder.accepted:  # it had no effect on the book
        write_accepted(recorder, matcher, NULL)
    if matcher.resting:
        return
    if matcher.money.prevented != recorder.prevented:  # it met an order of its own, and was dropped
        write_prevented(recorder, matcher, NULL, 0, 0)
    if new and command.order_type == FILL_OR_KILL and recorder.open:
        tally.killed += 1
    if recorder.open:
        write_taker_canceled(recorder, matcher, recorder.open, CANCEL_UNFILLED)
