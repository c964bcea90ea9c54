"""Generated flow into a file: whole or not at all."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from obctl.flow.compression import bare_name, by_name
from obctl.flow.csv_writer import HEADER, to_csv
from obctl.flow.generate import Generator
from obctl.outputs import OutputFile

FORMATS = ("csv", "bin")
STDOUT = "-"


def format_of(path: str) -> str | None:
    """Return 'csv' or 'bin' for the path's ending (before that of a compression), None for another."""
    ending = bare_name(path).lower().rpartition(".")[2]
    return "csv" if path == STDOUT else ending if ending in FORMATS else None


def write_flow(path: str, generator: Generator, format: str, advance: Callable[[int], None]) -> None:  # noqa: A002
    """Write all that the generator makes to `path` ("-" is standard output), compressed if its ending says so.

    `advance` is called with how much of the generator's total is done. A regular file appears under its name only when
    it is complete. Raise OSError when it cannot be written.
    """
    with target(path) as file:
        if format == "csv":
            file.write(HEADER)
        while block := generator.read():
            file.write(to_csv(block) if format == "csv" else block)
            advance(generator.done)


@contextlib.contextmanager
def target(path: str) -> Iterator[IO[bytes]]:
    """Yield the binary file to write to."""
    if path == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    else:
        with OutputFile(Path(path)) as output:
            with compressed(output.file, path) as file:
                yield file
            output.publish()


@contextlib.contextmanager
def compressed(file: IO[bytes], path: str) -> Iterator[IO[bytes]]:
    """Yield `file`, behind a compressor when the path's ending says so."""
    kind = by_name(path)
    if kind is None:
        yield file
    else:
        wrapped: Any = kind.writer(file)
        with wrapped:
            yield wrapped
