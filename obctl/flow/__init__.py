"""Order flow files: reading CSV, LOBSTER messages and command records, and generating flow.

`open_rows` is the way in. The rows are C structs (rows.pxd) that other compiled code takes without a Python object per
row; `RowReader.rows_as_tuples` shows them to Python.

============================= ========================================================================================
recognise                     which format a file is in
source, compression, lines    bytes from a file or a pipe, decompressed, cut into whole lines
rows, text_reader             what all readers share, and what those of text formats do
csv_reader, spellings, words  CSV, and how people spell its columns and words
lobster_reader, lobster_book  LOBSTER's message files and order book files
binary_reader                 command records
scan                          text to numbers, exactly
generate, shadow              synthetic flow, and the book that the generator believes in
write_flow, csv_writer        generated flow into files
============================= ========================================================================================
"""

import os
from decimal import Decimal

from obctl.flow.binary_reader import BinaryReader
from obctl.flow.csv_reader import CsvReader
from obctl.flow.errors import FlowError, RowError
from obctl.flow.lobster_book import LobsterBookReader
from obctl.flow.lobster_reader import LobsterReader
from obctl.flow.recognise import FORMATS, recognise
from obctl.flow.rows import FlowRow, RowReader
from obctl.flow.source import Source

__all__ = ["FORMATS", "FlowError", "FlowRow", "LobsterBookReader", "RowError", "RowReader", "open_rows"]

BLOCK_SIZE = 1 << 20  # bytes read at a time


def open_rows(
    path: str | os.PathLike[str],
    *,
    format: str | None = None,  # noqa: A002 - the name that people look for
    tick_size: str | int | Decimal | None = None,
    lot_size: str | int | Decimal | None = None,
    time_unit: str = "auto",
    symbol: str | None = None,
    after: RowReader | None = None,
    block_size: int = BLOCK_SIZE,
) -> RowReader:
    """Open a file of order flow, or standard input for "-", and return its reader.

    `format` is 'csv', 'lobster' or 'bin', None to recognise it; compression (gzip, xz, zstd) is always recognised.
    `tick_size`, `lot_size`, `time_unit` ('auto', 'ns', 'us', 'ms', 's') and `symbol` are for CSV; the other formats
    have fixed units and one symbol, and refuse them with ValueError. `after` is the reader of the file before, where
    several files are one stream; it may be closed. Raise OSError when the file cannot be opened,
    FlowError when it cannot be read as order flow. Memory stays near two blocks of `block_size` bytes whatever the
    file's size.
    """
    if format is not None and format not in FORMATS:
        raise ValueError(f"format {format!r} is none of {', '.join(FORMATS)}")
    source = Source(path)
    try:
        found = format or recognise(source.name, source.peek())
        if found == "csv":
            return CsvReader(
                source,
                tick_size=tick_size,
                lot_size=lot_size,
                time_unit=time_unit,
                symbol=symbol,
                after=after if isinstance(after, CsvReader) else None,
                block_size=block_size,
            )
        for name, given in (
            ("--tick-size", tick_size is not None),
            ("--lot-size", lot_size is not None),
            ("--time-unit", time_unit != "auto"),
            ("--symbol", symbol is not None),
        ):
            if given:
                raise ValueError(f"{name} is for CSV: {source.name} is {found}")
        return (LobsterReader if found == "lobster" else BinaryReader)(source, block_size=block_size)
    except BaseException:
        source.close()
        raise
