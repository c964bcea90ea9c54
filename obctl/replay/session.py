"""One run of `obctl replay`: opens what the plan names, drives rows through a replay, and writes the outputs."""

import time
from contextlib import ExitStack
from pathlib import Path

from obctl.errors import BadInput
from obctl.flow import RowError, RowReader
from obctl.outputs import OutputFile
from obctl.progress import Progress
from obctl.replay import plot
from obctl.replay.inputs import Inputs, readable
from obctl.replay.plan import Plan
from obctl.replay.recorder import Recorder
from obctl.replay.summary import Summary, summarise
from obctl.replay.tables import CELLS_PER_BLOCK, TableFile

ROWS_PER_BATCH = 1 << 16  # between two looks at Ctrl-C, the progress bar and the recorded rows


class Session:
    """A replay from its plan to its summary. Used once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.inputs = Inputs(plan)
        self.skipped_rows = 0
        self.outputs: dict[str, OutputFile] = {}  # by option
        self.tables: list[TableFile] = []

    def run(self) -> Summary:
        """Replay all files and return the summary. Raise BadInput or UsageError; then no output file appears."""
        self.plan.check_files()
        self.plan.check_libraries()
        with readable(), ExitStack() as stack:
            return self.run_on(stack)

    def run_on(self, stack: ExitStack) -> Summary:
        """Replay all files and write all outputs; what is opened is closed by `stack`."""
        files = self.plan.files
        reader = None
        for position in range(len(files)):
            with self.inputs.open(position, after=reader) as reader:
                if position == 0:
                    self.begin(stack)
                with ExitStack() as books:
                    self.inputs.begin(position, self.replay, books)
                    self.replay_file(reader)
                    self.replay.end_file()
        seconds = time.perf_counter() - self.began
        summary = summarise(self.replay, list(files), self.inputs.kind, self.inputs.mode, self.skipped_rows, seconds)
        self.finish_outputs(summary)
        return summary

    def begin(self, stack: ExitStack) -> None:
        """Get ready for files of the first one's format: the replay, the outputs, the progress bar."""
        self.recorder = Recorder(
            trades=self.plan.trades is not None,
            events=self.plan.events is not None,
            depth_levels=self.plan.depth_levels,
            samples=self.plan.plot is not None,
        )
        self.replay = self.inputs.new_replay(self.recorder)
        self.open_outputs(stack)
        self.progress = stack.enter_context(Progress("rows"))
        self.began = time.perf_counter()

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
