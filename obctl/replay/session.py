"""One run of `obctl replay`: opens what the plan names, drives rows through a replay, and writes the outputs."""

import time
from contextlib import ExitStack
from pathlib import Path

import click

from obctl.errors import BadInput
from obctl.flow import FlowError, LobsterBookReader, RowError, RowReader, open_rows
from obctl.replay import plot
from obctl.replay.cells import Block
from obctl.replay.lobster import LobsterBookReplay
from obctl.replay.matched import MatchReplay
from obctl.replay.plan import Plan
from obctl.replay.progress import Progress
from obctl.replay.recorder import Recorder
from obctl.replay.replay import Replay
from obctl.replay.reported import BookReplay
from obctl.replay.runs import LobsterMatchReplay
from obctl.replay.summary import Summary, summarise
from obctl.replay.tables import CELLS_PER_BLOCK, TableFile

ROWS_PER_BATCH = 1 << 16  # between two looks at Ctrl-C, the progress bar and the recorded rows
REPLAYS: dict[tuple[bool, str], type[Replay]] = {  # by: is it LOBSTER, and the mode
    (False, "match"): MatchReplay,
    (False, "book"): BookReplay,
    (True, "match"): LobsterMatchReplay,
    (True, "book"): LobsterBookReplay,
}


class Session:
    """A replay from its plan to its summary. Used once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.skipped_rows = 0
        self.tables: list[TableFile] = []

    def run(self) -> Summary:
        """Replay all files and return the summary. Raise BadInput or UsageError; then no output file appears."""
        self.plan.check_files()
        self.plan.check_libraries()
        try:
            with ExitStack() as stack:
                return self.run_on(stack)
        except FlowError as error:
            raise BadInput(str(error)) from error
        except BrokenPipeError:
            raise
        except OSError as error:
            raise BadInput(f"{error.filename or 'reading or writing'}: {error.strerror or error}") from error

    def run_on(self, stack: ExitStack) -> Summary:
        """Replay all files; what is opened is closed by `stack`."""
        reader = self.open_file(self.plan.files[0], stack)
        kind = reader.format
        mode = self.plan.mode_for(kind)
        recorder = self.make_recorder()
        self.replay = REPLAYS[kind == "lobster", mode](recorder)
        self.open_tables(recorder, stack)
        progress = stack.enter_context(Progress())
        began = time.perf_counter()
        for position, name in enumerate(self.plan.files):
            if position:
                reader = self.open_file(name, stack)
                if reader.format != kind:
                    raise BadInput(f"{name} is {reader.format}, the files before it are {kind}")
            with ExitStack() as books:
                self.begin_file(position, kind, books)
                self.replay_file(reader, progress)
                self.replay.end_file()
        seconds = time.perf_counter() - began
        for table in self.tables:
            table.finish()
        summary = summarise(self.replay, list(self.plan.files), kind, mode, self.skipped_rows, seconds)
        if self.plan.plot is not None:
            self.draw(self.plan.plot, recorder, summary)
        return summary

    def open_file(self, name: str, stack: ExitStack) -> RowReader:
        """Open an input file."""
        plan = self.plan
        try:
            reader = open_rows(
                name,
                format=plan.format,
                tick_size=plan.tick_size,
                lot_size=plan.lot_size,
                time_unit=plan.time_unit,
                symbol=plan.symbol,
            )
        except OSError as error:
            raise BadInput(f"cannot read {name}: {error.strerror}") from error
        except FlowError:
            raise
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        return stack.enter_context(reader)

    def open_book(self, name: str, stack: ExitStack) -> LobsterBookReader:
        """Open an order book file."""
        try:
            return stack.enter_context(LobsterBookReader(name))
        except OSError as error:
            raise BadInput(f"cannot read {name}: {error.strerror}") from error

    def begin_file(self, position: int, kind: str, stack: ExitStack) -> None:
        """Tell the replay which file comes, with the order book files beside it."""
        name = self.plan.files[position]
        if kind != "lobster":
            self.replay.begin_file(name)
            return
        seed, verify = self.plan.books_for(position)
        statements = self.open_book(seed, stack) if seed else None
        expected = statements if seed == verify else self.open_book(verify, stack) if verify else None
        self.replay.begin_file(name, statements, expected)

    def make_recorder(self) -> Recorder:
        """Return a recorder for what the plan wants to have written down."""
        plan = self.plan
        return Recorder(
            trades=plan.trades is not None,
            events=plan.events is not None,
            depth_levels=plan.levels if plan.depth is not None else 0,
            samples=plan.plot is not None,
        )

    def open_tables(self, recorder: Recorder, stack: ExitStack) -> None:
        """Open the table files; unless they are finished, nothing remains of them."""
        wanted: tuple[tuple[Path | None, Block | None], ...] = (
            (self.plan.trades, recorder.trades),
            (self.plan.depth, recorder.depth),
            (self.plan.events, recorder.events),
        )
        for path, block in wanted:
            if path is not None and block is not None:
                table = TableFile(path, block)
                stack.callback(table.abandon)
                self.tables.append(table)

    def replay_file(self, reader: RowReader, progress: Progress) -> None:
        """Drive one file's rows through the replay."""
        rows_per_batch = ROWS_PER_BATCH
        if self.plan.depth is not None:  # a row of depth is wide: keep the rows recorded in one batch in bounds
            rows_per_batch = max(256, min(ROWS_PER_BATCH, CELLS_PER_BLOCK // (4 * self.plan.levels)))
        while True:
            try:
                if not self.replay.feed(reader, rows_per_batch):
                    return
            except RowError:
                if self.plan.on_error == "stop":
                    raise
                self.skipped_rows += 1
                self.replay.skip_row()
            for table in self.tables:
                table.drain()
            progress.update(reader.name, self.replay.recorder.rows, reader.bytes_read, reader.bytes_total)

    def draw(self, path: Path, recorder: Recorder, summary: Summary) -> None:
        """Draw the plot."""
        assert recorder.samples is not None, "the plan has a plot"
        title = f"{', '.join(Path(name).name for name in summary.files)}: {summary.rows:,} rows"
        tick_size = self.plan.tick_size
        plot.draw(path, plot.curves_of(title, recorder.samples, self.replay.book, tick_size))
