"""Files that are watched: the last picture says what `obctl replay` says, and on the way each row has its time."""

import asyncio
import gzip
import io
import os
import sys
import time
from decimal import Decimal
from math import inf
from pathlib import Path
from typing import Any

import click
import pytest

from obctl.client.words import clock_text
from obctl.errors import BadInput
from obctl.flow import open_rows
from obctl.watch.app import WatchApp
from obctl.watch.source import MarketView
from obctl.watch.sources.aside import aside
from obctl.watch.timed_rows import TimedRows
from obctl.watch.timeline import Timeline

from ..replay.helpers import HEADER, Flow, obctl, replay, write_csv
from ..replay.lobster_maker import BUY, Lobster
from .played import SECOND, SPEEDS, FakeTime, beside, files, final, until


def assert_same(view: MarketView, summary: dict[str, Any]) -> None:
    """Compare what is to be seen with what `obctl replay --json` says."""
    best = {
        side: {"price": level.price, "quantity": level.total_quantity} if level else None
        for side, level in (("best_bid", view.best_bid), ("best_ask", view.best_ask))
    }
    assert (view.state, view.sequence, view.event_count) == ("ended", summary["rows"], summary["rows"])
    assert (view.trade_count, view.volume, view.value) == (summary["trades"], summary["volume"], summary["notional"])
    assert best == {side: summary[side] for side in best}
    assert view.spread == summary["spread"]
    assert (len(view.bids), len(view.asks)) == (summary["bid_levels"], summary["ask_levels"])
    assert sum(level.order_count for level in view.bids + view.asks) == summary["resting_orders"]


def flow(folder: Path, count: int = 2_000) -> Path:
    """Write a flow of commands, a millisecond from each to the next."""
    lines = Flow(count).lines
    for i, line in enumerate(lines):
        _, rest = line.split(",", 1)
        lines[i] = f"{SECOND + i * 1_000_000},{rest}"
    return write_csv(folder / "flow.csv", lines)


def reported(folder: Path) -> Path:
    """Write what an exchange reported; one row is an execution of an order that nobody knows."""
    rows = [
        "1,ADD,1,BID,100,10,",
        "2,ADD,2,ASK,105,7,",
        "3,EXECUTE,1,,,4,",
        "4,ADD,3,ASK,99,5,",
        "5,EXECUTE,9,,,1,",
        "6,EXECUTE,2,,,2,",
        "7,CANCEL,3,,,1,",
    ]
    return write_csv(folder / "reported.csv", rows)


@pytest.mark.parametrize("speed", SPEEDS)
def test_orders_are_matched_as_replay_does_it(tmp_path: Path, speed: float) -> None:
    path = flow(tmp_path)
    summary = replay(path)
    assert summary["trades"] > 100
    source = files(path, speed=speed)
    assert_same(final(source), summary)
    assert source.controls.position == 1.0


@pytest.mark.parametrize("speed", SPEEDS)
def test_reports_are_applied_as_replay_does_it(tmp_path: Path, speed: float) -> None:
    path = reported(tmp_path)
    summary = replay(path, "--mode", "book")
    assert (summary["trades"], summary["volume"], summary["spread"]) == (2, 6, -1)  # a crossed book is shown as it is
    view = final(files(path, speed=speed, mode="book"))
    assert_same(view, summary)
    assert [(trade.time_ns, trade.side.name, trade.price, trade.quantity) for trade in view.trades] == [
        (6, "BID", 105, 2),
        (3, "ASK", 100, 4),
    ]


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("mode", ["book", "match"])
@pytest.mark.parametrize("with_book", [True, False])
def test_lobster_files(tmp_path: Path, speed: float, mode: str, with_book: bool) -> None:
    messages, book = Lobster().run(1_500).save(tmp_path)
    if not with_book:
        book.unlink()
    summary = replay(messages, "--mode", mode)
    assert (summary["lobster"]["seeded_levels"] > 0) == with_book
    source = files(messages, speed=speed, mode=None if mode == "book" else mode)
    view = final(source)
    assert_same(view, summary)
    assert [instrument._asdict() for instrument in source.instruments()] == [
        {"symbol": "TEST", "tick_size": Decimal("0.0001"), "lot_size": 1}
    ]


def test_executions_at_the_end_of_a_file_are_matched(tmp_path: Path) -> None:
    """Whether a run of them is over shows only there."""
    exchange = Lobster().run(200)
    exchange.execute(BUY, 700)
    messages, _ = exchange.save(tmp_path)
    assert_same(final(files(messages, mode="match")), replay(messages, "--mode", "match"))


@pytest.mark.parametrize("speed", [1, inf])
def test_command_records(tmp_path: Path, speed: float) -> None:
    path = tmp_path / "flow.bin"
    assert obctl("generate", path, "--commands", 5_000).exit_code == 0
    assert_same(final(files(path, speed=speed)), replay(path))


def test_a_compressed_file(tmp_path: Path) -> None:
    path = flow(tmp_path)
    packed = tmp_path / "flow.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    source = files(packed)
    assert_same(final(source), replay(path))
    assert (source.instruments()[0].symbol, source.controls.position) == ("flow", 1.0)


def test_several_files_are_one_stream(tmp_path: Path) -> None:
    header, *lines = flow(tmp_path, 900).read_text().splitlines()
    parts = [write_csv(tmp_path / f"{i}.csv", lines[300 * i : 300 * (i + 1)], header) for i in range(3)]
    source = files(*parts)
    assert source.title == "0.csv and 2 more"
    assert_same(final(source), replay(*parts))


def test_another_day_follows_without_a_wait(tmp_path: Path) -> None:
    """Times since midnight begin anew with the file of the next day, which is played as fast as the one before."""
    days = [Lobster(seed).run(300).save(tmp_path, f"TEST_2012-06-2{seed}_1_2")[0] for seed in (1, 2)]
    lengths = [
        int(float(lines[-1].split(",")[0]) * SECOND) - int(float(lines[0].split(",")[0]) * SECOND)
        for lines in (day.read_text().splitlines() for day in days)
    ]
    time = FakeTime()
    began = time.now()
    source = files(*days, speed=0.1, time=time)
    assert_same(final(source), replay(*days))
    assert time.now() - began == pytest.approx(10 * sum(lengths) / SECOND, abs=0.1)


def test_units_of_money(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "money.csv", ["1,ADD,1,BID,1.25,0.5,", "2,ADD,2,ASK,1.27,0.1,"])
    source = files(path, tick_size="0.01", lot_size="0.1")
    view = final(source)
    assert (view.best_bid.price, view.best_bid.total_quantity, view.best_ask.price) == (125, 5, 127)
    [instrument] = source.instruments()
    assert (instrument.symbol, str(instrument.tick_size), str(instrument.lot_size)) == ("money", "0.01", "0.1")


def test_one_symbol_of_several(tmp_path: Path) -> None:
    rows = ["1,ADD,1,BID,10,1,,AAA", "2,ADD,2,BID,20,1,,BBB"]
    path = write_csv(tmp_path / "two.csv", rows, HEADER + ",symbol")
    source = files(path, symbol="BBB")
    view = final(source)
    assert (view.symbol, view.sequence, view.best_bid.price) == ("BBB", 1, 20)


def test_each_row_at_its_time(tmp_path: Path) -> None:
    """What is to be seen at any moment are the rows up to then, and the time is that of the last one."""
    rows = [f"{second * SECOND},ADD,{second},BID,{second},1," for second in (100, 101, 103)]
    time = FakeTime()
    source = files(write_csv(tmp_path / "rows.csv", rows), speed=2, time=time)
    began = time.now()

    async def watch() -> None:
        for wall, sequence in ((0.1, 1), (0.45, 1), (0.55, 2), (1.45, 2), (inf, 3)):
            await until(lambda at=began + wall: time.now() >= at or source.controls.has_ended)
            view = source.view()
            assert (view.sequence, len(view.bids)) == (sequence, sequence)
            assert view.time_ns == source.controls.time_ns == (100, 101, 103)[sequence - 1] * SECOND
            assert view.state == ("ended" if sequence == 3 else "playing")

    beside(source, watch)


def test_rows_without_times_come_at_a_thousand_a_second(tmp_path: Path) -> None:
    rows = [f"ADD,{i},BID,{i},1" for i in range(1, 1_001)]
    path = write_csv(tmp_path / "timeless.csv", rows, "action,order_id,side,price,quantity")
    time = FakeTime()
    began = time.now()
    view = final(files(path, speed=1, time=time))
    assert time.now() - began == pytest.approx(1, abs=0.05)
    assert (view.sequence, view.time_ns, view.state_text) == (1_000, None, "no times: a row each millisecond")


def test_how_far_it_is(tmp_path: Path) -> None:
    time = FakeTime()
    source = files(flow(tmp_path, 2_000), speed=1, time=time)
    seen: list[float] = []

    async def watch() -> None:
        while source.view().state != "ended":
            seen.append(source.controls.position or 0)
            await asyncio.sleep(0)

    beside(source, watch)
    assert seen == sorted(seen)
    assert [share for share in seen if 0.45 < share < 0.55]
    assert len(set(seen)) > 50


@pytest.mark.parametrize("last", ["", "\n"])
def test_rows_ahead_are_held_back(tmp_path: Path, last: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(
        "timestamp,action,order_id,side,price,quantity\n10,ADD,1,B,5,1\n20,ADD,2,B,5,1\n30,ADD,3,B,5,1" + last
    )
    with open_rows(path) as reader:
        rows = TimedRows(reader, Timeline())
        assert (rows.holds_rows, rows.look_ahead(), rows.holds_rows) == (False, 10, True)
        for next_place, place, given in ((10, 9, 0), (10, 10, 1), (20, 19, 0), (20, 25, 1), (30, 100, 1)):
            assert rows.look_ahead() == next_place
            rows.until = place
            assert rows.read(50) == given
        assert (rows.look_ahead(), rows.look_ahead()) == (None, None)
        assert rows.share == 1.0


def test_no_more_rows_than_asked_for(tmp_path: Path) -> None:
    with open_rows(flow(tmp_path, 50)) as reader:
        rows = TimedRows(reader, Timeline())
        assert rows.look_ahead() == SECOND
        rows.until = 2 * SECOND
        counts = []
        while rows.look_ahead() is not None:
            counts.append(rows.read(20))
        assert counts == [20, 20, 10]


def bad(folder: Path) -> Path:
    """Write a file with wrong rows: in the middle, and as the last."""
    rows = ["1,ADD,1,BID,10,1,", "2,ADD,2,BID,nonsense,1,", "3,ADD,3,ASK,12,1,", "4,ADD,4,BID,13,1,", "5,BUY"]
    return write_csv(folder / "bad.csv", rows)


def test_a_wrong_row_ends_it_as_it_ends_replay(tmp_path: Path) -> None:
    path = bad(tmp_path)
    source = files(path, speed=1)
    with pytest.raises(BadInput) as raised:
        final(source)
    told = obctl("replay", path)
    assert (told.exit_code, told.stderr) == (raised.value.exit_code, f"obctl replay: {raised.value.message}\n")
    assert source.view().sequence == 1  # what lies before it was played


@pytest.mark.parametrize("speed", [1, inf])
def test_wrong_rows_are_skipped_and_counted(tmp_path: Path, speed: float) -> None:
    path = bad(tmp_path)
    summary = replay(path, "--on-error", "skip")
    assert summary["skipped_rows"] == 2
    view = final(files(path, speed=speed, on_error="skip"))
    assert_same(view, summary)
    assert view.state_text == "wrong rows skipped: 2"


@pytest.mark.parametrize("line", [0, 200])
def test_a_skipped_message_takes_its_book_along(tmp_path: Path, line: int) -> None:
    messages, _ = Lobster().run(400).save(tmp_path)
    lines = messages.read_text().splitlines()
    lines[line] = "34200.5,9,1,1,1,1"  # there is no such kind of message
    messages.write_text("\n".join(lines) + "\n")
    summary = replay(messages, "--on-error", "skip")
    assert_same(final(files(messages, on_error="skip")), summary)


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("missing.csv", None, {}),
        ("empty.csv", "", {}),
        ("no_columns.csv", "what,ever\n1,2\n", {}),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str, content: str | None, options: dict[str, Any]) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    source = files(path, **options)
    assert (source.view().state, source.instruments()) == ("connecting", ())
    with pytest.raises(BadInput) as raised:
        final(source)
    assert obctl("replay", path).stderr == f"obctl replay: {raised.value.message}\n"


def test_a_damaged_archive(tmp_path: Path) -> None:
    path = tmp_path / "flow.csv.gz"
    path.write_bytes(gzip.compress(flow(tmp_path).read_bytes())[:-200])
    with pytest.raises(BadInput, match="damaged or cut short"):
        final(files(path))


def test_files_of_two_formats(tmp_path: Path) -> None:
    messages, _ = Lobster().run(10).save(tmp_path)
    paths = flow(tmp_path, 10), messages
    with pytest.raises(BadInput) as raised:
        final(files(*paths))
    assert obctl("replay", *paths).stderr == f"obctl replay: {raised.value.message}\n"


def test_options_that_do_not_go_with_the_file(tmp_path: Path) -> None:
    messages, _ = Lobster().run(10).save(tmp_path)
    with pytest.raises(click.UsageError, match="--tick-size is for CSV"):
        final(files(messages, tick_size="0.01"))
    with pytest.raises(click.UsageError, match="only once"):
        final(files("-", "-"))


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put a pipe in the place of standard input; return the end that is written to, unbuffered."""
    reading, writing = os.pipe()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.FileIO(reading)))  # type: ignore[arg-type]
    with open(writing, "wb", buffering=0) as end:  # noqa: PTH123 - a descriptor has no path
        yield end
    sys.stdin.close()


def test_standard_input_as_it_comes(pipe: Any) -> None:
    """What waits for more is the reading, not the view; at the end of the input it ends."""
    source = files("-")
    assert source.title == "standard input"
    pipe.write(f"{HEADER}\n1,ADD,1,BID,10,1,\n".encode())

    async def watch() -> None:
        await until(lambda: source.view().sequence == 1)
        turns = [source.view().state for _ in range(100) if not await asyncio.sleep(0)]
        assert set(turns) == {"playing"}
        pipe.write(b"2,ADD,2,BID,11,1,\n3,ADD,3,BID,")
        await until(lambda: source.view().sequence == 2)
        pipe.write(b"12,1,\n")
        await until(lambda: source.view().sequence == 3)
        pipe.close()
        await until(lambda: source.view().state == "ended")

    beside(source, watch)
    assert source.controls.position is None


def test_it_is_left_while_standard_input_is_silent(pipe: Any) -> None:
    source = files("-")
    pipe.write(f"{HEADER}\n1,ADD,1,BID,10,1,\n".encode())

    async def watch() -> None:
        await until(lambda: source.view().sequence == 1)

    beside(source, watch)  # ends, though the pipe is open
    pipe.write(b"2,ADD,2,BID,11,1,\n")  # for the thread that still waits for it


def test_what_is_raised_aside_names_the_command() -> None:
    def refuse() -> None:
        raise BadInput("no")

    with click.Context(click.Command("watch"), info_name="obctl watch"), pytest.raises(BadInput) as raised:
        asyncio.run(aside(refuse))
    assert raised.value.command == "obctl watch"


def test_in_the_view(tmp_path: Path) -> None:
    """Through the app: keys stop it and change its speed, and the last picture stays until it is left."""
    summary = replay(path := flow(tmp_path))
    time = FakeTime()
    source = files(path, speed=1, time=time)

    async def use() -> MarketView:
        app = WatchApp(source)
        async with app.run_test(size=(140, 40)) as pilot:
            await until(lambda: source.view().sequence > 100)
            await pilot.press("space")
            stopped = source.view()
            assert stopped.state == "paused"
            assert stopped.sequence < 2_000
            await pilot.pause()
            assert source.view().sequence == stopped.sequence
            await pilot.press("+", "space")
            assert source.controls.speed == 2
            await until(lambda: source.view().state == "ended")
            view = source.view()
            await pilot.pause()
            assert app.is_running
            await pilot.press("q")
        assert app.error is None
        return view

    assert_same(asyncio.run(use()), summary)


def test_what_ends_it_ends_the_view(tmp_path: Path) -> None:
    source = files(bad(tmp_path))

    async def use() -> BaseException | None:
        app = WatchApp(source)
        async with app.run_test(size=(140, 40)):
            await until(lambda: app.error is not None)
        return app.error

    error = asyncio.run(use())
    assert isinstance(error, BadInput)
    assert "nonsense" in str(error)


def test_times_since_midnight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times of LOBSTER files are those of their exchange's clock, whatever the time is here."""
    monkeypatch.setenv("TZ", "UTC+5")
    time.tzset()
    try:
        assert clock_text(34_200 * SECOND) == "09:30:00"
        assert clock_text(1_700_000_000 * SECOND) == "17:13:20"
    finally:
        monkeypatch.undo()
        time.tzset()
