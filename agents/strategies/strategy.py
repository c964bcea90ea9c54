"""What a strategy is: a plain object that says what it wants next, and does no input or output itself."""

from typing import Protocol

from agents.requests import Life, OwnFill

Figure = int | float | None


class Strategy(Protocol):
    """A strategy. Whoever runs it drives `live` on a gateway, on a live server or in a simulation.

    name: the word for its kind, as in `obctl agent NAME`.
    """

    name: str

    def live(self, now_ns: int) -> Life:
        """Trade from now on: yield requests, take answers. Returns when there is nothing left to do, or never.

        It is called again after a lost connection, on the same object; by then nothing of the account rests in the
        book, and all that it traded has been told to `on_fill`.
        """

    def on_fill(self, fill: OwnFill) -> None:
        """Hear of a trade of one of the account's orders; each is told once."""

    def finish(self) -> None:
        """Hear that this was all: the orders are taken back, their fills told."""

    def figures(self) -> dict[str, Figure]:
        """Return what the log and the metrics say of it now, by name; units last in the names."""
