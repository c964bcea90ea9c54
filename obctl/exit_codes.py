"""The exit statuses of `obctl`, the same for every command."""

OK = 0
BAD_INPUT = 1  # the input data is wrong, unreadable or missing
USAGE = 2  # the command line is wrong, or an optional library that it needs is missing
DIFFERS = 3  # a verification ran and found a difference
DAMAGED = 4  # the data directory is damaged: something in it is not as it was written
REFUSED = 5  # the server refused: a command by its code, a token, an account
UNREACHABLE = 6  # the server cannot be reached, or did not answer in time
STORAGE = 7  # the disk failed, or there is no room to begin, where the exchange is kept
INTERRUPTED = 130  # Ctrl-C, as shells count it
BROKEN_PIPE = 141  # the reader of our output went away, as shells count it
