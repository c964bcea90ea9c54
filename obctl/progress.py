"""The progress bar: on a terminal only, on standard error, redrawn a few times a second."""

import sys
import time
from types import TracebackType
from typing import Any, Self

REDRAW_SECONDS = 0.1


class Progress:
    """Shows how much is done, and how fast: how many of a `unit` a second. Without a terminal it does nothing."""

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self.shown = sys.stderr.isatty()
        self.redrawn = 0.0

    def __enter__(self) -> Self:
        """Show the bar."""
        if self.shown:
            self.bar = self.make_bar()
            self.bar.start()
            self.task = self.bar.add_task("", total=None, count=0, rate=0.0)
            self.began = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away."""
        if self.shown:
            self.bar.stop()

    def make_bar(self) -> Any:
        """Return rich's bar."""
        from rich import progress
        from rich.console import Console

        return progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.TaskProgressColumn(),
            progress.TextColumn(f"{{task.fields[count]:,}} {self.unit}, {{task.fields[rate]:,.0f}} a second"),
            console=Console(stderr=True),
            auto_refresh=False,
            transient=True,
        )

    def update(self, name: str, count: int, done: int, total: int | None) -> None:
        """Tell how far it is: how many units so far, and what part of all is done, where that is known."""
        now = time.monotonic()
        if not self.shown or now - self.redrawn < REDRAW_SECONDS:
            return
        self.redrawn = now
        rate = count / max(now - self.began, REDRAW_SECONDS)  # at first there is no time yet to tell a rate from
        self.bar.update(self.task, description=name, completed=done, total=total, count=count, rate=rate)
        self.bar.refresh()
