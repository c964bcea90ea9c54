"""What `obctl replay` was asked to do, and whether that makes sense, checked before any work starts."""

import os
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import click

from obctl.flow.compression import COMPRESSIONS, bare_name
from obctl.flow.source import STDIN
from obctl.replay.plot import check_plot_path
from obctl.replay.tables import check_table_path

LEVELS_DEFAULT = 10


@dataclass(frozen=True)
class Plan:
    """The command line of `obctl replay`, options spelled as there; `obctl watch` has the first of them."""

    files: tuple[str, ...]
    format: str | None
    mode: str | None
    tick_size: Decimal | None
    lot_size: Decimal | None
    time_unit: str
    symbol: str | None
    seed_book: tuple[str, ...]
    on_error: str
    verify: tuple[str, ...] = ()
    levels: int | None = None
    trades: Path | None = None
    depth: Path | None = None
    events: Path | None = None
    plot: Path | None = None

    def check_libraries(self) -> None:
        """Raise MissingLibrary if an output needs a library that is not installed."""
        for option, path in self.outputs():
            (check_plot_path if option == "--plot" else check_table_path)(option, path)

    def check_files(self) -> None:
        """Raise UsageError where files and options contradict each other whatever is in the files."""
        if [*self.files, *self.seed_book, *self.verify].count(STDIN) > 1:
            raise click.UsageError("standard input (-) can be read only once")
        for option, books in (("--seed-book", self.seed_book), ("--verify", self.verify)):
            if len(books) > len(self.files):
                raise click.UsageError(f"{option} is given {len(books)} times for {len(self.files)} files")
        if self.levels is not None and self.depth is None:
            raise click.UsageError("--levels is for the table of --depth, which is not asked for")
        self.check_outputs()

    def check_outputs(self) -> None:
        """Raise UsageError where an output is an input, or another output, by whatever name."""
        books = [book for position in range(len(self.files)) for book in self.books_for(position) if book]
        users = {os.path.realpath(name): "an input" for name in (*self.files, *books)}
        for option, path in self.outputs():
            user = users.setdefault(os.path.realpath(path), option)
            if user != option:
                raise click.UsageError(f"{option} {path} is also {user}")

    def outputs(self) -> list[tuple[str, Path]]:
        """Return the outputs asked for, with their options."""
        files = (("--trades", self.trades), ("--depth", self.depth), ("--events", self.events), ("--plot", self.plot))
        return [(option, path) for option, path in files if path is not None]

    @property
    def depth_levels(self) -> int:
        """Levels a side of the depth table; 0 when there is none."""
        return 0 if self.depth is None else self.levels or LEVELS_DEFAULT

    def mode_for(self, kind: str) -> str:
        """Return the mode for files of this format, or raise UsageError where an option does not go with it."""
        mode = self.mode or ("book" if kind == "lobster" else "match")
        if self.events is not None and mode == "book":
            raise click.UsageError("--events needs --mode match: a book on its own has no events")
        if kind != "lobster" and (self.seed_book or self.verify):
            raise click.UsageError(f"--seed-book and --verify are for LOBSTER files, not for {kind}")
        if self.verify and mode == "match":
            raise click.UsageError("--verify needs --mode book: matching may rightly lead to another book")
        return mode

    def books_for(self, position: int) -> tuple[str | None, str | None]:
        """Return the order book files of the message file at `position`: to seed and adopt from, and to verify with.

        The first is the one given, else the one that lies beside the message file, else the second.
        """
        verify = self.verify[position] if position < len(self.verify) else None
        seed = self.seed_book[position] if position < len(self.seed_book) else book_beside(self.files[position])
        return seed or verify, verify


def book_beside(message_file: str) -> str | None:
    """Return the order book file that lies beside a message file under LOBSTER's naming, compressed or not, or None."""
    path = Path(message_file)
    before, mark, behind = path.name.rpartition("_message_")
    if not mark:
        return None
    plain = bare_name(behind)
    for candidate in (behind, plain, *(plain + kind.ending for kind in COMPRESSIONS)):
        book = path.with_name(f"{before}_orderbook_{candidate}")
        if book.is_file():
            return str(book)
    return None
