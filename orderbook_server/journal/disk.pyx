"""The two threads of a journal on a disk, and the segments that they make."""

from libc.errno cimport EDQUOT, EINTR, EIO, ENOSPC, errno
from libc.string cimport memcpy, memset

from orderbook.records cimport assert_size
from orderbook_server.clock cimport monotonic_ns, real_ns
from orderbook_server.journal.checksums cimport Blake2b, blake2b_add, blake2b_begin, blake2b_end, crc32c
from orderbook_server.journal.format cimport (
    FORMAT_VERSION, FRAME_ALIGNMENT, FRAME_CRC_BEGIN, FRAME_MAGIC, FrameHeader, SegmentHeader,
)
from orderbook_server.journal.system cimport (
    O_CLOEXEC, O_CREAT, O_RDWR, O_TRUNC, close_file, fsync, ftruncate, lock, openat, pwrite, renameat, snprintf,
    sync_file, thread_begin, thread_join, unlinkat, unlock, wait, wait_ns, wake, wake_all, write_pipe,
)

cdef enum:
    ZEROS_BYTES_MIN = 4096
    RETRY_NS = 100_000_000     # that the keeper waits before it looks for room again
    SEGMENT_MODE = 0o600

cdef const char *NEXT_NAME = "next.tmp"


# Files

cdef int write_all(int file, const char *data, uint64_t size, uint64_t offset) noexcept nogil:
    """Write bytes at an offset; return 0, or an errno."""
    cdef ssize_t done
    while size:
        done = pwrite(file, data, size, offset)
        if done < 0 and errno == EINTR:
            continue
        if done <= 0:
            return errno if done < 0 else EIO
        data += done
        size -= done
        offset += done
    return 0


cdef int synced(int file) noexcept nogil:
    """Sync a file's data; return 0, or an errno. Never called again after it failed: that would prove nothing."""
    return errno if sync_file(file) else 0


cdef int put_header(Disk *disk, int file, uint64_t sequence, int *filler) noexcept nogil:
    """Make a zero-filled file a segment that begins with a sequence, under its name; return 0, or an errno.

    `filler` becomes the segment opened once more.
    """
    cdef SegmentHeader header
    cdef char[32] name
    cdef int failed
    memset(&header, 0, sizeof(header))
    memcpy(header.magic, b"OBJOURNL", sizeof(header.magic))
    header.version = FORMAT_VERSION
    header.sequence = sequence
    header.time = real_ns()
    header.epoch = disk.epoch
    memcpy(header.previous, disk.previous, sizeof(header.previous))
    header.crc = crc32c(0, &header, sizeof(header))
    failed = write_all(file, <char *>&header, sizeof(header), 0)
    if not failed:
        failed = synced(file)
    if failed:
        return failed
    snprintf(name, sizeof(name), "%020llu.wal", <unsigned long long>sequence)
    if renameat(disk.folder, NEXT_NAME, disk.folder, name) or fsync(disk.folder):
        return errno
    filler[0] = openat(disk.folder, name, O_RDWR | O_CLOEXEC)
    return errno if filler[0] < 0 else 0


cdef int open_next(const Disk *disk) noexcept nogil:
    """Return an empty file for the next segment, or -1 with errno set."""
    return openat(disk.folder, NEXT_NAME, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, SEGMENT_MODE)


cdef int disk_open_first(Disk *disk, uint64_t sequence) noexcept nogil:
    """Make the first segment, whose first record will have a sequence, the one at hand; return 0, or an errno."""
    cdef int file = open_next(disk)
    cdef int failed
    if file < 0:
        return errno
    failed = write_all(file, disk.zeros, ZEROS_BYTES_MIN, 0)
    if not failed:
        failed = put_header(disk, file, sequence, &disk.filler)
    if failed:
        close_file(file)
        return failed
    disk.file = file
    disk.position = sizeof(SegmentHeader)
    disk.allocated = ZEROS_BYTES_MIN
    return 0


# What both threads and the loop's know of room; under the mutex

cdef inline uint64_t above(uint64_t one, uint64_t other) noexcept nogil:
    """Return by how much one number is above another, or 0."""
    return one - other if one > other else 0


cdef uint64_t disk_room(const Disk *disk, uint64_t head) noexcept nogil:
    """Return how many bytes may be put into the ring at `head` and published."""
    cdef uint64_t needed = head - disk.written + FRAMES_ROOM
    cdef uint64_t room = above(disk.allocated - disk.position, needed)
    if disk.changing:
        room = above(disk.next_allocated - sizeof(SegmentHeader), needed)
    return min(room, disk.ring_bytes - (head - disk.written))


cdef void tell(Disk *disk) noexcept nogil:
    """Say that there is news: to whoever waits, and by the bell, unless it was rung and not looked at.

    The mutex is held, but not while the bell is rung: who hears it wants the mutex at once.
    """
    wake_all(&disk.progress)
    if not disk.told:
        disk.told = True
        unlock(&disk.mutex)
        write_pipe(disk.bell, "!", 1)  # where that fails the pipe is full of what will be read
        lock(&disk.mutex)


# The writer

cdef uint64_t put_frame(Disk *disk, uint64_t begin, uint64_t end, uint64_t sequence) noexcept nogil:
    """Put the frame of some bytes of the ring together; return its size. The chain goes on with its hash."""
    cdef FrameHeader *header = <FrameHeader *>disk.frame
    cdef char *records = disk.frame + sizeof(FrameHeader)
    cdef uint64_t place = begin % disk.ring_bytes
    cdef uint64_t size = end - begin
    cdef uint64_t first = min(size, disk.ring_bytes - place)
    cdef Blake2b hash
    memcpy(records, disk.ring + place, first)
    memcpy(records + first, disk.ring, size - first)
    memset(records + size, 0, FRAME_ALIGNMENT)
    size = (sizeof(FrameHeader) + size + FRAME_ALIGNMENT - 1) & ~<uint64_t>(FRAME_ALIGNMENT - 1)
    header.magic = FRAME_MAGIC
    header.size = <uint32_t>size
    header.epoch = disk.epoch
    header.sequence = sequence
    header.time = real_ns()
    memcpy(header.previous, disk.previous, sizeof(header.previous))
    header.crc = crc32c(0, disk.frame + FRAME_CRC_BEGIN, size - FRAME_CRC_BEGIN)
    blake2b_begin(&hash)
    blake2b_add(&hash, disk.frame, size)
    blake2b_end(&hash, disk.previous)
    return size


cdef bint change_is_due(const Disk *disk) noexcept nogil:
    """Tell whether the next segment is to be begun, and has room for all that was promised room."""
    return (
        disk.next_allocated != 0 and disk.position + disk.ahead_bytes // 2 > disk.segment_bytes
        and disk.next_allocated >= sizeof(SegmentHeader) + disk.published - disk.written + disk.granted + FRAMES_ROOM
    )


cdef int change_segment(Disk *disk) noexcept nogil:
    """Begin the next segment; return 0, or an errno. The mutex is held, but not all the time."""
    cdef int old = disk.file
    cdef int filler = -1
    cdef uint64_t end = disk.position
    cdef int failed
    disk.changing = True
    while disk.busy:
        wait(&disk.progress, &disk.mutex)
    unlock(&disk.mutex)
    failed = put_header(disk, disk.next_file, disk.durable + 1, &filler)
    if not failed and disk.mode == SYNC_INTERVAL:
        failed = synced(old)
    if not failed:
        ftruncate(old, end)  # nothing depends on it: behind the last frame all is zero
        close_file(old)
    lock(&disk.mutex)
    if not failed:
        close_file(disk.filler)
        disk.filler = filler
        disk.file = disk.next_file
        disk.position = sizeof(SegmentHeader)
        disk.allocated = disk.next_allocated
        disk.next_file = -1
        disk.next_allocated = 0
        disk.full = False
    disk.changing = False
    wake(&disk.space)
    tell(disk)
    return failed


cdef int write_published(Disk *disk) noexcept nogil:
    """Write all that is published as one frame; return 0, or an errno. The mutex is held, but not meanwhile."""
    cdef uint64_t begin = disk.written
    cdef uint64_t end = disk.published
    cdef uint64_t last = disk.published_last
    cdef uint64_t sequence = disk.durable + 1
    cdef uint64_t begun, took = 0
    cdef uint64_t size
    cdef int failed
    unlock(&disk.mutex)
    size = put_frame(disk, begin, end, sequence)
    failed = write_all(disk.file, disk.frame, size, disk.position)
    if not failed and disk.mode == SYNC_ALWAYS:
        begun = monotonic_ns()
        failed = synced(disk.file)
        took = monotonic_ns() - begun
    lock(&disk.mutex)
    if failed:
        return failed
    disk.written = end
    disk.durable = last
    disk.position += size
    disk.frames += 1
    disk.bytes += size
    disk.syncs += disk.mode == SYNC_ALWAYS
    disk.sync_ns += took
    disk.unsynced = disk.mode == SYNC_INTERVAL
    tell(disk)
    if wants_room(disk):
        wake(&disk.space)
    return 0


cdef void *run_writer(void *argument) noexcept nogil:
    """Write what is published until the end, or until something fails."""
    cdef Disk *disk = <Disk *>argument
    cdef int failed = 0
    lock(&disk.mutex)
    while disk.error == 0:
        if change_is_due(disk) and not disk.closing:
            failed = change_segment(disk)
        elif disk.published != disk.written:
            failed = write_published(disk)
        elif disk.closing:
            break
        else:
            wait(&disk.work, &disk.mutex)
        if failed:  # the keeper's failure, of meanwhile, stays otherwise
            disk.error = failed
    wake(&disk.space)
    tell(disk)
    unlock(&disk.mutex)
    return NULL


# The keeper

cdef bint wants_next(const Disk *disk) noexcept nogil:
    """Tell whether the next segment is to be prepared: where there was no room for it, not again at once."""
    return (
        disk.next_allocated == 0 and disk.allocated >= disk.segment_bytes and monotonic_ns() >= disk.next_not_before
    )


cdef bint wants_current(const Disk *disk) noexcept nogil:
    """Tell whether the segment at hand needs more zeros."""
    cdef uint64_t room = disk.allocated - disk.position
    cdef bint grows = disk.allocated < disk.segment_bytes or disk.next_allocated == 0 and not wants_next(disk)
    return not disk.changing and (room < disk.wanted or room < disk.ahead_bytes and grows)


cdef bint wants_room(const Disk *disk) noexcept nogil:
    return wants_current(disk) or wants_next(disk)


cdef bint no_room(int failed) noexcept nogil:
    return failed == ENOSPC or failed == EDQUOT


cdef int add_zeros(Disk *disk, int file, uint64_t offset, uint64_t size) noexcept nogil:
    """Write zeros and sync them; return 0, or an errno. The mutex is held, but not meanwhile."""
    cdef int failed
    cdef int unsynced = 0
    unlock(&disk.mutex)
    failed = write_all(file, disk.zeros, size, offset)
    if failed == 0:
        failed = unsynced = synced(file)
    lock(&disk.mutex)
    if unsynced:  # for whatever reason: it may concern more than the zeros
        disk.error = unsynced
    return failed


cdef int keep_current(Disk *disk, uint64_t size) noexcept nogil:
    """Put zeros behind the segment at hand; return 0, or an errno."""
    cdef int failed
    disk.busy = True
    failed = add_zeros(disk, disk.filler, disk.allocated, size)
    disk.busy = False
    if failed == 0:
        disk.allocated += size
        disk.full = False
    tell(disk)
    return failed


cdef int keep_next(Disk *disk) noexcept nogil:
    """Prepare the next segment, as a whole or not at all; return 0, or an errno."""
    cdef uint64_t done = 0
    cdef int failed = 0
    if disk.next_file < 0:
        disk.next_file = open_next(disk)
        if disk.next_file < 0 and no_room(errno):
            disk.next_not_before = monotonic_ns() + RETRY_NS
            return 0
        if disk.next_file < 0:
            return errno
    while failed == 0 and done < disk.ahead_bytes and not disk.closing:
        failed = add_zeros(disk, disk.next_file, done, ZEROS_BYTES)
        done += ZEROS_BYTES
        sync_written(disk)  # all this takes longer than an interval may be
    if failed == 0 and not disk.closing:
        disk.next_allocated = done
        wake(&disk.work)
    elif no_room(failed):
        ftruncate(disk.next_file, 0)  # the room is better used in the segment at hand
        disk.next_not_before = monotonic_ns() + RETRY_NS
        failed = 0
    return failed


cdef void sync_written(Disk *disk) noexcept nogil:
    """Sync what was written since the last time, where that is done at times."""
    cdef int failed
    if disk.unsynced and not disk.changing:  # a change syncs the segment that it leaves
        disk.unsynced = False
        disk.busy = True
        unlock(&disk.mutex)
        failed = synced(disk.filler)
        lock(&disk.mutex)
        disk.busy = False
        if failed:
            disk.error = failed
        tell(disk)


cdef void rest(Disk *disk, uint64_t ns) noexcept nogil:
    """Wait for work, but at most so many nanoseconds, unless all is over."""
    if disk.error == 0 and not disk.closing:
        wait_ns(&disk.space, &disk.mutex, ns)


cdef void *run_keeper(void *argument) noexcept nogil:
    """Keep room ahead of the writer, and sync at times where that is asked for, until the end."""
    cdef Disk *disk = <Disk *>argument
    cdef uint64_t size = ZEROS_BYTES
    cdef int failed
    lock(&disk.mutex)
    while disk.error == 0 and not disk.closing:
        failed = 0
        if wants_current(disk):
            failed = keep_current(disk, size)
        elif wants_next(disk):
            failed = keep_next(disk)
        elif disk.mode == SYNC_INTERVAL:
            sync_written(disk)
            if not wants_room(disk):
                rest(disk, disk.interval_ns)
        else:
            wait(&disk.space, &disk.mutex)
        if failed == 0:
            size = min(2 * size, <uint64_t>ZEROS_BYTES)
            continue
        if not no_room(failed):
            disk.error = failed
        elif size > ZEROS_BYTES_MIN:
            size //= 2
        else:
            disk.full = True
            tell(disk)
            sync_written(disk)
            rest(disk, min(<uint64_t>RETRY_NS, disk.interval_ns) if disk.interval_ns else <uint64_t>RETRY_NS)
    wake(&disk.work)
    tell(disk)
    unlock(&disk.mutex)
    return NULL


# The end and the beginning

cdef int disk_start(Disk *disk) noexcept nogil:
    """Start the threads; return 0, or an errno."""
    cdef int failed = thread_begin(&disk.writer, run_writer, disk)
    if failed:
        return failed
    failed = thread_begin(&disk.keeper, run_keeper, disk)
    if failed:
        lock(&disk.mutex)
        disk.closing = True
        wake(&disk.work)
        unlock(&disk.mutex)
        thread_join(disk.writer, NULL)
    return failed


cdef void disk_stop(Disk *disk) noexcept nogil:
    """Have all that is published written, end the threads, and sync once more; `error` tells how that went."""
    lock(&disk.mutex)
    disk.closing = True
    wake(&disk.work)
    wake(&disk.space)
    unlock(&disk.mutex)
    thread_join(disk.writer, NULL)
    thread_join(disk.keeper, NULL)
    if disk.error == 0 and disk.mode != SYNC_ALWAYS:
        disk.error = synced(disk.file)
    if disk.next_file >= 0:
        close_file(disk.next_file)
        unlinkat(disk.folder, NEXT_NAME, 0)
    close_file(disk.file)
    close_file(disk.filler)
    disk.file = disk.filler = disk.next_file = -1


cdef void check_layout() noexcept nogil:
    assert_size(sizeof(SegmentHeader), 64)
    assert_size(sizeof(FrameHeader), 48)
