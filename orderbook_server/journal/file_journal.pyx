"""FileJournal: the journal on a disk, as the sequencer and the gateways see it; disk.pyx has the threads behind it."""

import os

from libc.errno cimport ENOSPC
from libc.stdint cimport uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy

from orderbook.records cimport Command
from orderbook_server.journal.disk cimport (
    FRAMES_ROOM, SYNC_ALWAYS, SYNC_INTERVAL, SYNC_NEVER, ZEROS_BYTES, Disk, disk_open_first, disk_room, disk_start,
    disk_stop,
)
from orderbook_server.journal.format cimport (
    HASH_BYTES, INSTRUMENTS, OTHER, RECORD_BYTES_MAX, SESSION, STATE, FrameHeader, put_command, put_number, put_source,
)
from orderbook_server.journal.journal cimport RECORD_ROOM, Journal
from orderbook_server.journal.system cimport (
    condition_destroy, condition_init, lock, mutex_destroy, mutex_init, unlock, wait_ns, wake,
)

cdef enum:
    RING_BYTES = 1 << 22       # that may wait to be written: a third of a million commands
    GRANT_BYTES = 1 << 16      # that may be appended before room is looked at again
    AHEAD_BYTES_MAX = 1 << 23  # of zeros
    AHEAD_BYTES_MIN = 1 << 16
    WAIT_NS = 50_000_000
    WAITS = 100                # of WAIT_NS: a disk that stands still for so long has no room

cdef dict MODES = {"always": SYNC_ALWAYS, "interval": SYNC_INTERVAL, "never": SYNC_NEVER}


cdef class FileJournal(Journal):
    """A journal in a folder of segments.

    folder: their Path. sequence, frame_hash, epoch, segment, offset: where the journal goes on, as JournalReader found
    it; segment None: a new one begins. sync, interval_ms: when the disk is told to keep what was written, see
    docs/journal.md. segment_bytes: about how long segments become.

    OSError where the folder cannot be used. To be closed.
    """

    cdef Disk disk
    cdef uint64_t head               # bytes that ever went into the ring
    cdef uint64_t source_time        # of the SOURCE before `head`, 0: there is none in the frame to come
    cdef uint64_t source_session
    cdef bint starved                # there was no room for a command
    cdef bint running
    cdef bint made                   # the files below are this one's, or -1
    cdef int bell                    # the end of a pipe to be read from

    def __cinit__(
        self, folder, *, uint64_t sequence=0, bytes frame_hash=bytes(HASH_BYTES), int epoch=1, segment=None,
        uint64_t offset=0, str sync="always", uint64_t interval_ms=0, uint64_t segment_bytes=1 << 26,
    ):
        cdef Disk *disk = &self.disk
        self.bell = disk.folder = disk.bell = disk.file = disk.filler = disk.next_file = -1
        self.made = True
        if sync not in MODES or sync == "interval" and interval_ms == 0:
            raise ValueError(f"sync must be always, interval with a number of milliseconds, or never, not {sync!r}")
        if len(frame_hash) != HASH_BYTES:
            raise ValueError(f"frame_hash must be {HASH_BYTES} bytes")
        self.budget = 0
        self.keeps = True
        self.appended = self.durable = sequence
        disk.durable = disk.published_last = sequence
        disk.mode = MODES[sync]
        disk.interval_ns = 1_000_000 * interval_ms
        disk.segment_bytes = segment_bytes
        disk.ahead_bytes = min(max(segment_bytes // 2, <uint64_t>AHEAD_BYTES_MIN), <uint64_t>AHEAD_BYTES_MAX)
        disk.epoch = epoch
        disk.ring_bytes = RING_BYTES
        memcpy(disk.previous, <char *>frame_hash, HASH_BYTES)
        mutex_init(&disk.mutex, NULL)
        condition_init(&disk.work)
        condition_init(&disk.space)
        condition_init(&disk.progress)
        disk.ring = <char *>malloc(RING_BYTES)
        disk.frame = <char *>malloc(sizeof(FrameHeader) + RING_BYTES + HASH_BYTES)
        disk.zeros = <char *>calloc(1, ZEROS_BYTES)
        if disk.ring == NULL or disk.frame == NULL or disk.zeros == NULL:
            raise MemoryError("no memory for the journal's ring")
        self.bell, disk.bell = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        disk.folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        if segment is None:
            raise_failed(disk_open_first(disk, sequence + 1), folder)
        else:
            disk.file = os.open(segment, os.O_RDWR)
            disk.filler = os.open(segment, os.O_RDWR)
            disk.position = offset
            disk.allocated = max(offset, os.fstat(disk.file).st_size)
        raise_failed(disk_start(disk), folder)
        self.running = True
        self.make_room()

    def __dealloc__(self):
        cdef Disk *disk = &self.disk
        self.stop()
        free(disk.ring)
        free(disk.frame)
        free(disk.zeros)
        condition_destroy(&disk.work)
        condition_destroy(&disk.space)
        condition_destroy(&disk.progress)
        mutex_destroy(&disk.mutex)
        if self.made:
            for file in (self.bell, disk.bell, disk.folder, disk.file, disk.filler):
                if file >= 0:
                    os.close(file)

    def fileno(self):
        return self.bell

    @property
    def full(self):
        return self.starved

    @property
    def error(self):
        lock(&self.disk.mutex)
        cdef int failed = self.disk.error
        unlock(&self.disk.mutex)
        return OSError(failed, os.strerror(failed)) if failed else None

    @property
    def figures(self):
        cdef Disk *disk = &self.disk
        lock(&disk.mutex)
        figures = {"frames": disk.frames, "bytes": disk.bytes, "syncs": disk.syncs, "sync_ns": disk.sync_ns}
        unlock(&disk.mutex)
        return figures

    def refresh(self):
        cdef Disk *disk = &self.disk
        if not self.running:
            return
        try:
            os.read(self.bell, 64)
        except BlockingIOError:
            pass  # somebody looked without having been told
        lock(&disk.mutex)
        disk.told = False
        self.durable = disk.durable
        self.grant()
        unlock(&disk.mutex)
        if self.budget >= RECORD_ROOM:
            self.starved = False

    def append_instruments(self, bytes instruments not None):
        cdef char[RECORD_BYTES_MAX] head
        return self.append_data(INSTRUMENTS, head, put_number(head + 1, len(instruments), 2) - head, instruments)

    def append_state(self, bytes state_hash not None):
        cdef char[RECORD_BYTES_MAX] head
        if len(state_hash) != HASH_BYTES:
            raise ValueError(f"state_hash must be {HASH_BYTES} bytes")
        return self.append_data(STATE, head, 1, state_hash)

    cdef uint64_t append_data(self, int kind, char *head, size_t head_size, bytes data) except 0:
        """Append a record of some kind, whose head lacks its first byte; return its sequence."""
        if not self.room_for(len(data) + RECORD_ROOM):
            raise self.error or OSError(ENOSPC, "no room for a record in the journal")
        head[0] = <char>(<int>OTHER | kind << 3)
        self.put(head, head_size)
        self.put(<char *>data, len(data))
        self.appended += 1
        self.publish()
        return self.appended

    cpdef publish(self):
        self.hand_over()

    def close(self):
        if self.running:
            self.stop()
            self.durable = self.disk.durable
            self.budget = 0
            raise_failed(self.disk.error, "the journal")

    cdef void stop(self):
        """Have all written that can be, and end the threads."""
        if self.running:
            self.hand_over()
            self.running = False
            with nogil:
                disk_stop(&self.disk)

    cdef void grant(self) noexcept nogil:
        """Work out how much may be appended; under the mutex."""
        cdef Disk *disk = &self.disk
        cdef uint64_t room = 0 if disk.error or disk.closing else disk_room(disk, self.head)
        self.budget = min(room, <uint64_t>GRANT_BYTES)
        disk.granted = self.head - disk.published + self.budget

    cdef void hand_over(self) noexcept nogil:
        """Publish what was appended, and see how much more may be."""
        cdef Disk *disk = &self.disk
        if self.head == disk.published:  # which only this thread writes
            return
        lock(&disk.mutex)
        disk.published = self.head
        disk.published_last = self.appended
        self.grant()
        unlock(&disk.mutex)
        wake(&disk.work)  # not under the mutex, which is what the writer wants first
        self.source_time = 0

    cdef bint make_room(self) noexcept nogil:
        cdef bint room = self.room_for(RECORD_ROOM)
        self.starved = not room
        return room

    cdef bint room_for(self, uint64_t bytes) noexcept nogil:
        """See to it that so many bytes can be appended, waiting for the disk if it is at work; tell whether they can.

        This holds everybody up, as a disk that is slower than the commands that come must.
        """
        cdef Disk *disk = &self.disk
        cdef int waits = 0 if self.starved else <int>WAITS  # not again for a disk that stands still
        cdef uint64_t room
        self.hand_over()
        lock(&disk.mutex)
        while True:
            room = disk_room(disk, self.head)
            if room >= bytes or disk.error or disk.closing or waits == 0:
                break
            if disk.full and disk.published == disk.written and not disk.changing:
                break
            if bytes > RECORD_ROOM:  # which segments are not made for
                disk.wanted = self.head - disk.written + bytes + FRAMES_ROOM
            wake(&disk.space)
            wait_ns(&disk.progress, &disk.mutex, WAIT_NS)
            waits -= 1
        disk.wanted = 0
        self.grant()
        if room >= bytes and not disk.error and not disk.closing and self.budget < bytes:
            self.budget = bytes
            disk.granted = self.head - disk.published + bytes
        unlock(&disk.mutex)
        return self.budget >= bytes

    cdef void put(self, const char *data, uint64_t size) noexcept nogil:
        """Copy bytes into the ring, in which there is room."""
        cdef uint64_t place = self.head % RING_BYTES
        cdef uint64_t first = min(size, RING_BYTES - place)
        memcpy(self.disk.ring + place, data, first)
        memcpy(self.disk.ring, data + first, size - first)
        self.head += size
        self.budget -= min(size, self.budget)

    cdef void put_source_of(self, uint64_t time, uint64_t session) noexcept nogil:
        """Say when and through which session the records to come came, unless that was said."""
        cdef char[RECORD_BYTES_MAX] record
        if self.source_time != time or self.source_session != session:
            self.source_time = time
            self.source_session = session
            self.put(record, put_source(record, time, session))

    cdef void append(self, const Command *command, uint64_t time, uint64_t session) noexcept nogil:
        cdef char[RECORD_BYTES_MAX] record
        self.put_source_of(time, session)
        self.put(record, put_command(record, command))
        self.appended += 1

    cdef void append_session(self, int code, uint64_t time, uint64_t session) noexcept nogil:
        cdef char[RECORD_BYTES_MAX] record
        cdef char *end
        self.put_source_of(time, session)
        record[0] = <char>(<int>OTHER | <int>SESSION << 3)
        record[1] = <char>code
        end = put_number(record + 2, session, 3)
        self.put(record, end - record)
        self.appended += 1


cdef int raise_failed(int failed, object where) except -1:
    if failed:
        raise OSError(failed, os.strerror(failed), str(where))
    return 0
