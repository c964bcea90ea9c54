"""The ladder: columns, bars, and the line in the middle, for books of every shape."""

import pytest

from obctl.client.ladder import Ladder, Line, Rung
from orderbook import Side

U64_MAX = 2**64 - 1


def texts(ladder: Ladder) -> list[str]:
    """Return the lines of a ladder."""
    return [line.text for line in ladder.lines()]


def bars(*quantities: int, width: int = 80, blocks: bool = True) -> list[str]:
    """Return the bars of bids with such quantities."""
    ladder = Ladder([Rung(9, quantity, 1) for quantity in quantities], [], width=width, blocks=blocks)
    return [line.rpartition("  ")[2] for line in texts(ladder)[2:]]


def test_an_empty_book() -> None:
    assert list(Ladder([], []).lines()) == [Line("the book is empty")]


@pytest.mark.parametrize(
    ("bids", "asks", "middle"),
    [
        ([99], [], "---  no asks"),
        ([], [103], "---  no bids"),
        ([99], [102], "---  spread 3, middle 100.5"),
        ([0], [U64_MAX], f"---  spread {U64_MAX}, middle {U64_MAX // 2}.5"),
    ],
)
def test_the_middle(bids: list[int], asks: list[int], middle: str) -> None:
    ladder = Ladder([Rung(price, 1, 1) for price in bids], [Rung(price, 1, 1) for price in asks])
    assert texts(ladder)[1 + len(asks)] == middle


def test_the_best_prices_meet_in_the_middle() -> None:
    ladder = Ladder([Rung(99, 1, 1), Rung(98, 1, 1)], [Rung(101, 1, 1), Rung(105, 1, 1)])
    sides = [(line.text.split()[1], line.side) for line in ladder.lines()]
    asks, bids = [("105", Side.ASK), ("101", Side.ASK)], [("99", Side.BID), ("98", Side.BID)]
    assert sides == [("lots", None), *asks, ("spread", None), *bids]


def test_bars_are_as_long_as_their_share_and_never_nothing() -> None:
    assert bars(80, 40, 1, 2, 3) == ["█" * 40, "█" * 20, "▌", "█", "█▌"]
    assert bars(U64_MAX, 1) == ["█" * 38, "▏"], "a column of 20 digits leaves less room"
    assert bars(4, 1, blocks=False) == ["#" * 40, "#" * 10]
    assert bars(1000, 1, blocks=False) == ["#" * 40, "#"]


def test_a_narrow_terminal_has_shorter_bars_or_none() -> None:
    assert bars(8, width=34) == ["█" * 8]
    assert texts(Ladder([Rung(9, 8, 1)], [], width=5))[2] == "bid      9     8       1"


def test_large_numbers_stay_in_their_columns() -> None:
    lines = texts(Ladder([Rung(1, 2, 3)], [Rung(U64_MAX, U64_MAX, 12_345_678)]))
    assert lines[0].endswith(" orders")
    assert lines[1].startswith(f"ask  {U64_MAX}  {U64_MAX}  12345678")
    ends = [len(line.rstrip("█▏▎▍▌▋▊▉").rstrip()) for line in (lines[0], lines[1], lines[3])]
    assert ends == [ends[0]] * 3
