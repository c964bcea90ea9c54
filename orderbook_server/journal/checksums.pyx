"""CRC32C (Castagnoli; RFC 3720, appendix B.4) eight bytes at a time, and BLAKE2b (RFC 7693) as `hashlib` has it.

They are here because the journal's writer is a thread that never holds the GIL, which the library's own need.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

cdef uint32_t POLYNOMIAL = 0x82F63B78
cdef uint32_t[8][256] TABLES

cdef uint64_t *IV = [
    0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1,
    0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179,
]
cdef uint8_t[12][16] SIGMA = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
]


cdef void make_tables() noexcept nogil:
    """Make what eight bytes at a time need: table k is of a byte that k others follow."""
    cdef uint32_t crc
    cdef int byte, table
    cdef int _bit
    for byte in range(256):
        crc = byte
        for _bit in range(8):
            crc = crc >> 1 ^ (POLYNOMIAL & -(crc & 1))
        TABLES[0][byte] = crc
    for byte in range(256):
        for table in range(1, 8):
            crc = TABLES[table - 1][byte]
            TABLES[table][byte] = crc >> 8 ^ TABLES[0][crc & 255]


make_tables()


cdef uint32_t crc32c(uint32_t crc, const void *data, size_t size) noexcept nogil:
    """Return the CRC of bytes behind others with the CRC `crc`, which is 0 where there are none."""
    cdef const uint8_t *p = <const uint8_t *>data
    cdef uint64_t word
    crc = ~crc
    while size >= 8:
        memcpy(&word, p, 8)
        word ^= crc
        crc = (
            TABLES[7][word & 255] ^ TABLES[6][word >> 8 & 255] ^ TABLES[5][word >> 16 & 255]
            ^ TABLES[4][word >> 24 & 255] ^ TABLES[3][word >> 32 & 255] ^ TABLES[2][word >> 40 & 255]
            ^ TABLES[1][word >> 48 & 255] ^ TABLES[0][word >> 56]
        )
        p += 8
        size -= 8
    while size:
        crc = crc >> 8 ^ TABLES[0][(crc ^ p[0]) & 255]
        p += 1
        size -= 1
    return ~crc


cdef inline uint64_t rotated(uint64_t word, int bits) noexcept nogil:
    return word >> bits | word << (64 - bits)


cdef inline void mix(uint64_t *a, uint64_t *b, uint64_t *c, uint64_t *d, uint64_t x, uint64_t y) noexcept nogil:
    a[0] = a[0] + b[0] + x
    d[0] = rotated(d[0] ^ a[0], 32)
    c[0] = c[0] + d[0]
    b[0] = rotated(b[0] ^ c[0], 24)
    a[0] = a[0] + b[0] + y
    d[0] = rotated(d[0] ^ a[0], 16)
    c[0] = c[0] + d[0]
    b[0] = rotated(b[0] ^ c[0], 63)


cdef inline void mix_round(uint64_t *v, const uint64_t *m, const uint8_t *s) noexcept nogil:
    mix(&v[0], &v[4], &v[8], &v[12], m[s[0]], m[s[1]])
    mix(&v[1], &v[5], &v[9], &v[13], m[s[2]], m[s[3]])
    mix(&v[2], &v[6], &v[10], &v[14], m[s[4]], m[s[5]])
    mix(&v[3], &v[7], &v[11], &v[15], m[s[6]], m[s[7]])
    mix(&v[0], &v[5], &v[10], &v[15], m[s[8]], m[s[9]])
    mix(&v[1], &v[6], &v[11], &v[12], m[s[10]], m[s[11]])
    mix(&v[2], &v[7], &v[8], &v[13], m[s[12]], m[s[13]])
    mix(&v[3], &v[4], &v[9], &v[14], m[s[14]], m[s[15]])


cdef void compress(Blake2b *hash, const uint8_t *block, bint last) noexcept nogil:
    """Take a block, with `hash.size` as it is with that block."""
    cdef uint64_t[16] v
    cdef uint64_t[16] m
    cdef int i
    memcpy(m, block, BLOCK_BYTES)
    for i in range(8):
        v[i] = hash.state[i]
        v[i + 8] = IV[i]
    v[12] ^= hash.size
    if last:
        v[14] = ~v[14]
    for i in range(12):
        mix_round(v, m, SIGMA[i])
    for i in range(8):
        hash.state[i] ^= v[i] ^ v[i + 8]


cdef void blake2b_begin(Blake2b *hash) noexcept nogil:
    memcpy(hash.state, IV, sizeof(hash.state))
    hash.state[0] ^= 0x01010000 ^ DIGEST_BYTES
    hash.size = 0
    hash.filled = 0


cdef void blake2b_add(Blake2b *hash, const void *data, size_t size) noexcept nogil:
    """Take more bytes."""
    cdef const uint8_t *p = <const uint8_t *>data
    cdef size_t part
    while size:
        if hash.filled == BLOCK_BYTES:  # only now: the last block is another matter
            hash.size += BLOCK_BYTES
            compress(hash, hash.block, False)
            hash.filled = 0
        while hash.filled == 0 and size > BLOCK_BYTES:
            hash.size += BLOCK_BYTES
            compress(hash, p, False)
            p += BLOCK_BYTES
            size -= BLOCK_BYTES
        part = min(size, BLOCK_BYTES - hash.filled)
        memcpy(hash.block + hash.filled, p, part)
        hash.filled += part
        p += part
        size -= part


cdef void blake2b_end(Blake2b *hash, uint8_t *digest) noexcept nogil:
    """Write the 16 bytes of the digest."""
    hash.size += hash.filled
    memset(hash.block + hash.filled, 0, BLOCK_BYTES - hash.filled)
    compress(hash, hash.block, True)
    memcpy(digest, hash.state, DIGEST_BYTES)


def crc32c_of(bytes data not None):
    """Return the CRC32C of some bytes."""
    return crc32c(0, <const char *>data, len(data))


def blake2b_16(bytes data not None):
    """Return what hashlib.blake2b(data, digest_size=16).digest() returns."""
    cdef Blake2b hash
    cdef uint8_t[DIGEST_BYTES] digest
    blake2b_begin(&hash)
    blake2b_add(&hash, <const char *>data, len(data))
    blake2b_end(&hash, digest)
    return (<char *>digest)[:DIGEST_BYTES]
