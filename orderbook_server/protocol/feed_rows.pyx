"""Rows of the page's feed as JSON: levels and trades, up to hundreds of them in a message, thirty times a second.

Compiled, since who trades waits meanwhile. Python's own formatting takes five times as long.
"""

from libc.stdint cimport uint64_t

from orderbook_server.protocol.line.output cimport Output, output_destroy, put_byte, put_number, put_text, reserve

cdef enum:
    ROW_BYTES_MAX = 128            # of one row: four numbers and a word at most, and what stands between


cdef inline void put_string(Output *output, uint64_t number) noexcept nogil:
    """Write a number as a string, and a comma."""
    put_byte(output, c'"')
    put_number(output, number)
    put_text(output, b'",', 2)


cdef inline int begin_row(Output *output) except -1:
    """Begin a row behind the one before."""
    reserve(output, ROW_BYTES_MAX)
    put_text(output, b',[' if output.size > 1 else b'[', 2 if output.size > 1 else 1)
    return 0


cdef str finish(Output *output):
    """Return the array that the rows are in."""
    put_byte(output, c']')
    return output.bytes[:output.size].decode("ascii")


def level_rows(list levels not None):
    """Return [[price, quantity, orders], …] of tuples (price, quantity, orders)."""
    cdef Output output
    cdef uint64_t price, quantity, orders
    output.bytes = NULL
    output.size = output.capacity = 0
    try:
        reserve(&output, ROW_BYTES_MAX)
        put_byte(&output, c'[')
        for price, quantity, orders in levels:
            begin_row(&output)
            put_string(&output, price)
            put_string(&output, quantity)
            put_number(&output, orders)
            put_byte(&output, c']')
        return finish(&output)
    finally:
        output_destroy(&output)


def trade_rows(list trades not None):
    """Return [[sequence, time, price, quantity, side], …] of tuples (…, whether the taker bought)."""
    cdef Output output
    cdef uint64_t sequence, time_ns, price, quantity
    cdef bint bought
    output.bytes = NULL
    output.size = output.capacity = 0
    try:
        reserve(&output, ROW_BYTES_MAX)
        put_byte(&output, c'[')
        for sequence, time_ns, price, quantity, bought in trades:
            begin_row(&output)
            put_string(&output, sequence)
            put_string(&output, time_ns)
            put_string(&output, price)
            put_string(&output, quantity)
            put_text(&output, b'"bid"]' if bought else b'"ask"]', 6)
        return finish(&output)
    finally:
        output_destroy(&output)
