"""The walk over every invariant of a book."""

from orderbook.book cimport Book

cdef const char *book_check(Book *book) noexcept nogil
