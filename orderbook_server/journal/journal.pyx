"""Journal: what the sequencer and the gateways know of keeping commands; by itself it keeps nothing.

The sequencer asks for room before it carries a command out, appends the command behind, and publishes what it appended
when it has done what was at hand. Whoever keeps commands, on a disk or on other machines, does so meanwhile, and makes
`fileno` readable when more is durable. All calls come from one thread.
"""


cdef class Journal:
    """The journal of an exchange in memory: nothing is kept, and nothing waited for.

    `appended` and `durable` are sequences of records: what was made when `appended` had a value may leave when
    `durable` has reached it.
    """

    def __cinit__(self, *_arguments, **_options):
        self.budget = <uint64_t>-1

    @property
    def full(self):
        """Whether there is no room for another command, as `refresh` last learnt."""
        return False

    @property
    def error(self):
        """The OSError that ended the keeping: nothing more becomes durable. None while all is well."""
        return None

    @property
    def figures(self):
        """What was done since the start: {name: number} of frames, bytes, syncs, and their nanoseconds (sync_ns)."""
        return dict.fromkeys(("frames", "bytes", "syncs", "sync_ns"), 0)

    def fileno(self):
        """Return a file descriptor that becomes readable when there is something to learn; -1: there never is."""
        return -1

    def refresh(self):
        """Learn what has become durable, and whether there is room."""

    def append_instruments(self, bytes instruments not None):
        """Append the configuration from here on, as JSON; return its sequence. OSError where there is no room."""
        return 0

    def append_state(self, bytes state_hash not None):
        """Append the 16 bytes of the state hash here; return their sequence. OSError where there is no room."""
        return 0

    cpdef publish(self):
        """Have what was appended kept."""

    def close(self):
        """Keep what was appended, and let go of everything; OSError where that fails."""

    cdef bint make_room(self) noexcept nogil:
        """See to it that there is room for a record; tell whether there is."""
        return True

    cdef void append(self, const Command *command, uint64_t time, uint64_t session) noexcept nogil:
        """Append a command or a debit that was carried out at `time` for a session; there is room."""

    cdef void append_session(self, int code, uint64_t time, uint64_t session) noexcept nogil:
        """Append a record that a session cancels at its end, no longer does, or has ended; there is room."""
