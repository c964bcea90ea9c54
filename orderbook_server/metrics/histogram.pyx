"""A histogram of integers in powers of two: counting a value is two additions."""

from orderbook.numbers cimport as_u64


cdef class Histogram:
    """Counts of values by their bit length: bucket 0 holds 0, bucket n those from 2^(n-1) to 2^n - 1."""

    def observe(self, value):
        """Count a value, 0 to 2^64-1."""
        observe(self, as_u64(value, "value"))

    def counts(self):
        """Return how many values each of the 65 buckets holds."""
        return tuple(self.buckets)

    @property
    def total(self):
        """The sum of all values, modulo 2^64."""
        return self.sum
