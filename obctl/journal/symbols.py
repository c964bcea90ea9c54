"""Which symbols the numbers of instruments stand for, at any record of a journal."""

import json
from typing import Any

from obctl.journal.directory import DataDirectory
from orderbook_server.journal.errors import JournalDamaged
from orderbook_server.journal.reader import Record, RecordKind

Symbols = tuple[str, ...]


def instruments_of(record: Record) -> list[dict[str, Any]]:
    """Return the instruments that an INSTRUMENTS record gives, each with its symbol; raise JournalDamaged."""
    try:
        instruments: list[dict[str, Any]] = json.loads(record.data or b"")
        if not all(isinstance(instrument["symbol"], str) for instrument in instruments):
            raise TypeError("a symbol must be a string")
    except (ValueError, TypeError, KeyError) as error:
        frame = record.frame
        raise JournalDamaged(frame.segment, frame.offset, f"record {record.sequence} tells no instruments") from error
    return instruments


def symbols_of(record: Record) -> Symbols:
    """Return the symbols that an INSTRUMENTS record gives; raise JournalDamaged."""
    return tuple(instrument["symbol"] for instrument in instruments_of(record))


def symbols_at(directory: DataDirectory, sequence: int) -> Symbols:
    """Return the symbols behind a record: from the last snapshot before it, and the journal up to it.

    None where neither tells them: what was before the first record is gone.
    """
    known = [header for header in directory.snapshots() if header.sequence <= sequence]
    symbols = tuple(instrument.symbol for instrument in known[0].instruments) if known else ()
    for frame in directory.reader(after=known[0].sequence if known else 0, until=sequence).frames():
        if b'"symbol"' not in frame.payload:  # most have none, and making records takes time
            continue
        for record in frame.records():
            if record.kind is RecordKind.INSTRUMENTS and record.sequence <= sequence:
                symbols = symbols_of(record)
    return symbols
