"""The event loop of a simulation: whose turn is when, and what an agent is told at its turn.

An agent waits for one thing at a time: for its start, for its request to reach the market, for the answer to come back,
or for a time. Each of these is an entry of the queue (queue.pxd), and its turn ends with the next. An entry that would
come out next of all is not put in at all, but taken at once: that changes nothing but the speed.
"""

cimport cython
from cpython.exc cimport PyErr_CheckSignals
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF
from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport free, realloc

from agents.gateways.gateway import perform as perform_on
from agents.requests import Cancel, Modify, ReadBest, ReadOrders, Submit, WaitUntil
from agents.simulation.gateway cimport SimulatedGateway
from agents.simulation.queue cimport Entry, EventQueue, queue_pop, queue_push
from agents.simulation.tape cimport Tape
from orderbook import OrderBookError
from orderbook.numbers cimport as_u64

cdef extern from "Python.h":
    int PyIter_Send(object life, object answer, PyObject **request) except -1

cdef enum Stage:
    STARTING        # for its time to begin
    ARRIVING        # for its request to reach the market
    DELIVERING      # for the answer to come back
    WAKING          # for a time that it named

cdef uint64_t NEVER = <uint64_t>1 << 62     # nanoseconds; no run is as long
cdef uint64_t TURNS_PER_LOOK = 1 << 14      # from one look at whether Ctrl-C was pressed to the next


@cython.final
cdef class Participant:
    """A strategy in a simulation: its gateway, its delay, and what it waits for.

    actions: how many of its submits, modifies and cancels were answered, those refused included; refusals: how many
    were refused, by code.
    """

    cdef readonly str name
    cdef readonly object strategy
    cdef readonly SimulatedGateway gateway
    cdef readonly uint64_t latency_ns
    cdef readonly uint64_t start_ns
    cdef readonly uint64_t actions
    cdef readonly dict refusals
    cdef Stage stage
    cdef object life
    cdef object request         # on its way to the market
    cdef object answer          # on its way back
    cdef object refusal         # on its way back in its place: the exception
    cdef tuple fills            # on their way back, to be told first

    def __init__(self, name, strategy, SimulatedGateway gateway not None, *, latency_ns=0, start_ns=0):
        self.name = name
        self.strategy = strategy
        self.gateway = gateway
        self.latency_ns = as_u64(latency_ns, "latency_ns")
        self.start_ns = as_u64(start_ns, "start_ns")
        if max(self.latency_ns, self.start_ns) > NEVER:
            raise OverflowError(f"the latency and the start of {name} must be below 2^62 nanoseconds")
        self.refusals = {}
        self.fills = ()
        self.stage = STARTING

    cdef bint resume(self, object answer) except -1:
        """Send an answer, or raise the refusal in its place; tell whether there is a next request."""
        cdef PyObject *request = NULL
        cdef int sent
        if self.refusal is not None:
            refusal, self.refusal = self.refusal, None
            try:
                self.request = self.life.throw(refusal)
            except StopIteration:
                return False
            return True
        sent = PyIter_Send(self.life, answer, &request)
        self.request = <object>request
        Py_DECREF(<object>request)  # what it was returned with
        return sent == 1

    cdef bint wake(self, uint64_t now_ns) except -1:
        """Tell the strategy what it waited for; tell whether it wants something more."""
        if self.stage == WAKING:
            return self.resume(now_ns)
        if self.stage == STARTING:
            self.life = self.strategy.live(now_ns)
            return self.resume(None)
        answer, self.answer = self.answer, None
        if self.fills:
            self.tell_fills()
        return self.resume(answer)

    cdef int tell_fills(self) except -1:
        fills, self.fills = self.fills, ()
        for fill in fills:
            self.strategy.on_fill(fill)
        return 0

    cdef int arrive(self) except -1:
        """Have the market answer the request."""
        request = self.request
        kind = type(request)
        fields = <tuple>request  # all requests are named tuples; an unchecked cast, as Cython means exact ones
        cdef bint acts = kind is Submit or kind is Cancel or kind is Modify
        self.actions += acts
        try:
            if kind is Submit:
                self.answer = self.gateway.submit(fields[0], fields[1], fields[2], fields[3])
            elif kind is Cancel:
                self.answer = self.gateway.cancel(fields[0])
            elif kind is ReadBest:
                self.answer = self.gateway.best()
            elif kind is ReadOrders:
                self.answer, self.fills = self.gateway.orders()
            else:
                self.answer = perform_on(self.gateway, request)
        except OrderBookError as refusal:
            self.refusal = refusal
            if acts:
                self.refusals[refusal.code] = self.refusals.get(refusal.code, 0) + 1
        return 0

    cdef uint64_t turn(self, uint64_t now_ns) except? 0:
        """Have what it waits for happen; return the time of what it waits for then, NEVER where that is nothing."""
        if self.stage == ARRIVING:
            self.arrive()
            self.stage = DELIVERING
            return now_ns + self.latency_ns
        if not self.wake(now_ns):
            return NEVER
        if type(self.request) is not WaitUntil:
            self.stage = ARRIVING
            return now_ns + self.latency_ns
        self.stage = WAKING
        time_ns = (<tuple>self.request)[0]
        return max(now_ns, <uint64_t>time_ns) if 0 <= time_ns < NEVER else now_ns if time_ns < 0 else NEVER

    def finish(self):
        """End the strategy's life: what its orders traded is told, and it hears that this was all."""
        if self.life is not None:
            self.life.close()
        self.fills += self.gateway.take_fills()
        self.tell_fills()
        self.strategy.finish()


@cython.final
cdef class Loop:
    """Runs participants on the market that a tape listens to.

    now_ns: the simulated time. An exception that is no refusal, or that a strategy lets out, ends the run; a note says
    whose it was, and when.
    """

    cdef readonly uint64_t now_ns
    cdef Tape tape
    cdef list participants
    cdef EventQueue queue
    cdef uint64_t turns

    def __init__(self, Tape tape not None, participants):
        if self.tape is not None:
            raise TypeError("a Loop is made once")
        self.participants = list(participants)
        self.queue.entries = <Entry *>realloc(NULL, (len(self.participants) + 1) * sizeof(Entry))
        if self.queue.entries == NULL:
            raise MemoryError(f"no memory for {len(self.participants)} agents")
        self.tape = tape
        for number, participant in enumerate(self.participants):
            queue_push(&self.queue, (<Participant?>participant).start_ns, number)

    def __dealloc__(self):
        free(self.queue.entries)

    def run(self, until_ns):
        """Have everything happen that is due until then, that moment included."""
        cdef uint64_t end_ns = as_u64(until_ns, "until_ns")
        cdef Entry entry
        if not self.now_ns <= end_ns < NEVER:
            raise ValueError(f"until_ns is {end_ns}, and must be {self.now_ns} to 2^62-1")
        while self.queue.size and self.queue.entries[0].time_ns <= end_ns:
            entry = queue_pop(&self.queue)
            self.run_agent(entry.agent, entry.time_ns, end_ns)
        self.now_ns = self.tape.state.now_ns = end_ns

    cdef int run_agent(self, uint32_t number, uint64_t time_ns, uint64_t end_ns) except -1:
        """Give an agent its turn, and the turns that it has before all others."""
        cdef Participant agent = self.participants[number]
        while True:
            self.now_ns = self.tape.state.now_ns = time_ns
            self.turns += 1
            if self.turns % TURNS_PER_LOOK == 0:
                PyErr_CheckSignals()
            try:
                time_ns = agent.turn(time_ns)
            except Exception as error:
                error.add_note(f"in the simulation, of the agent {agent.name}, at {self.now_ns} ns")
                raise
            if time_ns >= NEVER:
                return 0
            if time_ns > end_ns or self.queue.size and self.queue.entries[0].time_ns <= time_ns:
                queue_push(&self.queue, time_ns, number)
                return 0
