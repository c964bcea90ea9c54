"""The progress bar: on a terminal only, on standard error, redrawn a few times a second."""

import sys
import time
from types import TracebackType
from typing import Any, Self

REDRAW_SECONDS = 0.1


class Progress:
    """Shows how much of a file has been read, and how many rows a second. Without a terminal it does nothing."""

    def __init__(self) -> None:
        self.shown = sys.stderr.isatty()
        self.redrawn = 0.0

    def __enter__(self) -> Self:
        """Show the bar."""
        if self.shown:
            self.bar = self.make_bar()
            self.bar.start()
            self.task = self.bar.add_task("", total=None, rows=0, rate=0.0)
            self.began = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away."""
        if self.shown:
            self.bar.stop()

    @staticmethod
    def make_bar() -> Any:
        """Return rich's bar."""
        from rich import progress
        from rich.console import Console

        return progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.TaskProgressColumn(),
            progress.TextColumn("{task.fields[rows]:,} rows, {task.fields[rate]:,.0f} a second"),
            console=Console(stderr=True),
            auto_refresh=False,
            transient=True,
        )

    def update(self, name: str, rows: int, bytes_read: int, bytes_total: int | None) -> None:
        """Tell how far the replay is."""
        now = time.monotonic()
        if not self.shown or now - self.redrawn < REDRAW_SECONDS:
            return
        self.redrawn = now
        rate = rows / max(now - self.began, 1e-9)
        self.bar.update(self.task, description=name, completed=bytes_read, total=bytes_total, rows=rows, rate=rate)
        self.bar.refresh()
