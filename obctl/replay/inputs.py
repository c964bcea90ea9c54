"""The files of a plan, opened one after the other as one stream of rows, with the order book files beside them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import click

from obctl.errors import BadInput
from obctl.flow import FlowError, LobsterBookReader, RowReader, open_rows
from obctl.replay.lobster import LobsterBookReplay
from obctl.replay.matched import MatchReplay
from obctl.replay.plan import Plan
from obctl.replay.recorder import Recorder
from obctl.replay.replay import Replay
from obctl.replay.reported import BookReplay
from obctl.replay.runs import LobsterMatchReplay

REPLAYS: dict[tuple[bool, str], type[Replay]] = {  # by: is it LOBSTER, and the mode
    (False, "match"): MatchReplay,
    (False, "book"): BookReplay,
    (True, "match"): LobsterMatchReplay,
    (True, "book"): LobsterBookReplay,
}


class Inputs:
    """The inputs of a plan. `kind` is the format of all of them, csv, lobster or bin; "" before the first is open."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.kind = ""

    def open(self, position: int, *, after: RowReader | None = None) -> RowReader:
        """Open a file; `after` is the reader of the one before. Raise BadInput, FlowError, UsageError."""
        plan = self.plan
        name = plan.files[position]
        try:
            reader = open_rows(
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
        if not self.kind:
            self.kind = reader.format
        elif reader.format != self.kind:
            reader.close()
            raise BadInput(f"{name} is {reader.format}, the files before it are {self.kind}")
        return reader

    def new_replay(self, recorder: Recorder) -> Replay:
        """Return the replay for files of this format, in the plan's mode; raise UsageError."""
        return REPLAYS[self.kind == "lobster", self.mode](recorder)

    @property
    def mode(self) -> str:
        """The plan's mode for files of this format; UsageError where an option does not go with it."""
        return self.plan.mode_for(self.kind)

    def begin(self, position: int, replay: Replay, stack: ExitStack) -> None:
        """Tell a replay which file comes, with the order book files beside it, which `stack` closes."""
        name = self.plan.files[position]
        if self.kind != "lobster":
            replay.begin_file(name)
            return
        seed, verify = self.plan.books_for(position)
        statements = open_book(seed, stack) if seed else None
        expected = statements if seed == verify else open_book(verify, stack) if verify else None
        replay.begin_file(name, statements, expected)


def open_book(name: str, stack: ExitStack) -> LobsterBookReader:
    """Open an order book file."""
    try:
        return stack.enter_context(LobsterBookReader(name))
    except OSError as error:
        raise BadInput(f"cannot read {name}: {error.strerror}") from error


@contextmanager
def readable() -> Iterator[None]:
    """Turn what can be wrong with files into what a command says of it."""
    try:
        yield
    except FlowError as error:
        raise BadInput(str(error)) from error
    except BrokenPipeError:
        raise
    except OSError as error:
        raise BadInput(f"{error.filename or 'reading or writing'}: {error.strerror or error}") from error
