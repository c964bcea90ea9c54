"""Synthetic order flow, the same for the same seed on every machine: integers and an own generator of numbers only.

The generator keeps a book of its own (shadow.pxd), so that cancels and modifies are about orders that still rest, and
so that the book neither starves nor grows without end: takers are larger when the book is fuller. Prices lie around a
mid that walks at random. The shares of the mixes, in per cent of all commands:

=========== ====== ====== ==== ======= ======== ==============================================================
mix         limit  market IOC  cancels modifies what it is like
=========== ====== ====== ==== ======= ======== ==============================================================
balanced    55     2.5    2.5  35      5        prices within 2,048 ticks of the mid; about 30,000 orders rest
aggressive  70     5      15   8       2        60 % of the limit orders cross too; about 1,000 orders rest
sparse      55     0      2    38      5        prices anywhere in 2^40 ticks; about 30,000 orders rest
cancels     42.98  0      7.59 40.83   8.6      power-law depth; volatility 1 crashes the mid by 60 %
=========== ====== ====== ==== ======= ======== ==============================================================

In the mix cancels that means: of the new orders 15 % are IOC; of the others 95 % are cancelled; for 100 of them there
are 20 modifies, half of them reprices and half enlargements.

A cancel or modify for which no order rests becomes a limit order: so it is at the start, and in a crash. Accounts are
1 … 1000, order ids 1, 2, 3 …, timestamps increase by 1 … 2000 ns.
"""

cimport cython
from cpython.bytearray cimport PyByteArray_AS_STRING
from libc.stdint cimport uint32_t
from libc.string cimport memset

from obctl.flow.scan cimport u128
from orderbook.records cimport CANCEL, HAS_PRICE, IMMEDIATE_OR_CANCEL, LIMIT, MARKET, MODIFY, NEW

cdef enum:
    QUANTITY = 100            # a resting order's is 1 … 2 * QUANTITY - 1 lots
    ACCOUNTS = 1000
    TIME_STEP_MAX = 2000      # nanoseconds
    FALL_MAX = 39322          # 60 % in 1/65536
    NEAREST = 8               # ticks from the mid to the nearest prices of a power-law depth
    BLOCK = 1 << 14           # commands made at a time

cdef uint64_t START_TIME = 1_700_000_000_000_000_000  # nanoseconds since 1970

MIXES = {
    "balanced": Mix(
        limits=5500, markets=250, iocs=250, cancels=3500, modifies=500, crossing=0,
        start=1 << 19, shift=0, depth=11, power_law=False, taker_size=4 * 256, steady=30_000,
        enlarge=False, crashes=False,
    ),
    "aggressive": Mix(
        limits=7000, markets=500, iocs=1500, cancels=800, modifies=200, crossing=6000,
        start=1 << 19, shift=0, depth=8, power_law=False, taker_size=160, steady=1_000,
        enlarge=False, crashes=False,
    ),
    "sparse": Mix(
        limits=5500, markets=0, iocs=200, cancels=3800, modifies=500, crossing=0,
        start=1 << 15, shift=24, depth=39, power_law=False, taker_size=10 * 256, steady=30_000,
        enlarge=False, crashes=False,
    ),
    "cancels": Mix(
        limits=4298, markets=0, iocs=759, cancels=4083, modifies=860, crossing=0,
        start=1 << 13, shift=0, depth=12, power_law=True, taker_size=16, steady=0,
        enlarge=True, crashes=True,
    ),
}


@cython.final
cdef class Generator:
    """Make the commands of one mix, block by block.

    Ask for a number of `commands` or of new `orders`. `volatility`, from 0 to 1, is how much the mid moves: by up to
    that many ticks (in the sparse mix 2^24 ticks) per command at random; in the mix `cancels` by a 64th of that, and by
    a fall of 60 % times `volatility` in the middle third.
    """

    def __init__(self, mix, *, commands=None, orders=None, seed=1, volatility=0.1):
        if mix not in MIXES:
            raise ValueError(f"mix {mix!r} is none of {', '.join(MIXES)}")
        if (commands is None) == (orders is None):
            raise ValueError("ask for a number of commands or of orders")
        if not 0 <= volatility <= 1:
            raise ValueError(f"volatility {volatility} is outside 0 … 1")
        if not 0 <= seed < 1 << 64:
            raise ValueError(f"seed {seed} is outside 0 … 2^64-1")
        self.mix = MIXES[mix]
        self.counts_orders = commands is None
        self.total = orders if self.counts_orders else commands
        self.volatility = round(volatility * 65536)
        self.timestamp = START_TIME
        self.walk = self.mix.start << 16
        self.book = ShadowBook(self.mix.shift)
        seed_random(&self.random, seed)

    @property
    def done(self):
        """How many of `total` are made."""
        return self.orders if self.counts_orders else self.commands

    def read(self, Py_ssize_t max_commands=BLOCK):
        """Return the next commands, up to `max_commands`, as a bytearray of COMMAND records; empty at the end."""
        cdef bytearray block = bytearray(max_commands * sizeof(Command))
        cdef Command *commands = <Command *>PyByteArray_AS_STRING(block)
        cdef Py_ssize_t count = 0
        cdef Py_ssize_t room
        while count < max_commands and not self.finished():
            room = min(count + BLOCK, max_commands)
            self.book.reserve(room - count)
            with nogil:
                while count < room and not self.finished():
                    self.next(&commands[count])
                    count += 1
        del block[count * sizeof(Command):]
        return block

    cdef bint finished(self) noexcept nogil:
        return (self.orders if self.counts_orders else self.commands) >= self.total

    cdef void next(self, Command *command) noexcept nogil:
        """Make one command."""
        cdef Mix *mix = &self.mix
        cdef int draw = <int>below(&self.random, 10000)
        cdef uint64_t stride = self.volatility >> (6 if mix.crashes else 0)
        self.walk += below(&self.random, 2 * stride + 1) - stride
        # The walk stays in the middle half of the range, so that there is always room on both sides.
        self.walk = min(max(self.walk, mix.start << 15), 3 * mix.start << 15)
        self.timestamp += 1 + below(&self.random, TIME_STEP_MAX)
        self.commands += 1
        memset(command, 0, sizeof(Command))
        command.timestamp = self.timestamp
        draw -= mix.cancels
        if draw < 0 and self.book.count:
            self.cancel(command)
            return
        draw -= mix.modifies
        if draw < 0 and self.book.count:
            self.modify(command)
        elif draw < mix.limits:
            self.new_order(command, LIMIT)
        elif draw < mix.limits + mix.iocs:
            self.new_order(command, IMMEDIATE_OR_CANCEL)
        else:
            self.new_order(command, MARKET)

    cdef uint64_t middle(self) noexcept nogil:
        """Return the mid in ticks."""
        cdef uint64_t mid = self.walk
        cdef uint64_t third = self.total // 3 + 1
        cdef uint64_t done = self.orders if self.counts_orders else self.commands
        if self.mix.crashes and done > third:
            # In steps of 1/65536, so that no product leaves 64 bits; the walk is below 2^36.
            done = min(<uint64_t>((<u128>(done - third) << 16) // third), <uint64_t>1 << 16)
            mid -= (mid >> 16) * (((FALL_MAX * self.volatility) >> 16) * done >> 16)
        return (mid << self.mix.shift) >> 16

    cdef uint64_t price(self, int side, bint crossing) noexcept nogil:
        """Draw a price: on the side's own side of the mid, or on the other."""
        cdef uint64_t mid = self.middle()
        cdef uint64_t span = <uint64_t>1 << self.mix.depth
        cdef uint64_t distance
        if self.mix.power_law:
            # Twice as far is half as likely: a magnitude by coin tosses, then anywhere within it.
            span = self.random_magnitude(span // NEAREST) * NEAREST
            distance = span + below(&self.random, span)
        else:
            distance = 1 + below(&self.random, span)
        if (side == 1) != crossing:
            return mid - min(distance, mid)
        return min(mid + distance, self.top())

    cdef uint64_t top(self) noexcept nogil:
        """Return the highest price there is."""
        return (2 * self.mix.start << self.mix.shift) - 1

    cdef uint64_t random_magnitude(self, uint64_t bound) noexcept nogil:
        """Return 1, 2, 4 … up to `bound`, each half as likely as the one before."""
        cdef uint64_t tosses = next_random(&self.random) | bound
        return tosses & (~tosses + 1)

    cdef uint64_t taker_quantity(self) noexcept nogil:
        """Draw a taker's quantity: with a steady book in mind, more the fuller the book is."""
        cdef uint64_t size = 2 * QUANTITY * <uint64_t>self.mix.taker_size
        if self.mix.steady:
            size = size * <uint64_t>self.book.count // <uint64_t>self.mix.steady
        return 1 + below(&self.random, (size >> 8) + 1)

    cdef void new_order(self, Command *command, int order_type) noexcept nogil:
        """Make a new order and let the book take it."""
        cdef Resting order
        cdef bint crossing = order_type != LIMIT or <int>below(&self.random, 10000) < self.mix.crossing
        self.orders += 1
        order.id = self.orders
        order.side = <int>(1 + below(&self.random, 2))
        order.account = <uint32_t>(1 + below(&self.random, ACCOUNTS))
        order.price = self.price(order.side, crossing)
        order.quantity = self.taker_quantity() if crossing else 1 + below(&self.random, 2 * QUANTITY - 1)
        command.kind = NEW
        command.order_type = order_type
        write_order(command, &order)
        if order_type == MARKET:
            command.price = 0
            order.price = self.top() if order.side == 1 else 0
        else:
            command.flags = HAS_PRICE
        if order_type == LIMIT:
            self.rest(&order)
        else:
            self.book.take(order.side, order.price, order.quantity)

    cdef void rest(self, Resting *order) noexcept nogil:
        """Let the book trade a limit order and keep the rest of it."""
        order.quantity = self.book.take(order.side, order.price, order.quantity)
        if order.quantity:
            self.book.add(order)

    cdef void cancel(self, Command *command) noexcept nogil:
        """Cancel one of the orders that rest."""
        cdef uint32_t slot = self.book.live[below(&self.random, self.book.count)]
        command.kind = CANCEL
        write_order(command, &self.book.slots[slot])
        command.price = command.quantity = 0
        self.book.remove(slot)

    cdef void modify(self, Command *command) noexcept nogil:
        """Reprice one of the orders that rest, or give it another quantity: half of each."""
        cdef uint32_t slot = self.book.live[below(&self.random, self.book.count)]
        cdef const Resting *old = &self.book.slots[slot]
        cdef Resting order = old[0]
        command.kind = MODIFY
        if below(&self.random, 2):
            order.price = self.price(order.side, False)
            command.flags = HAS_PRICE
        elif self.mix.enlarge:
            order.quantity += 1 + below(&self.random, QUANTITY)
        else:
            order.quantity = 1 + below(&self.random, 2 * QUANTITY - 1)
        write_order(command, &order)
        if not command.flags:
            command.price = 0
        if order.price == old.price and order.quantity <= old.quantity:
            self.book.slots[slot].quantity = order.quantity
        else:
            self.book.remove(slot)
            self.rest(&order)


def commands(mix, Py_ssize_t count, seed=1, volatility=0.1):
    """Return `count` commands of a mix as one bytearray of COMMAND records (`orderbook.COMMAND_DTYPE`)."""
    return Generator(mix, commands=count, seed=seed, volatility=volatility).read(count)


cdef inline void write_order(Command *command, const Resting *order) noexcept nogil:
    """Write what a command says of an order."""
    command.side = order.side
    command.account_id = order.account
    command.order_id = order.id
    command.price = order.price
    command.quantity = order.quantity


cdef void seed_random(Random *random, uint64_t seed) noexcept nogil:
    """Spread a seed over the state with splitmix64, as the authors of xoshiro advise."""
    cdef int i
    cdef uint64_t bits
    for i in range(4):
        seed += 0x9E3779B97F4A7C15u
        bits = (seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9u
        bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBu
        random.state[i] = bits ^ (bits >> 31)


cdef inline uint64_t rotate(uint64_t bits, int by) noexcept nogil:
    return (bits << by) | (bits >> (64 - by))


cdef inline uint64_t next_random(Random *random) noexcept nogil:
    """Return the next 64 random bits (xoshiro256**)."""
    cdef uint64_t *s = random.state
    cdef uint64_t result = rotate(s[1] * 5, 7) * 9
    cdef uint64_t shifted = s[1] << 17
    s[2] ^= s[0]
    s[3] ^= s[1]
    s[1] ^= s[2]
    s[0] ^= s[3]
    s[2] ^= shifted
    s[3] = rotate(s[3], 45)
    return result


cdef inline uint64_t below(Random *random, uint64_t bound) noexcept nogil:
    """Return a number in 0 … bound - 1."""
    return <uint64_t>((<u128>next_random(random) * bound) >> 64)
