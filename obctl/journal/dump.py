"""`obctl journal dump`: the records of a journal, one a line."""

import json
import sys

from obctl.errors import BadInput
from obctl.journal.directory import DataDirectory
from obctl.journal.symbols import symbols_at, symbols_of
from obctl.journal.words import is_command, line_of, plain_record
from orderbook_server.journal.reader import RecordKind


def dump(directory: DataDirectory, *, begin: int, until: int | None, account_id: int | None, as_json: bool) -> None:
    """Print the records from `begin` to `until`; of an account's commands alone where there is one."""
    first = directory.first_record()
    if 1 < begin < first:
        raise BadInput(f"record {begin} is gone: the journal in {directory.path} begins with {first}")
    begin = max(begin, first)
    symbols = symbols_at(directory, begin - 1)
    write = sys.stdout.write
    reader = directory.reader(after=begin - 1, until=until)
    for record in reader.records():
        if record.kind is RecordKind.INSTRUMENTS:
            symbols = symbols_of(record)
        if account_id is None or (is_command(record) and record.account_id == account_id):
            write(json.dumps(plain_record(record, symbols)) if as_json else line_of(record, symbols))
            write("\n")
    last = reader.position.sequence
    if begin > max(last, first):
        raise BadInput(f"there is no record {begin}: the journal in {directory.path} has {first} to {last}")
