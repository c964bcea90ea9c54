"""What tells good bytes from bad ones: CRC32C, and BLAKE2b with 16 bytes of digest, in steps and without the GIL."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t


cdef enum:
    DIGEST_BYTES = 16
    BLOCK_BYTES = 128          # of BLAKE2b


cdef struct Blake2b:
    uint64_t state[8]
    uint64_t size              # bytes taken so far, those in `block` not counted
    uint8_t block[BLOCK_BYTES]
    size_t filled              # bytes in `block`


cdef uint32_t crc32c(uint32_t crc, const void *data, size_t size) noexcept nogil
cdef void blake2b_begin(Blake2b *hash) noexcept nogil
cdef void blake2b_add(Blake2b *hash, const void *data, size_t size) noexcept nogil
cdef void blake2b_end(Blake2b *hash, uint8_t *digest) noexcept nogil
