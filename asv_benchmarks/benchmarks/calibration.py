"""How fast the machine is, by work that does not change with the project: divide by these to compare machines."""

import hashlib

import numpy

GATHERED = 1 << 22


class Calibration:
    """Two fixed pieces of C work: one bound by arithmetic, one by cache misses."""

    def setup(self) -> None:
        """Make a block to hash, and one large cycle of places in random order."""
        self.block = bytes(1 << 24)
        self.cycle = numpy.random.default_rng(1).permutation(GATHERED)
        self.places = self.cycle.copy()

    def time_hash_16_mib(self) -> None:
        """BLAKE2b of 16 MiB: arithmetic, no memory to wait for."""
        hashlib.blake2b(self.block).digest()

    def time_gather_4_mi(self) -> None:
        """Read 4 Mi eight-byte numbers in random order from 32 MiB: cache and TLB misses, independent of each other."""
        self.cycle.take(self.places)
