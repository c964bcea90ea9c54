"""The book that the generator believes in: see shadow.pxd."""

cimport cython
from libc.stdlib cimport calloc, free, realloc


@cython.final
cdef class ShadowBook:
    """Resting orders in buckets of 2^shift ticks."""

    def __cinit__(self, int shift):
        cdef int side
        self.shift = shift
        for side in range(2):
            self.oldest[side] = <uint32_t *>calloc(BUCKET_COUNT, sizeof(uint32_t))
            self.youngest[side] = <uint32_t *>calloc(BUCKET_COUNT, sizeof(uint32_t))
            if self.oldest[side] == NULL or self.youngest[side] == NULL:
                raise MemoryError
        self.best[0] = 0
        self.best[1] = BUCKET_COUNT - 1

    def __dealloc__(self):
        cdef int side
        for side in range(2):
            free(self.oldest[side])
            free(self.youngest[side])
        free(self.slots)
        free(self.live)

    cdef int reserve(self, Py_ssize_t more) except -1:
        """Make room for `more` orders beside those that rest."""
        cdef Py_ssize_t wanted = self.count + more + 1
        cdef Py_ssize_t slot
        cdef Resting *slots
        cdef uint32_t *live
        if wanted <= self.capacity:
            return 0
        wanted += wanted // 2
        slots = <Resting *>realloc(self.slots, wanted * sizeof(Resting))
        if slots == NULL:
            raise MemoryError
        self.slots = slots
        live = <uint32_t *>realloc(self.live, wanted * sizeof(uint32_t))
        if live == NULL:
            raise MemoryError
        self.live = live
        for slot in range(max(self.capacity, 1), wanted):
            self.slots[slot].younger = self.free
            self.free = <uint32_t>slot
        self.capacity = wanted
        return 0

    cdef void add(self, const Resting *order) noexcept nogil:
        """Rest an order, last in its bucket. There is room: `reserve` made it."""
        cdef int side = order.side - 1
        cdef Py_ssize_t bucket = order.price >> self.shift
        cdef uint32_t slot = self.free
        cdef Resting *new = &self.slots[slot]
        self.free = new.younger
        new[0] = order[0]
        new.younger = 0
        new.older = self.youngest[side][bucket]
        if new.older:
            self.slots[new.older].younger = slot
        else:
            self.oldest[side][bucket] = slot
        self.youngest[side][bucket] = slot
        new.place = <uint32_t>self.count
        self.live[self.count] = slot
        self.count += 1
        self.sides[side] += 1
        if (bucket > self.best[side]) == (side == 0):
            self.best[side] = bucket

    cdef void remove(self, uint32_t slot) noexcept nogil:
        """Take an order out, and let the last of `live` have its place there."""
        cdef Resting *gone = &self.slots[slot]
        cdef int side = gone.side - 1
        cdef Py_ssize_t bucket = gone.price >> self.shift
        cdef uint32_t last
        if gone.older:
            self.slots[gone.older].younger = gone.younger
        else:
            self.oldest[side][bucket] = gone.younger
        if gone.younger:
            self.slots[gone.younger].older = gone.older
        else:
            self.youngest[side][bucket] = gone.older
        self.count -= 1
        self.sides[side] -= 1
        last = self.live[self.count]
        self.live[gone.place] = last
        self.slots[last].place = gone.place
        gone.younger = self.free
        self.free = slot

    cdef uint64_t take(self, int side, uint64_t limit, uint64_t quantity) noexcept nogil:
        """Trade an incoming order of `side` (1, 2) up to its limit. Return what is left of it."""
        cdef int other = 2 - side
        cdef int step = 1 if other == 1 else -1
        cdef Py_ssize_t bound = limit >> self.shift
        cdef Resting *maker
        while quantity and self.sides[other]:
            while self.oldest[other][self.best[other]] == 0:
                self.best[other] += step
            if (bound - self.best[other]) * step < 0:
                break
            maker = &self.slots[self.oldest[other][self.best[other]]]
            if maker.quantity > quantity:
                maker.quantity -= quantity
                return 0
            quantity -= maker.quantity
            self.remove(self.oldest[other][self.best[other]])
        return quantity
