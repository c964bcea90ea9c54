"""One line in, one command out: what a line says, or what is wrong with it.

A table says which fields each command has; `read_line` goes over them from left to right. It needs no state but the
line, so the order of its refusals is that of the fields.
"""

from libc.stdint cimport uint64_t

from orderbook_server.protocol.line.output cimport Text


cdef enum Verb:
    NO_VERB = 0
    VERB_NEW
    VERB_MODIFY
    VERB_CANCEL
    VERB_CANCEL_ALL
    VERB_SNAPSHOT
    VERB_DEPTH
    VERB_ORDER
    VERB_CREDIT
    VERB_DEBIT
    VERB_BALANCE
    VERB_FEED
    VERB_USE
    VERB_INSTRUMENTS
    VERB_CANCEL_ON_DISCONNECT
    VERB_AUTH
    VERB_PING
    VERB_VERSION
    VERB_QUIT
    VERBS


cdef enum Mode:
    MODE_ON = 1
    MODE_OFF = 2
    MODE_FROM = 3


cdef enum FieldName:
    FIELD_COMMAND
    FIELD_ACCOUNT
    FIELD_ORDER
    FIELD_SIDE
    FIELD_PRICE
    FIELD_QUANTITY
    FIELD_TYPE
    FIELD_BASE
    FIELD_QUOTE
    FIELD_MODE
    FIELD_SEQUENCE
    FIELD_SYMBOL
    FIELD_LEVELS
    FIELD_TOKEN
    FIELD_NAMES
    FIELD_NUMBER = FIELD_NAMES  # how a number that is none is refused, whichever field it is


cdef enum Fault:
    NO_FAULT = 0
    MISSING_FIELD
    INVALID_FIELD
    TOO_MANY_FIELDS
    UNKNOWN_COMMAND


cdef struct Line:
    int verb                   # Verb
    int fault                  # Fault; the fields behind it were not read
    int faulty                 # FieldName
    int given                  # fields behind the command word
    int side                   # SideCode
    int order_type             # TypeCode
    int mode                   # Mode
    Text text                  # symbol or token
    uint64_t numbers[FIELD_NAMES]  # by the FieldName of each field that is a number


cdef void read_line(const char *bytes, size_t size, Line *line) noexcept nogil

cdef tuple FIELD_WORDS
