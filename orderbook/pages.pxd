"""Memory for the engine's growing arrays: zero-filled, from the heap while small, straight from the system when large.

Why not realloc alone: a page touched for the first time costs a fault of about a microsecond per 4 KiB, which is more
than the engine needs for the commands that fill the page. On Linux, large arrays therefore live in huge pages (one
fault per 2 MiB), and grow by moving their page tables, so no byte is copied. A page that nobody touched takes no
memory, so doubling an array doubles its address range, not its residence. Elsewhere, and under AddressSanitizer
(which cannot watch such memory), everything comes from the heap.
"""


cdef extern from *:
    """
    #include <stdlib.h>
    #include <string.h>
    #if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
    #include <sys/mman.h>
    #define ORDERBOOK_HUGE_PAGE ((size_t)2 << 20)

    static size_t orderbook_pages_round(size_t bytes) {
        return (bytes + ORDERBOOK_HUGE_PAGE - 1) & ~(ORDERBOOK_HUGE_PAGE - 1);
    }

    /* An address range of `bytes` (a multiple of the huge page) that begins at a huge page, or NULL. */
    static void *orderbook_pages_map(size_t bytes) {
        char *start = (char *)mmap(NULL, bytes + ORDERBOOK_HUGE_PAGE, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (start == (char *)MAP_FAILED) return NULL;
        char *aligned = (char *)orderbook_pages_round((size_t)start);
        size_t before = (size_t)(aligned - start);
        if (before) munmap(start, before);
        munmap(aligned + bytes, ORDERBOOK_HUGE_PAGE - before);
        madvise(aligned, bytes, MADV_HUGEPAGE);
        return aligned;
    }
    #else
    #define ORDERBOOK_HUGE_PAGE ((size_t)-1)  /* no array is that large: all are on the heap */
    static size_t orderbook_pages_round(size_t bytes) { return bytes; }
    static void *orderbook_pages_map(size_t bytes) { (void)bytes; return NULL; }
    #endif

    static void orderbook_pages_free(void *memory, size_t bytes) {
    #if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
        if (bytes >= ORDERBOOK_HUGE_PAGE) {
            munmap(memory, orderbook_pages_round(bytes));
            return;
        }
    #endif
        (void)bytes;
        free(memory);
    }

    /* On the heap, aligned to the cache line. */
    static void *orderbook_pages_heap(size_t bytes) {
        void *memory = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
        if (memory) memset(memory, 0, bytes);
        return memory;
    }

    /* Grow `memory` from `old_bytes` (0: allocate) to `new_bytes`; the added part is zero.
       Return the new address, or NULL with the old memory as it was. */
    static void *orderbook_pages_grow(void *memory, size_t old_bytes, size_t new_bytes) {
        void *grown = new_bytes >= ORDERBOOK_HUGE_PAGE
            ? orderbook_pages_map(orderbook_pages_round(new_bytes)) : orderbook_pages_heap(new_bytes);
        if (!grown || !old_bytes) return grown;
    #if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
        if (old_bytes >= ORDERBOOK_HUGE_PAGE) {
            size_t old_range = orderbook_pages_round(old_bytes);
            size_t new_range = orderbook_pages_round(new_bytes);
            /* Grown in the move: the range must stay one mapping, or kernels before 6.17 cannot move it again. */
            if (mremap(memory, old_range, new_range, MREMAP_MAYMOVE | MREMAP_FIXED, grown) == MAP_FAILED) {
                orderbook_pages_free(grown, new_bytes);
                return NULL;
            }
            return grown;
        }
    #endif
        memcpy(grown, memory, old_bytes);
        orderbook_pages_free(memory, old_bytes);
        return grown;
    }
    """
    const size_t PAGES_HEAP_MAX "ORDERBOOK_HUGE_PAGE"  # arrays below so many bytes are on the heap
    void *pages_grow "orderbook_pages_grow"(void *memory, size_t old_bytes, size_t new_bytes) noexcept nogil
    void pages_free "orderbook_pages_free"(void *memory, size_t bytes) noexcept nogil
