"""What the journal's threads ask of the operating system; -1 and errno where something fails, as C has it."""

from libc.stdint cimport uint64_t


cdef extern from *:
    """
    #include <errno.h>
    #include <fcntl.h>
    #include <pthread.h>
    #include <signal.h>
    #include <stdio.h>
    #include <time.h>
    #include <unistd.h>

    /* Put a file's data on the disk, and not into the disk's own memory where the system tells them apart. */
    static int orderbook_sync(int file) {
    #if defined(__APPLE__)
        return fcntl(file, F_FULLFSYNC);
    #else
        return fdatasync(file);
    #endif
    }

    /* Start a thread that no signal is handled in: those are the interpreter's. Return 0 or an errno. */
    static int orderbook_thread(pthread_t *thread, void *(*run)(void *), void *argument) {
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        int failed = pthread_create(thread, NULL, run, argument);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        return failed;
    }

    /* Make a condition that can be waited for by a clock that nobody sets. */
    static void orderbook_condition(pthread_cond_t *condition) {
        pthread_condattr_t attributes;
        pthread_condattr_init(&attributes);
    #if !defined(__APPLE__)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    #endif
        pthread_cond_init(condition, &attributes);
        pthread_condattr_destroy(&attributes);
    }

    /* Wait for a condition, but at most so many nanoseconds. */
    static void orderbook_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, uint64_t ns) {
        struct timespec until = {0, 0};
    #if !defined(__APPLE__)
        clock_gettime(CLOCK_MONOTONIC, &until);
    #endif
        ns += (uint64_t)until.tv_nsec;
        until.tv_sec += (time_t)(ns / 1000000000);
        until.tv_nsec = (long)(ns % 1000000000);
    #if defined(__APPLE__)
        pthread_cond_timedwait_relative_np(condition, mutex, &until);
    #else
        pthread_cond_timedwait(condition, mutex, &until);
    #endif
    }
    """
    ctypedef struct pthread_mutex_t:
        pass
    ctypedef struct pthread_cond_t:
        pass
    ctypedef struct pthread_t:
        pass
    int mutex_init "pthread_mutex_init"(pthread_mutex_t *mutex, void *attributes) noexcept nogil
    int mutex_destroy "pthread_mutex_destroy"(pthread_mutex_t *mutex) noexcept nogil
    int lock "pthread_mutex_lock"(pthread_mutex_t *mutex) noexcept nogil
    int unlock "pthread_mutex_unlock"(pthread_mutex_t *mutex) noexcept nogil
    void condition_init "orderbook_condition"(pthread_cond_t *condition) noexcept nogil
    int condition_destroy "pthread_cond_destroy"(pthread_cond_t *condition) noexcept nogil
    int wake "pthread_cond_signal"(pthread_cond_t *condition) noexcept nogil
    int wake_all "pthread_cond_broadcast"(pthread_cond_t *condition) noexcept nogil
    int wait "pthread_cond_wait"(pthread_cond_t *condition, pthread_mutex_t *mutex) noexcept nogil
    void wait_ns "orderbook_wait"(pthread_cond_t *condition, pthread_mutex_t *mutex, uint64_t ns) noexcept nogil
    int thread_begin "orderbook_thread"(
        pthread_t *thread, void *(*run)(void *) noexcept nogil, void *argument,
    ) noexcept nogil
    int thread_join "pthread_join"(pthread_t thread, void **result) noexcept nogil
    int sync_file "orderbook_sync"(int file) noexcept nogil
    int openat(int folder, const char *name, int flags, ...) noexcept nogil
    int renameat(int folder, const char *name, int to_folder, const char *to) noexcept nogil
    int unlinkat(int folder, const char *name, int flags) noexcept nogil
    int fsync(int file) noexcept nogil
    int ftruncate(int file, long long size) noexcept nogil
    int close_file "close"(int file) noexcept nogil
    ssize_t pwrite(int file, const void *bytes, size_t size, long long offset) noexcept nogil
    ssize_t write_pipe "write"(int file, const void *bytes, size_t size) noexcept nogil
    int snprintf(char *text, size_t size, const char *form, ...) noexcept nogil
    const int O_RDWR
    const int O_CREAT
    const int O_TRUNC
    const int O_CLOEXEC
