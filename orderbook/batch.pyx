"""Batches: many commands per call, no Python object per command.

Commands come in through the buffer protocol as `COMMAND` records; status, unfilled quantities and fills go out the
same way. The layouts are C structs in records.pxd, described for numpy by `COMMAND_DTYPE` and `FILL_DTYPE`.

Fresh memory costs more than matching does (a page fault per 85 fills), so the buffers of a result go back to the
engine's pool when the result and all views of it are gone, and the next batch writes into warm pages.
"""

cimport cython
from cpython.buffer cimport (
    PyBUF_ANY_CONTIGUOUS, PyBUF_FORMAT, PyBUF_ND, PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_CheckBuffer,
    PyObject_GetBuffer,
)
from libc.string cimport memset

from orderbook.fills cimport fill_buffer_destroy, fill_buffer_reserve
from orderbook.pages cimport pages_free, pages_grow
from orderbook.records cimport Command, Fill, assert_size

COMMAND_DTYPE = [
    ("kind", "u1"), ("side", "u1"), ("order_type", "u1"), ("flags", "u1"), ("instrument", "<u4"),
    ("account_id", "<u8"), ("order_id", "<u8"), ("price", "<u8"), ("quantity", "<u8"), ("timestamp", "<u8"),
]
FILL_DTYPE = [
    ("command", "<u8"), ("taker_order_id", "<u8"), ("maker_order_id", "<u8"), ("price", "<u8"), ("quantity", "<u8"),
]

cdef enum:
    IDLE_BYTES_MAX = 128 << 20  # a pool keeps no larger buffers than this for the next batch


cdef bytes struct_format(list fields):
    """Return the buffer protocol's description of a record, in standard sizes."""
    codes = {"u1": "B", "<u4": "I", "<u8": "Q"}
    return ("T{" + "".join([f"<{codes[kind]}:{name}:" for name, kind in fields]) + "}").encode()


cdef bytes COMMAND_FORMAT = struct_format(COMMAND_DTYPE)
cdef bytes FILL_FORMAT = struct_format(FILL_DTYPE)


cdef bytes normalised(bytes description):
    """Strip what may differ between descriptions of the same little-endian layout: byte order marks, L for Q."""
    return description.translate(None, b"<=@^ ").replace(b"L:", b"Q:")


cdef class CommandBuffer:
    """A caller's buffer of COMMAND records, checked and held."""

    def __cinit__(self, commands):
        if not PyObject_CheckBuffer(commands):
            raise TypeError(f"commands must be a buffer of COMMAND records, not {type(commands).__name__}")
        try:
            PyObject_GetBuffer(commands, &self.view, PyBUF_FORMAT | PyBUF_ND | PyBUF_ANY_CONTIGUOUS)
        except BufferError as error:
            raise ValueError(f"commands must be contiguous: {error}") from None
        self.held = True
        if self.view.itemsize != sizeof(Command):
            raise ValueError(f"commands must be records of {sizeof(Command)} bytes, not of {self.view.itemsize}")
        if self.view.ndim != 1:
            raise ValueError(f"commands must have one dimension, not {self.view.ndim}")
        if self.view.format == NULL or normalised(self.view.format) != normalised(COMMAND_FORMAT):
            layout = "unknown" if self.view.format == NULL else self.view.format.decode()
            raise ValueError(f"commands must have the layout of COMMAND_DTYPE, not {layout}")
        if self.view.len and <size_t>self.view.buf % sizeof(uint64_t):
            raise ValueError("commands must begin at a multiple of 8 bytes in memory")

    def __dealloc__(self):
        if self.held:
            PyBuffer_Release(&self.view)


cdef class Records:
    """A read-only array in the buffer protocol: what `numpy.asarray` turns into an array without a copy."""

    cdef object keeper           # owns the memory
    cdef void *items
    cdef bytes description
    cdef Py_ssize_t shape[1]
    cdef Py_ssize_t strides[1]

    def __getbuffer__(self, Py_buffer *view, int flags):
        if flags & PyBUF_WRITABLE:
            raise BufferError("the records are read-only")
        view.buf = self.items
        view.obj = self
        view.len = self.shape[0] * self.strides[0]
        view.itemsize = self.strides[0]
        view.readonly = 1
        view.ndim = 1
        view.format = <char *>self.description if flags & PyBUF_FORMAT else NULL
        view.shape = self.shape if flags & PyBUF_ND else NULL
        view.strides = self.strides if flags & PyBUF_ND else NULL
        view.suboffsets = NULL
        view.internal = NULL

    def __len__(self):
        return self.shape[0]


cdef Records new_records(object keeper, void *items, bytes description, Py_ssize_t size, Py_ssize_t itemsize):
    cdef Records records = Records.__new__(Records)
    records.keeper = keeper
    records.items = items
    records.description = description
    records.shape[0] = size
    records.strides[0] = itemsize
    return records


def as_commands(buffer):
    """View bytes (the content of a .bin file, an mmap) as COMMAND records, without a copy.

    Raise TypeError where `buffer` is none, ValueError where its length is no multiple of 48 bytes. What it returns can
    be given to `process`, and to `numpy.asarray`.
    """
    view = memoryview(buffer).cast("B")
    if len(view) % sizeof(Command):
        raise ValueError(f"{len(view)} bytes are no whole number of records of {sizeof(Command)} bytes")
    cdef Py_buffer raw
    PyObject_GetBuffer(view, &raw, PyBUF_SIMPLE)
    records = new_records(view, raw.buf, COMMAND_FORMAT, len(view) // sizeof(Command), sizeof(Command))
    PyBuffer_Release(&raw)  # the memoryview itself goes on holding the buffer
    return records


cdef uint64_t buffers_size(const ResultBuffers *buffers) noexcept:
    """Return the bytes that they span."""
    return buffers.capacity * (1 + sizeof(uint64_t)) + buffers.fills.capacity * sizeof(Fill)


cdef void buffers_destroy(ResultBuffers *buffers) noexcept:
    if buffers.status != NULL:
        pages_free(buffers.status, buffers.capacity)
    if buffers.unfilled != NULL:
        pages_free(buffers.unfilled, buffers.capacity * sizeof(uint64_t))
    fill_buffer_destroy(&buffers.fills)
    memset(buffers, 0, sizeof(ResultBuffers))


cdef class ResultPool:
    """The buffers of the last result that nobody holds any more, for the next batch."""

    def __dealloc__(self):
        buffers_destroy(&self.idle)

    cdef ResultBuffers take(self, uint64_t commands) except *:
        """Return buffers with room for a number of commands, or raise MemoryError."""
        cdef ResultBuffers buffers = self.idle
        memset(&self.idle, 0, sizeof(ResultBuffers))
        if buffers.capacity < commands or buffers.status == NULL:
            buffers_destroy(&buffers)
            buffers.capacity = max(commands, 64)
            buffers.status = <uint8_t *>pages_grow(NULL, 0, buffers.capacity)
            buffers.unfilled = <uint64_t *>pages_grow(NULL, 0, buffers.capacity * sizeof(uint64_t))
        buffers.fills.size = 0
        if buffers.status == NULL or buffers.unfilled == NULL or fill_buffer_reserve(&buffers.fills, 1):
            buffers_destroy(&buffers)
            raise MemoryError(f"no memory for the results of {commands} commands")
        return buffers

    cdef void give_back(self, ResultBuffers *buffers) noexcept:
        if buffers_size(buffers) > IDLE_BYTES_MAX or buffers_size(buffers) < buffers_size(&self.idle):
            buffers_destroy(buffers)
            return
        buffers_destroy(&self.idle)
        self.idle = buffers[0]


@cython.final
@cython.no_gc  # the collector would part it from its pool and lose the buffers; it can be in no cycle of its own
cdef class BatchResult:
    """What became of a batch; `status`, `unfilled` and `fills` go to `numpy.asarray` without a copy.

    status: u8 per command, 0 accepted, else the error's number. unfilled: u64 per command, lots; for a CANCEL the
    quantity taken back. fills: `FILL_DTYPE` records in the order they happened.
    """

    def __cinit__(self, ResultPool pool not None):
        self.pool = pool

    def __dealloc__(self):
        self.pool.give_back(&self.buffers)

    @property
    def status(self):
        """A number per command: 0 accepted, else that of the error."""
        return new_records(self, self.buffers.status, b"B", self.commands, 1)

    @property
    def unfilled(self):
        """Lots per command that neither traded nor rest; of a CANCEL, those taken back."""
        return new_records(self, self.buffers.unfilled, b"Q", self.commands, sizeof(uint64_t))

    @property
    def fills(self):
        """The trades, as FILL_DTYPE records."""
        return new_records(self, self.buffers.fills.items, FILL_FORMAT, self.buffers.fills.size, sizeof(Fill))

    def __len__(self):
        return self.commands

    def __repr__(self):
        return f"<BatchResult of {self.commands} commands with {self.buffers.fills.size} fills>"


cdef BatchResult new_batch_result(ResultPool pool, Py_ssize_t commands):
    """Return a result with buffers for a number of commands, to be written; or raise MemoryError."""
    cdef BatchResult result = BatchResult.__new__(BatchResult, pool)
    result.buffers = pool.take(commands)
    result.commands = commands
    return result


cdef void check_layout() noexcept nogil:
    assert_size(sizeof(Command), 48)
    assert_size(sizeof(Fill), 40)
