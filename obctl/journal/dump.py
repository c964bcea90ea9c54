"""`obctl journal dump`: the records of a journal, one a line."""

import json
import sys
from collections.abc import Iterator

from obctl.errors import BadInput
from obctl.journal.directory import DataDirectory, readable
from obctl.journal.symbols import symbols_at, symbols_of
from obctl.journal.words import is_command, line_of, plain_record
from orderbook_server.journal.reader import RecordKind

LINES_PER_WRITE = 512  # standard output may be unbuffered


def dump(directory: DataDirectory, *, begin: int, until: int | None, account_id: int | None, as_json: bool) -> None:
    """Print the records from `begin` to `until`; of an account's commands alone where there is one."""
    waiting: list[str] = []
    try:
        for line in lines_of(directory, begin, until, account_id, as_json):
            waiting.append(line)
            if len(waiting) == LINES_PER_WRITE:
                write_out(waiting)
    finally:
        write_out(waiting)  # what comes before damage is good


def write_out(lines: list[str]) -> None:
    """Write lines, and forget them."""
    text = "".join(lines)
    lines.clear()
    sys.stdout.write(text)


def lines_of(
    directory: DataDirectory, begin: int, until: int | None, account_id: int | None, as_json: bool
) -> Iterator[str]:
    """Yield the lines, with what can be wrong with the directory, and with nothing else, told as such."""
    with readable(directory.path):
        yield from read_lines(directory, begin, until, account_id, as_json)


def read_lines(
    directory: DataDirectory, begin: int, until: int | None, account_id: int | None, as_json: bool
) -> Iterator[str]:
    """Yield the lines; raise BadInput, JournalError, OSError."""
    first = directory.first_record()
    if 1 < begin < first:
        raise BadInput(f"record {begin} is gone: the journal in {directory.path} begins with {first}")
    begin = max(begin, first)
    symbols = symbols_at(directory, begin - 1)
    reader = directory.reader(after=begin - 1, until=until)
    for record in reader.records():
        if record.kind is RecordKind.INSTRUMENTS:
            symbols = symbols_of(record)
        if account_id is None or (is_command(record) and record.account_id == account_id):
            yield (json.dumps(plain_record(record, symbols)) if as_json else line_of(record, symbols)) + "\n"
    last = reader.position.sequence
    if begin > max(last, first):
        raise BadInput(f"there is no record {begin}: the journal in {directory.path} has {first} to {last}")
