"""The progress bar: what it says at first."""

import pytest

from obctl.progress import REDRAW_SECONDS, Progress


class Bar:
    """What rich's bar is asked to show."""

    def __init__(self) -> None:
        self.rates: list[float] = []

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def refresh(self) -> None:
        pass

    def add_task(self, name: str, **fields: object) -> int:
        return 0

    def update(self, task: int, *, rate: float, **fields: object) -> None:
        self.rates.append(rate)


def test_the_first_rate_is_no_fantasy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has done much before the bar is there has not done it in no time."""
    bar = Bar()
    monkeypatch.setattr(Progress, "make_bar", lambda progress: bar)
    progress = Progress("bytes")
    progress.shown = True
    with progress:
        progress.update("reading", 1_000_000, 1, 2)
    assert bar.rates == [pytest.approx(1_000_000 / REDRAW_SECONDS, rel=0.5)]
