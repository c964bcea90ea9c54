"""The table of commands, and reading a line by it."""

from orderbook.records cimport ASK, BID, FILL_OR_KILL, IMMEDIATE_OR_CANCEL, LIMIT, MARKET, POST_ONLY, unlikely
from orderbook_server.protocol.line.words cimport Word, capital, meaning_of, skip_blanks, take_number, take_word

FIELD_WORDS = (  # by FieldName
    b"command", b"account_id", b"order_id", b"side", b"price", b"quantity", b"order_type", b"base", b"quote", b"mode",
    b"sequence", b"symbol", b"levels", b"token", b"number",
)

cdef enum:
    FIELDS_MAX = 6


cdef struct Shape:             # of a command
    int fields[FIELDS_MAX]     # FieldName of each
    int most                   # how many there are
    int least                  # how many must be there
    bint bare                  # none at all will do, too


cdef Word COMMANDS[40]
cdef int LETTERS[256]          # the Verb of each one-letter command, by its byte in either case
cdef Word SIDES[3]
cdef Word TYPES[12]
cdef Word MODES[20]
cdef Shape SHAPES[<int>VERBS]
cdef list SPELLINGS = []       # keeps the words' bytes


cdef int set_words(Word *words, list spellings) except -1:
    """Fill a table of words from (spelling, meaning) pairs; the entry behind the last stays empty."""
    cdef bytes spelling
    for position, (spelling, meaning) in enumerate(spellings):
        SPELLINGS.append(spelling)
        words[position].text = spelling
        words[position].size = len(spelling)
        words[position].meaning = meaning
    return 0


cdef void set_letters() noexcept:
    """Note the commands that are one letter where they are found at once."""
    cdef int byte
    cdef const Word *word = COMMANDS
    while word.size:
        for byte in range(256):
            if word.size == 1 and capital(<char>byte) == word.text[0]:
                LETTERS[byte] = word.meaning
        word += 1


cdef int set_shape(int verb, list fields, int least, bint bare=False) except -1:
    cdef Shape *shape = &SHAPES[verb]
    for position, field in enumerate(fields):
        shape.fields[position] = field
    shape.most = len(fields)
    shape.least = least
    shape.bare = bare
    return 0


set_words(COMMANDS, [
    (b"N", VERB_NEW), (b"C", VERB_CANCEL), (b"NEW", VERB_NEW), (b"CANCEL", VERB_CANCEL), (b"M", VERB_MODIFY),
    (b"MODIFY", VERB_MODIFY), (b"X", VERB_CANCEL_ALL), (b"CANCEL_ALL", VERB_CANCEL_ALL), (b"S", VERB_SNAPSHOT),
    (b"SNAPSHOT", VERB_SNAPSHOT), (b"L", VERB_DEPTH), (b"DEPTH", VERB_DEPTH), (b"O", VERB_ORDER),
    (b"ORDER", VERB_ORDER), (b"A", VERB_CREDIT), (b"CREDIT", VERB_CREDIT), (b"W", VERB_DEBIT), (b"DEBIT", VERB_DEBIT),
    (b"B", VERB_BALANCE), (b"BALANCE", VERB_BALANCE), (b"F", VERB_FEED), (b"FEED", VERB_FEED), (b"U", VERB_USE),
    (b"USE", VERB_USE), (b"I", VERB_INSTRUMENTS), (b"INSTRUMENTS", VERB_INSTRUMENTS),
    (b"D", VERB_CANCEL_ON_DISCONNECT), (b"CANCEL_ON_DISCONNECT", VERB_CANCEL_ON_DISCONNECT), (b"AUTH", VERB_AUTH),
    (b"P", VERB_PING), (b"PING", VERB_PING), (b"V", VERB_VERSION), (b"VERSION", VERB_VERSION), (b"Q", VERB_QUIT),
    (b"QUIT", VERB_QUIT),
])
set_letters()
set_words(SIDES, [(b"B", BID), (b"A", ASK)])
set_words(TYPES, [
    (b"LIMIT", LIMIT), (b"L", LIMIT), (b"MARKET", MARKET), (b"MKT", MARKET), (b"M", MARKET),
    (b"IOC", IMMEDIATE_OR_CANCEL), (b"FOK", FILL_OR_KILL), (b"POST_ONLY", POST_ONLY), (b"POSTONLY", POST_ONLY),
    (b"POST", POST_ONLY), (b"PO", POST_ONLY),
])
set_words(MODES, [
    (b"ON", MODE_ON), (b"YES", MODE_ON), (b"1", MODE_ON), (b"EVENTS", MODE_ON), (b"SUB", MODE_ON),
    (b"SUBSCRIBE", MODE_ON), (b"OFF", MODE_OFF), (b"NO", MODE_OFF), (b"0", MODE_OFF), (b"NONE", MODE_OFF),
    (b"STOP", MODE_OFF), (b"UNSUB", MODE_OFF), (b"UNSUBSCRIBE", MODE_OFF), (b"FROM", MODE_FROM),
])
set_shape(VERB_NEW, [FIELD_ACCOUNT, FIELD_ORDER, FIELD_SIDE, FIELD_PRICE, FIELD_QUANTITY, FIELD_TYPE], 5)
set_shape(VERB_MODIFY, [FIELD_ACCOUNT, FIELD_ORDER, FIELD_QUANTITY, FIELD_PRICE], 3)
set_shape(VERB_CANCEL, [FIELD_ACCOUNT, FIELD_ORDER], 2)
set_shape(VERB_CANCEL_ALL, [FIELD_ACCOUNT], 1)
set_shape(VERB_SNAPSHOT, [FIELD_SIDE, FIELD_PRICE], 2, bare=True)
set_shape(VERB_DEPTH, [FIELD_LEVELS], 0)
set_shape(VERB_ORDER, [FIELD_ORDER], 1)
set_shape(VERB_CREDIT, [FIELD_ACCOUNT, FIELD_BASE, FIELD_QUOTE], 3)
set_shape(VERB_DEBIT, [FIELD_ACCOUNT, FIELD_BASE, FIELD_QUOTE], 3)
set_shape(VERB_BALANCE, [FIELD_ACCOUNT], 1)
set_shape(VERB_FEED, [FIELD_MODE], 0)
set_shape(VERB_USE, [FIELD_SYMBOL], 1)
set_shape(VERB_CANCEL_ON_DISCONNECT, [FIELD_MODE], 0)
set_shape(VERB_AUTH, [FIELD_TOKEN], 1)


cdef inline void fail(Line *line, int fault, int field) noexcept nogil:
    line.fault = fault
    line.faulty = field


cdef inline void read_mode(Line *line, const Text *field, Text *rest) noexcept nogil:
    """Read a mode; FROM, which the feed alone knows, takes a sequence number with it."""
    line.mode = meaning_of(field, MODES)
    if line.mode == 0 or line.mode == MODE_FROM and line.verb != VERB_FEED:
        fail(line, INVALID_FIELD, FIELD_MODE)
    elif line.mode == MODE_FROM:
        if not skip_blanks(rest):
            fail(line, MISSING_FIELD, FIELD_SEQUENCE)
        elif not take_number(rest, &line.numbers[<int>FIELD_SEQUENCE]):
            fail(line, INVALID_FIELD, FIELD_NUMBER)


cdef inline void read_word(Line *line, int name, Text *rest) noexcept nogil:
    """Read a field of a known command that is no number."""
    cdef Text field
    take_word(rest, &field)
    if name == FIELD_SIDE:
        line.side = meaning_of(&field, SIDES)
        if unlikely(line.side == 0):
            fail(line, INVALID_FIELD, FIELD_SIDE)
    elif name == FIELD_TYPE:
        line.order_type = meaning_of(&field, TYPES)
        if unlikely(line.order_type == 0):
            fail(line, INVALID_FIELD, FIELD_TYPE)
    elif name == FIELD_MODE:
        read_mode(line, &field, rest)
    else:
        line.text = field


cdef inline bint is_number(int name) noexcept nogil:
    """Tell whether a field is a number: those that are not have words of their own."""
    cdef int words = 1 << FIELD_SIDE | 1 << FIELD_TYPE | 1 << FIELD_MODE | 1 << FIELD_SYMBOL | 1 << FIELD_TOKEN
    return not words >> name & 1


cdef inline int verb_of(const Text *field) noexcept nogil:
    """Return the Verb of a command word; NO_VERB where there is none."""
    return LETTERS[<unsigned char>field.bytes[0]] if field.size == 1 else meaning_of(field, COMMANDS)


cdef void read_line(const char *bytes, size_t size, Line *line) noexcept nogil:
    """Read a line; its end, which is not counted, stands behind it."""
    cdef Text rest, field
    cdef const Shape *shape
    cdef int name
    rest.bytes = bytes
    rest.size = size
    line.verb = NO_VERB
    line.fault = NO_FAULT
    line.given = 0
    line.order_type = LIMIT
    line.mode = MODE_ON
    if unlikely(not skip_blanks(&rest)):
        fail(line, MISSING_FIELD, FIELD_COMMAND)
        return
    take_word(&rest, &field)
    line.verb = verb_of(&field)
    if unlikely(line.verb == NO_VERB):
        fail(line, UNKNOWN_COMMAND if field.size == 1 else INVALID_FIELD, FIELD_COMMAND)
        return
    shape = &SHAPES[line.verb]
    while line.given < shape.most and skip_blanks(&rest):
        name = shape.fields[line.given]
        if is_number(name):
            if unlikely(not take_number(&rest, &line.numbers[name])):
                fail(line, INVALID_FIELD, FIELD_NUMBER)
        else:
            read_word(line, name, &rest)
        if unlikely(line.fault):
            return
        line.given += 1
    if unlikely(line.given < shape.least and not (shape.bare and line.given == 0)):
        fail(line, MISSING_FIELD, shape.fields[line.given])
    elif unlikely(skip_blanks(&rest)):
        fail(line, TOO_MANY_FIELDS, FIELD_COMMAND)
