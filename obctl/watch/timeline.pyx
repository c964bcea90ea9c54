"""Timeline: see timeline.pxd. Places are counted in nanoseconds, from the time of the first event on."""


cdef class Timeline:
    """Where events lie that are played one after the other.

    From one time to a later one it is as far as between them. Where times go back (a clock was set, the file of another
    day follows) it goes on from where it is, without a wait; an event without a time comes 1 ms behind the one before.
    """

    def place_of(self, uint64_t time):
        """Return the place of the next event, which has this time, 0: none."""
        return self.due(time)

    def pass_by(self, uint64_t time):
        """Go on to the place of the next event, which has this time, 0: none."""
        self.go_on(time)
