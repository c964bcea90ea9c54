"""Table files, streamed block by block: CSV, Parquet and Arrow, chosen by the file's ending."""

from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from obctl.libraries import need
from obctl.outputs import OutputFile
from obctl.replay.cells import Block, Column

CELLS_PER_BLOCK = 1 << 20  # rows are held back until they fill about this many cells, 9 MiB


class Table(Protocol):
    """What a format does with a block of rows, and at the end."""

    def write(self, block: Block) -> None:
        """Write the block's rows behind those before."""

    def close(self) -> None:
        """Write what belongs at the end of the file."""


class CsvTable:
    """Comma-separated values with a header line; a missing value is an empty field."""

    def __init__(self, output: OutputFile, columns: tuple[Column, ...]) -> None:
        self.file = output.file
        self.file.write((",".join(column.name for column in columns) + "\n").encode())

    def write(self, block: Block) -> None:
        """Write the block's rows behind those before."""
        block.write_csv(self.file)

    def close(self) -> None:
        """Do nothing: CSV has no end mark."""


class ArrowTable:
    """Parquet or Arrow's file format: unsigned 64-bit integers, and dictionaries of strings for words."""

    def __init__(self, output: OutputFile, columns: tuple[Column, ...], ending: str) -> None:
        import pyarrow

        words = pyarrow.dictionary(pyarrow.int8(), pyarrow.string())
        self.columns = columns
        self.schema = pyarrow.schema([(c.name, words if c.words else pyarrow.uint64()) for c in columns])
        self.writer = self.open_writer(output, ending)

    def open_writer(self, output: OutputFile, ending: str) -> Any:
        """Return pyarrow's writer for the ending; both kinds have `write_batch` and `close`."""
        if ending == ".parquet":
            from pyarrow.parquet import ParquetWriter

            return ParquetWriter(output.file, self.schema, compression="zstd")
        from pyarrow.ipc import new_file

        return new_file(output.file, self.schema)

    def write(self, block: Block) -> None:
        """Write the block's rows behind those before."""
        import numpy
        import pyarrow

        shape = (len(block), len(self.columns))
        values = numpy.frombuffer(block.values(), numpy.uint64).reshape(shape)
        missing = numpy.frombuffer(block.missing(), numpy.bool_).reshape(shape)
        arrays = [self.array(column, values[:, i], missing[:, i]) for i, column in enumerate(self.columns)]
        self.writer.write_batch(pyarrow.record_batch(arrays, schema=self.schema))

    @staticmethod
    def array(column: Column, values: Any, missing: Any) -> Any:
        """Return one column's cells as an Arrow array."""
        import pyarrow

        if not column.words:
            return pyarrow.array(values, mask=missing)
        codes = pyarrow.array(values.astype("int8") - 1, mask=values == 0)
        return pyarrow.DictionaryArray.from_arrays(codes, pyarrow.array(column.words))

    def close(self) -> None:
        """Write the footer."""
        self.writer.close()


class TableFile:
    """One table on its way to its file, fed from a block that the replay fills. Publishing the file is the owner's."""

    def __init__(self, output: OutputFile, ending: str, block: Block) -> None:
        self.block = block
        self.closed = False
        self.table: Table = (
            CsvTable(output, block.columns) if ending == ".csv" else ArrowTable(output, block.columns, ending)
        )

    def drain(self, *, all_rows: bool = False) -> None:
        """Write the recorded rows if they are enough for a block, or in any case."""
        self.block.check()
        cells = len(self.block) * len(self.block.columns)
        if cells >= (1 if all_rows else CELLS_PER_BLOCK):
            self.table.write(self.block)
            self.block.clear()

    def finish(self) -> None:
        """Write the rest."""
        self.drain(all_rows=True)
        self.closed = True
        self.table.close()

    def abandon(self) -> None:
        """Let go of the file without caring for what is in it."""
        if not self.closed:
            self.closed = True
            with suppress(OSError):  # a full disk, perhaps the reason to abandon it
                self.table.close()


def check_table_path(option: str, path: Path) -> None:
    """Raise before any work starts if a table file of this name cannot be written."""
    if path.suffix.lower() != ".csv":
        need(option, "pyarrow", "numpy", extra="data")
