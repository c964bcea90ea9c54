"""The histogram: values by their bit length."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderbook_server.metrics.histogram import Histogram

from ..engine.helpers import TOP


def test_new_one_is_empty():
    histogram = Histogram()
    assert histogram.counts() == (0,) * 65
    assert histogram.total == 0


@pytest.mark.parametrize("bits", range(65))
def test_edges_of_each_bucket(bits):
    histogram = Histogram()
    first, last = (1 << bits) >> 1, (1 << bits) - 1
    histogram.observe(first)
    histogram.observe(last)
    assert histogram.counts() == tuple(2 * (place == bits) for place in range(65))
    assert histogram.total == (first + last) & TOP


@given(st.lists(st.one_of(st.integers(0, TOP), st.integers(0, 40))))
def test_counts_and_total(values):
    histogram = Histogram()
    for value in values:
        histogram.observe(value)
    expected = [0] * 65
    for value in values:
        expected[value.bit_length()] += 1
    assert histogram.counts() == tuple(expected)
    assert histogram.total == sum(values) & TOP


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (-1, OverflowError),
        (TOP + 1, OverflowError),
        (1.0, TypeError),
        ("1", TypeError),
        (None, TypeError),
        (True, TypeError),
    ],
)
def test_values_that_are_none_count_nothing(value, error):
    histogram = Histogram()
    with pytest.raises(error):
        histogram.observe(value)
    assert histogram.counts() == (0,) * 65
    assert histogram.total == 0
