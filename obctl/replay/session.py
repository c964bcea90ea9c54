"""One run of `obctl replay`: opens what the plan names, drives rows through a replay, and writes the outputs."""

import time
from contextlib import ExitStack
from pathlib import Path

import click

from obctl.errors import BadInput
from obctl.flow import FlowError, LobsterBookReader, RowError, RowReader, open_rows
from obctl.outputs import OutputFile
from obctl.progress import Progress
from obctl.replay import plot
from obctl.replay.lobster import LobsterBookReplay
from obctl.replay.matched import MatchReplay
from obctl.replay.plan import Plan
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
        self.outputs: dict[str, OutputFile] = {}  # by option
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
        """Replay all files and write all outputs; what is opened is closed by `stack`."""
        files = self.plan.files
        reader = None
        for position, name in enumerate(files):
            with self.open_file(name, after=reader) as reader:
                if position == 0:
                    self.begin(reader.format, stack)
                elif reader.format != self.kind:
                    raise BadInput(f"{name} is {reader.format}, the files before it are {self.kind}")
                with ExitStack() as books:
                    self.begin_file(position, books)
                    self.replay_file(reader)
                    self.replay.end_file()
        seconds = time.perf_counter() - self.began
        summary = summarise(self.replay, list(files), self.kind, self.mode, self.skipped_rows, seconds)
        self.finish_outputs(summary)
        return summary

    def begin(self, kind: str, stack: ExitStack) -> None:
        """Get ready for files of this format: the replay, the outputs, the progress bar."""
        self.kind = kind
        self.mode = self.plan.mode_for(kind)
        self.recorder = Recorder(
            trades=self.plan.trades is not None,
            events=self.plan.events is not None,
            depth_levels=self.plan.depth_levels,
            samples=self.plan.plot is not None,
        )
        self.replay = REPLAYS[kind == "lobster", self.mode](self.recorder)
        self.open_outputs(stack)
        self.progress = stack.enter_context(Progress("rows"))
        self.began = time.perf_counter()

    def open_file(self, name: str, after: RowReader | None) -> RowReader:
        """Open an input file; `after` is the reader of the one before."""
        plan = self.plan
        try:
            return open_rows(
                name,
                format=plan.format,
                tick_size=plan.tick_size,
                lot_size=plan.lot_size,
                time_unit=plan.time_unit,
                symbol=plan.symbol,
                after=after,
            )
        except OSError as error:
            raise BadInput(f"cannot read {name}: {error.strerror}") from error
        except FlowError:
            raise
        except ValueError as error:
            raise click.UsageError(str(error)) from error

    def open_book(self, name: str, stack: ExitStack) -> LobsterBookReader:
        """Open an order book file."""
        try:
            return stack.enter_context(LobsterBookReader(name))
        except OSError as error:
            raise BadInput(f"cannot read {name}: {error.strerror}") from error

    def begin_file(self, position: int, stack: ExitStack) -> None:
        """Tell the replay which file comes, with the order book files beside it."""
        name = self.plan.files[position]
        if self.kind != "lobster":
            self.replay.begin_file(name)
            return
        seed, verify = self.plan.books_for(position)
        statements = self.open_book(seed, stack) if seed else None
        expected = statements if seed == verify else self.open_book(verify, stack) if verify else None
        self.replay.begin_file(name, statements, expected)

    def replay_file(self, reader: RowReader) -> None:
        """Drive one file's rows through the replay."""
        rows_per_batch = ROWS_PER_BATCH
        if self.plan.depth_levels:  # a row of depth is wide: keep the rows recorded in one batch in bounds
            rows_per_batch = max(256, min(ROWS_PER_BATCH, CELLS_PER_BLOCK // (4 * self.plan.depth_levels)))
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
            self.progress.update(reader.name, self.recorder.rows, reader.bytes_read, reader.bytes_total)

    def open_outputs(self, stack: ExitStack) -> None:
        """Open all files to be written, before any work is done; unless they are published, nothing remains of them."""
        blocks = {"--trades": self.recorder.trades, "--depth": self.recorder.depth, "--events": self.recorder.events}
        for option, path in self.plan.outputs():
            try:
                output = stack.enter_context(OutputFile(path))
            except OSError as error:
                raise BadInput(f"cannot write {path}: {error.strerror}") from error
            self.outputs[option] = output
            block = blocks.get(option)
            if block is not None:
                table = TableFile(output, path.suffix.lower(), block)
                stack.callback(table.abandon)
                self.tables.append(table)

    def finish_outputs(self, summary: Summary) -> None:
        """Write the rest of all outputs, and only then let them appear."""
        for table in self.tables:
            table.finish()
        if self.plan.plot is not None:
            self.draw(self.plan.plot, summary)
        for output in self.outputs.values():
            output.file.close()  # here a full disk may show
        for output in self.outputs.values():
            output.publish()

    def draw(self, path: Path, summary: Summary) -> None:
        """Draw the plot."""
        assert self.recorder.samples is not None, "the plan has a plot"
        title = f"{', '.join(Path(name).name for name in summary.files)}: {summary.rows:,} rows"
        curves = plot.curves_of(title, self.recorder.samples, self.replay.book, self.plan.tick_size)
        plot.draw(self.outputs["--plot"], path.suffix.lower(), curves)
