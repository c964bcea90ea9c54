"""The journal on a disk: a ring of bytes that one thread writes out as frames, and one that keeps room ahead of it.

The loop's thread copies records into the ring and publishes them. The writer takes all that is published as one frame,
writes it, syncs it, and says so: while it is at that, more comes together for the next frame. The keeper fills files
with zeros ahead of the writer and prepares the next segment, so that a frame never meets a full disk and a sync never
has to note a new length; where it finds no more room, the loop's thread refuses commands before they are matched.

None of the threads holds the GIL. What they share is under one mutex, which nobody holds while the disk works.

Invariant: the room behind `position`, in the file at hand and in the next one once a change to it has begun, is enough
for what is published, what was `granted` to be published, and the headers of the frames that these can become.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from orderbook_server.journal.format cimport HASH_BYTES
from orderbook_server.journal.system cimport pthread_cond_t, pthread_mutex_t, pthread_t


cdef enum:
    FRAMES_ROOM = 256          # bytes for headers and padding of what is published and granted: three frames at most
    ZEROS_BYTES = 1 << 18      # written and synced at once by the keeper, so that a frame's sync waits for no more


cdef enum SyncMode:
    SYNC_ALWAYS = 1
    SYNC_INTERVAL = 2
    SYNC_NEVER = 3


cdef struct Disk:
    # Fixed
    int folder                 # of segments, open
    int bell                   # written to when there is news for the loop's thread; does not block
    int mode                   # SyncMode
    uint64_t interval_ns
    uint64_t segment_bytes     # a segment that is about as long is followed by the next
    uint64_t ahead_bytes       # zeros ahead of the writer
    uint32_t epoch
    char *ring
    uint64_t ring_bytes
    char *frame                # where the writer puts a frame together
    char *zeros                # that the keeper writes
    pthread_t writer
    pthread_t keeper
    # Shared, under `mutex`
    pthread_mutex_t mutex
    pthread_cond_t work        # the writer waits for something published, or the end
    pthread_cond_t space       # the keeper waits for room that is short, or the end
    pthread_cond_t progress    # others wait for what these two do
    uint64_t published         # bytes that ever went into the ring, and are to be written
    uint64_t written           # of them, those that are kept
    uint64_t published_last    # sequence of the last record published
    uint64_t durable           # sequence of the last that is kept
    uint64_t granted           # bytes that the loop's thread may put into the ring and publish
    uint64_t wanted            # behind `position`: the loop's thread waits for so many, for a record with data
    int error                  # errno of what ended all writing, 0
    bint full                  # the keeper found no more room
    bint closing
    bint told                  # the bell was rung and not looked at
    bint changing              # the writer goes over to the next segment
    bint busy                  # the keeper works on `filler`, which must not be closed
    bint unsynced              # something was written and not synced, with SYNC_INTERVAL
    int file                   # the segment at hand
    int filler                 # the same, opened once more for the keeper: of a failure, each open file is told once
    uint64_t position          # in it: where the next frame goes
    uint64_t allocated         # bytes in it, those behind `position` zero
    int next_file              # -1: there is none
    uint64_t next_allocated    # 0: it is not ready
    uint64_t next_not_before   # by the monotonic clock: when to try again to prepare it
    uint64_t frames, bytes     # written, ever
    uint64_t syncs, sync_ns    # done for frames, and how long they took together
    # The writer's
    uint8_t previous[HASH_BYTES]


cdef int disk_open_first(Disk *disk, uint64_t sequence) noexcept nogil
cdef int disk_start(Disk *disk) noexcept nogil
cdef void disk_stop(Disk *disk) noexcept nogil
cdef uint64_t disk_room(const Disk *disk, uint64_t head) noexcept nogil
