"""An exchange that goes on with other instruments."""

from orderbook import Exchange
from orderbook.events cimport EventLog
from orderbook_server.sequencer.execution_log cimport ExecutionLog
from orderbook_server.sequencer.sequencer cimport Sequencer


def reconfigured(Sequencer old not None, tuple instruments not None):
    """Return a sequencer in the state of `old`, which is of no use any more, over other instruments.

    The events and executions that are held go along where all instruments keep their positions, which they name; else
    none is held any more. ValueError where an instrument that has orders, or an asset that has balances, is not there.
    """
    exchange = Exchange(instruments, event_capacity=old.venue.ring.log.capacity)
    exchange.load_state(old.exchange.dump_state())
    cdef Sequencer new = Sequencer(exchange, execution_capacity=old.recorder.log.capacity)
    new.load_state(old.dump_state())
    if symbols(instruments)[:old.count] == symbols(old.exchange.instruments):
        swap_rings(old, new)
    return new


cdef list symbols(tuple instruments):
    cdef list found = []
    for instrument in instruments:
        found.append(instrument.symbol)
    return found


cdef void swap_rings(Sequencer old, Sequencer new) noexcept:
    """Exchange what two sequencers in the same state hold of it: accounts have the same slots in both."""
    cdef EventLog events = old.venue.ring.log
    cdef ExecutionLog executions = old.recorder.log
    old.venue.ring.log = new.venue.ring.log
    old.recorder.log = new.recorder.log
    new.venue.ring.log = events
    new.recorder.log = executions
