"""Reading a journal: every frame is checked before it is given, and what is wrong is told apart.

A frame is good when its magic, size, CRC, sequence, chain and records are. What is not ends the journal where it is
torn (in the last segment, with no good frame at it or anywhere behind it), and is damage everywhere else:
docs/journal.md has the rules. A frame whose CRC is right was never torn: what else is wrong with it is damage wherever
it lies.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport UINT64_MAX, uint8_t, uint64_t
from libc.string cimport memcmp, memcpy, memset

from orderbook_server.journal.checksums cimport crc32c
from orderbook_server.journal.format cimport (
    FORMAT_VERSION, FRAME_MAGIC, HASH_BYTES, RECORD_BYTES_MAX, FrameHeader, SegmentHeader,
)
from orderbook_server.journal.frames cimport (
    BAD_CHAIN, BAD_CRC, BAD_PADDING, BAD_RECORD, BAD_SEQUENCE, BAD_SIZE, BEYOND_FILE, GOOD, NO_MAGIC, NO_SOURCE,
    Contents, Fault, all_zero, check_frame, hash_frame, possible_size,
)
from orderbook_server.journal.records cimport frame_records
from orderbook_server.journal.segment_file cimport SegmentFile

from orderbook_server.journal.errors import JournalDamaged, UnknownFormat
from orderbook_server.journal.layout import segments, sequence_of
from orderbook_server.journal.position import Position, Tail
from orderbook_server.journal.records import Record, RecordKind

__all__ = ["Frame", "JournalReader", "Position", "Record", "RecordKind", "Tail"]

cdef bytes SEGMENT_MAGIC = b"OBJOURNL"


cdef str segment_fault(const SegmentHeader *header, uint64_t named):
    """Return what is wrong with a segment's header in itself, None if nothing is; the version is right."""
    cdef SegmentHeader copy = header[0]
    copy.crc = 0
    if header.crc != crc32c(0, &copy, sizeof(copy)):
        return "the CRC of the segment's header is wrong"
    if header.sequence != named:
        return f"the segment's header says that it begins with record {header.sequence}, its name {named}"
    if header.sequence == 0:
        return "the segment begins with record 0, and there is none: the first is 1"
    if not all_zero(header.spare, sizeof(header.spare)):
        return "the spare bytes of the segment's header are not 0"
    if header.sequence == 1 and not all_zero(header.previous, HASH_BYTES):
        return "the first segment has the hash of a frame before it"
    return None


cdef str frame_fault(Fault fault, const FrameHeader *header, const Contents *contents, uint64_t expected):
    """Return what is wrong with a frame, in words."""
    cdef size_t offset = sizeof(FrameHeader) + contents.offset
    if fault == NO_MAGIC:
        return "no frame begins here"
    if fault == BAD_SIZE:
        return f"a frame of {header.size} bytes is not possible"
    if fault == BEYOND_FILE:
        return "a frame begins here that goes on behind the end of the file"
    if fault == BAD_CRC:
        return "the frame's CRC is wrong"
    if fault == BAD_SEQUENCE:
        return f"the frame begins with record {header.sequence}, and {expected} comes next"
    if fault == BAD_CHAIN:
        return "the frame does not have the hash of the one before it"
    if fault == BAD_RECORD:
        return f"at byte {offset} of the frame is no record, or one that does not end in it"
    if fault == NO_SOURCE:
        return f"the command at byte {offset} of the frame has no SOURCE"
    if fault == BAD_PADDING:
        return f"at byte {offset} of the frame are no records, and not just the zeros that fill it up"
    return "the frame has no record with a sequence"


cdef class Frame:
    """A frame that was checked."""

    def __init__(self):
        raise TypeError("frames come from JournalReader.frames")

    @property
    def previous(self):
        """The hash of the frame before it, 16 bytes."""
        return (<char *>self.chain)[:HASH_BYTES]

    @property
    def digest(self):
        """Its own hash, 16 bytes, which the next frame has."""
        return (<char *>self.own)[:HASH_BYTES]

    def records(self):
        """Return its records with a sequence."""
        return frame_records(
            self, self.payload, self.size - sizeof(FrameHeader), self.sequence, self.time
        )


cdef class JournalReader:
    """Reads the journal in a folder, from the record behind `after` up to the frame with `until`, or to its end.

    What lies behind the frame with `until` is never looked at: a server may be writing there. `live` says that one is:
    what is unfinished at the end is neither torn nor damage. `start`: a Position in a segment to begin at, instead of
    `after`; the header of that segment is not looked at. The segments are those that are there at first.

    Raises JournalDamaged, UnknownFormat, OSError, here and wherever it reads on.
    """

    def __cinit__(self, folder, *, after=0, until=None, live=False, start=None):
        self.folder = folder
        self.after = after if start is None else start.sequence
        self.until = UINT64_MAX if until is None else until
        self.live = live
        self.paths = segments(folder)
        if start is None:
            self.choose_segment()
        else:
            self.begin_at(start)

    cdef int choose_segment(self) except -1:
        """Take the last segment whose first record is not behind the one asked for."""
        if not self.paths:
            if self.after:
                raise JournalDamaged(self.folder, 0, f"there is no segment, and there were {self.after} records")
            return 0
        if sequence_of(self.paths[0]) > self.after + 1:
            reason = f"the segments with the records from {self.after + 1} on are missing"
            raise JournalDamaged(self.paths[0], 0, reason)
        while self.place + 1 < len(self.paths) and sequence_of(self.paths[self.place + 1]) <= self.after + 1:
            self.place += 1
        return 0

    cdef int begin_at(self, start) except -1:
        """Take a position in a segment as it is."""
        cdef bytes frame_hash = start.frame_hash
        self.file = SegmentFile(start.segment)
        self.place = self.paths.index(start.segment) + 1
        self.sequence, _, self.epoch, _, self.offset = start
        memcpy(self.hash, <const char *>frame_hash, HASH_BYTES)
        self.begun = True
        return 0

    @property
    def position(self):
        """The Position behind the last frame given; before the first one, behind the last that ends up to `after`."""
        self.seek()
        return Position(
            self.sequence, (<char *>self.hash)[:HASH_BYTES], self.epoch,
            None if self.file is None else self.file.path, self.offset,
        )

    def frames(self):
        """Yield every frame that has a record behind `after`, up to the one that has `until`. They come once."""
        cdef FrameHeader header
        cdef Contents contents
        self.seek()
        while self.find(&header, &contents):
            yield self.pass_frame(&header, &contents)

    def records(self):
        """Yield every record behind `after`, up to `until`."""
        for frame in self.frames():
            for record in (<Frame>frame).records():
                if self.after < record.sequence <= self.until:
                    yield record

    cdef int seek(self) except -1:
        """Begin: open the first segment, and pass the frames up to `after`."""
        cdef FrameHeader header
        cdef Contents contents
        if self.begun:
            return 0
        self.begun = self.ended = True
        if not self.open_next():
            return self.end(0)
        self.ended = False
        while self.find(&header, &contents) and self.sequence + contents.numbered <= self.after:
            self.pass_frame(&header, &contents)
        return 0

    cdef bint find(self, FrameHeader *header, Contents *contents) except -1:
        """Find the next frame, in this or a later segment; return whether there is one among those asked for."""
        cdef Fault fault
        while not self.ended:
            if self.sequence >= self.until:
                self.end(0)
                break
            fault = self.look(header, contents)
            if fault == GOOD:
                return True
            self.pass_end(fault, header, contents)
        return False

    cdef Fault look(self, FrameHeader *header, Contents *contents) except? <Fault>-1:
        """Look at the frame at the position; where it is good, all of it is in the buffer."""
        cdef size_t count = self.file.load(self.offset, sizeof(FrameHeader))
        cdef const uint8_t *frame
        cdef Fault fault
        memset(header, 0, sizeof(FrameHeader))
        memset(contents, 0, sizeof(Contents))
        if count >= sizeof(header.magic):
            memcpy(header, self.file.at(self.offset), count)
        if header.magic != FRAME_MAGIC:
            return NO_MAGIC
        if count < sizeof(FrameHeader):
            return BEYOND_FILE
        if not possible_size(header.size):
            return BAD_SIZE
        if self.file.load(self.offset, header.size) < header.size:
            return BEYOND_FILE
        frame = self.file.at(self.offset)
        with nogil:
            fault = check_frame(frame, header, self.sequence + 1, self.hash, contents)
        return fault

    cdef Frame pass_frame(self, const FrameHeader *header, const Contents *contents):
        """Return the frame at the position, which is good, and move the position behind it."""
        cdef Frame frame = Frame.__new__(Frame)
        cdef const uint8_t *p = self.file.at(self.offset)
        cdef size_t size = header.size - sizeof(FrameHeader)
        frame.sequence = header.sequence
        frame.last_sequence = self.sequence + contents.numbered
        frame.time = header.time
        frame.offset = self.offset
        frame.epoch = header.epoch
        frame.size = header.size
        frame.segment = self.file.path
        frame.payload = PyBytes_FromStringAndSize(NULL, size + RECORD_BYTES_MAX)
        memcpy(PyBytes_AS_STRING(frame.payload), p + sizeof(FrameHeader), size)
        memset(PyBytes_AS_STRING(frame.payload) + size, 0, RECORD_BYTES_MAX)
        memcpy(frame.chain, header.previous, HASH_BYTES)
        with nogil:
            hash_frame(p, header.size, self.hash)
        memcpy(frame.own, self.hash, HASH_BYTES)
        self.sequence = frame.last_sequence
        self.offset += header.size
        self.epoch = max(self.epoch, header.epoch)
        return frame

    cdef int pass_end(self, Fault fault, const FrameHeader *header, const Contents *contents) except -1:
        """Go on to the next segment, or end, where there is no good frame: or say that there should be one."""
        cdef bint last = self.place == len(self.paths)
        cdef uint64_t good, data
        cdef str reason = frame_fault(fault, header, contents, self.sequence + 1)
        if fault > BAD_CRC:
            raise JournalDamaged(self.file.path, self.offset, reason)
        if last and self.live:
            return self.end(0)
        data = self.file.end_of_data(self.offset)
        if data == self.offset:
            return 0 if not last and self.open_next() else self.end(0)
        if not last:
            raise JournalDamaged(self.file.path, self.offset, f"{reason}, and segments follow")
        good = self.file.good_frame(self.offset, data)
        if good:
            raise JournalDamaged(self.file.path, self.offset, f"{reason}, and a good frame follows at byte {good}")
        return self.end(data - self.offset)

    cdef bint open_next(self) except -1:
        """Begin the next segment; return whether there is one."""
        if self.place == len(self.paths):
            return False
        if not self.open_segment(self.paths[self.place]):
            return False
        self.place += 1
        return True

    cdef bint open_segment(self, path) except -1:
        """Begin a segment, if its header is right and goes on where the journal before it ends."""
        cdef SegmentFile file = SegmentFile(path)
        cdef SegmentHeader header
        cdef str fault
        if file.load(0, sizeof(header)) < sizeof(header):
            if self.live and self.place + 1 == len(self.paths):
                return False  # it is being made
            raise JournalDamaged(path, 0, "the segment ends within its header")
        memcpy(&header, file.at(0), sizeof(header))
        if memcmp(header.magic, <const char *>SEGMENT_MAGIC, sizeof(header.magic)):
            raise JournalDamaged(path, 0, "this is no segment of a journal")
        if header.version != FORMAT_VERSION:
            version = f"version {header.version} of the format; this program reads {FORMAT_VERSION}"
            raise UnknownFormat(f"{path} has {version}")
        fault = segment_fault(&header, sequence_of(path))
        if fault is None and self.file is not None:
            fault = self.join_fault(&header)
        if fault is not None:
            raise JournalDamaged(path, 0, fault)
        self.file = file
        self.offset = sizeof(header)
        self.sequence = header.sequence - 1
        self.epoch = max(self.epoch, header.epoch)
        memcpy(self.hash, header.previous, HASH_BYTES)
        return True

    cdef str join_fault(self, const SegmentHeader *header):
        """Return why a segment does not go on where the one before it ends, None if it does."""
        if header.sequence != self.sequence + 1:
            return f"the segment begins with record {header.sequence}, and {self.sequence + 1} comes next"
        if memcmp(header.previous, self.hash, HASH_BYTES):
            return "the segment does not have the hash of the frame before it"
        return None

    cdef int end(self, uint64_t torn_bytes) except -1:
        """Be done: the journal, or what was asked for, ends at the position."""
        self.ended = True
        if self.file is not None:
            self.tail = Tail(self.file.path, self.offset, torn_bytes, self.file.size)
        return 0
