"""The sink that the engine calls for each event."""

from orderbook.records cimport REJECTION


cdef void take_event(void *context, uint64_t _sequence, const Event *event, const Order *order) noexcept nogil:
    """Take one event of the command at hand: the engine's sink."""
    cdef Recorder *recorder = <Recorder *>context
    cdef Matcher *matcher = &recorder.markets[event.instrument]
    cdef int kind
    count_event(&recorder.tallies[event.instrument], event)
    if event.kind == REJECTION or recorder.command == NULL:
        return  # `finish_command` tells of it; or the command was not the sequencer's
    kind = recorder.command.kind
    if kind != NEW and kind != MODIFY:
        write_canceled(
            recorder, matcher, order.account, order.id, order.side, True, order.price, event.quantity, 0,
            CANCEL_REQUESTED,
        )
        return
    if not recorder.accepted:
        write_accepted(recorder, matcher, order)
    if event.kind == TRADE:
        recorder.traded = event.quantity
    else:
        take_book_event(recorder, matcher, event, order)
