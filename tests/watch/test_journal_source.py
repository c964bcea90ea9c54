"""Journals that are watched: the last picture says what `obctl journal replay` says, at the times of the commands."""

import asyncio
from math import inf
from pathlib import Path
from typing import Any

import pytest

from obctl.errors import BadInput, Damaged
from obctl.watch.app import WatchApp
from obctl.watch.source import MarketView
from obctl.watch.sources import journal as journal_module
from obctl.watch.sources.journal import JournalSource

from ..cli.journals import copy, long, run, run_json, segments, spoil, told, without_its_beginning, written
from ..journal import plain_journal as plain
from ..journal.exchanges import MARKETS, fund, kept, send, settled
from ..journal.made import opened, story
from .played import SECOND, SPEEDS, FakeTime, beside, final, until

BEGIN = 1_700_000_000 * SECOND


def played(directory: Path, *, speed: float = inf, time: FakeTime | None = None, **options: Any) -> JournalSource:
    """Return a source that plays a journal by a time of its own."""
    return JournalSource(directory, (time or FakeTime()).clock(speed), **options)


def of_view(view: MarketView) -> dict[str, Any]:
    """Return an instrument as `obctl journal replay --json` tells it."""
    sides = {
        name: [
            {"price": level.price, "total_quantity": level.total_quantity, "order_count": level.order_count}
            for level in levels
        ]
        for name, levels in (("bids", view.bids), ("asks", view.asks))
    }
    orders = sum(level.order_count for level in view.bids + view.asks)
    return {"symbol": view.symbol, "resting_orders": orders} | sides


def assert_same(source: JournalSource, directory: Path, *words: object) -> None:
    """Compare what is to be seen, instrument by instrument, with what `obctl journal replay` says."""
    state = run_json("replay", directory, "--levels", 500, *words)
    assert [each.symbol for each in source.instruments()] == [each["symbol"] for each in state["instruments"]]
    for instrument in state["instruments"]:
        source.select(instrument["symbol"])
        view = source.view()
        assert of_view(view) == instrument
        assert (view.state, view.sequence) == ("ended", state["last_event"])
        assert view.state_text == f"record {state['sequence']:,}"


def market(folder: Path) -> tuple[Path, dict[str, tuple[int, int, int]]]:
    """Make a directory of three instruments; return it, and of each the trades, their volume and all events."""
    with kept(folder) as exchange:
        fund(exchange.sequencer)
        for seed in range(8):
            send(exchange.sequencer, seed, 250)
            settled(exchange)
        tallies = exchange.sequencer.tallies()
        events = exchange.sequencer.exchange.events()
    counts = {
        instrument.symbol: (tally.trades, tally.volume, sum(event.instrument == position for event in events))
        for position, (instrument, tally) in enumerate(zip(MARKETS, tallies, strict=True))
    }
    assert all(trades > 10 for trades, _, _ in counts.values())
    return folder, counts


@pytest.mark.parametrize("speed", SPEEDS)
def test_a_little_story(tmp_path: Path, speed: float) -> None:
    path = told(tmp_path / "data")
    source = played(path, speed=speed)
    view = final(source)
    assert_same(source, path)
    assert (view.trade_count, view.volume, view.value) == (1, 3, 300)
    assert [(trade.side.name, trade.price, trade.quantity) for trade in view.trades] == [("ASK", 100, 3)]
    assert source.controls.position == 1.0
    assert source.title == "data"


@pytest.mark.parametrize("speed", SPEEDS)
def test_several_instruments(tmp_path: Path, speed: float) -> None:
    path, counts = market(tmp_path / "data")
    source = played(path, speed=speed)
    final(source)
    assert_same(source, path)
    for symbol, expected in counts.items():
        source.select(symbol)
        view = source.view()
        assert (view.trade_count, view.volume, view.event_count) == expected
        assert view.value == sum(trade.price * trade.quantity for trade in view.trades) or view.trade_count > 500


@pytest.mark.parametrize("until", [1, 2, 5, 9])
def test_until_a_record(tmp_path: Path, until: int) -> None:
    path = told(tmp_path / "data")
    source = played(path, until=until)
    final(source)
    assert_same(source, path, "--until", until)


@pytest.mark.parametrize("event", [1, 2, 3])
def test_until_an_event(tmp_path: Path, event: int) -> None:
    path = told(tmp_path / "data")
    source = played(path, until_event=event)
    final(source)
    assert_same(source, path, "--until-event", event)
    assert source.controls.position == 1.0


@pytest.mark.parametrize("speed", SPEEDS)
def test_several_segments_and_a_snapshot(tmp_path: Path, speed: float) -> None:
    """It is played from the first record on, and compared with the snapshot that it passes."""
    path, _ = long(tmp_path / "data")
    source = played(path, speed=speed)
    view = final(source)
    assert_same(source, path)
    assert view.event_count == run_json("replay", path)["last_event"]
    assert len(segments(path)) == 4


def test_where_the_beginning_is_gone(tmp_path: Path) -> None:
    """It is played from the oldest snapshot on: no event before it is counted."""
    path, taken = without_its_beginning(tmp_path / "data")
    before = run_json("replay", path, "--until", taken)["last_event"]
    source = played(path)
    asyncio.run(source.open())
    assert (source.view().sequence, source.view().event_count, source.view().state) == (before, 0, "playing")
    source = played(path)
    view = final(source)
    assert_same(source, path)
    assert view.event_count == run_json("replay", path)["last_event"] - before


def test_a_snapshot_that_says_something_else(tmp_path: Path) -> None:
    path, _ = long(tmp_path / "data", quantity=1)
    other, _ = long(tmp_path / "other", quantity=2)
    [snapshot] = (path / "snapshots").glob("*.snap")
    [stranger] = (other / "snapshots").glob("*.snap")
    snapshot.write_bytes(stranger.read_bytes())
    with pytest.raises(Damaged) as raised:
        final(played(path))
    assert str(snapshot) in raised.value.message


def test_commands_come_at_their_times(tmp_path: Path) -> None:
    """A frame is carried out at the time of its last command; what was quiet for long is passed over."""

    def bid(order_id: int, seconds: float) -> list[bytes]:
        command = plain.command(plain.NEW, account_id=1, order_id=order_id, price=order_id, quantity=1)
        return [plain.source(session=0, time=BEGIN + round(seconds * SECOND)), command]

    credit = [plain.source(session=0, time=BEGIN), plain.command(plain.CREDIT, account_id=1, quantity=1_000)]
    frames = [credit, bid(1, 1), bid(2, 1.25) + bid(3, 1.5), bid(4, 4_000)]
    path = written(tmp_path / "data", *frames)
    time = FakeTime()
    began = time.now()
    source = played(path, speed=1, time=time)

    async def watch() -> None:
        for wall, orders in ((0.05, 0), (0.9, 0), (1.1, 1), (1.4, 1), (1.6, 3), (3.4, 3), (inf, 4)):
            await until(lambda at=began + wall: time.now() >= at or source.controls.has_ended)
            assert len(source.view().bids) == orders
            if orders == 3:
                assert source.controls.time_ns == BEGIN + round(1.5 * SECOND)

    beside(source, watch)
    assert time.now() - began == pytest.approx(3.5, abs=0.1)
    assert source.controls.time_ns == BEGIN + 4_000 * SECOND


def test_quiet_times_are_told(tmp_path: Path) -> None:
    frames = [
        [plain.source(session=0, time=BEGIN + at * SECOND), plain.command(plain.CREDIT, account_id=1, quantity=1)]
        for at in (0, 7_200)
    ]
    source = played(written(tmp_path / "data", *frames), speed=1)

    async def watch() -> None:
        await until(lambda: source.controls.quiet is not None)
        assert source.view().state_text == "record 2, nothing for 2 h 0 min: goes on in 2 s"

    beside(source, watch)


def test_while_a_server_uses_it(tmp_path: Path) -> None:
    path = tmp_path / "data"
    with opened(path) as exchange:
        story(exchange.sequencer)
        source = played(path)
        view = final(source)
        assert_same(source, path)
        assert view.trade_count == 1


def test_nothing_is_written(tmp_path: Path) -> None:
    path, _ = long(tmp_path / "data")
    before = {each: each.read_bytes() for each in path.rglob("*") if each.is_file()}
    final(played(path))
    assert {each: each.read_bytes() for each in path.rglob("*") if each.is_file()} == before


def test_damage_ends_it_as_it_ends_replay(tmp_path: Path) -> None:
    path, _ = long(tmp_path / "data")
    spoil(segments(path)[2], 4_000)
    source = played(path)
    with pytest.raises(Damaged) as raised:
        final(source)
    told_by_replay = run("replay", path, status=4).stderr
    assert told_by_replay == f"obctl journal replay: {raised.value.message}\n"
    assert 3_000 < len(source.view().bids[0:1]) + source._opened.replay.sequence < 4_600  # what lies before was played


@pytest.mark.parametrize("options", [{}, {"until": 11}, {"until_event": 99}])
def test_what_is_not_there(tmp_path: Path, options: dict[str, int]) -> None:
    path = told(tmp_path / "data") if options else tmp_path / "nothing"
    source = played(path, **options)
    assert (source.view().state, source.instruments()) == ("connecting", ())
    with pytest.raises(BadInput) as raised:
        final(source)
    words = [word for name, number in options.items() for word in (f"--{name.replace('_', '-')}", number)]
    assert run("replay", path, *words, status=1).stderr == f"obctl journal replay: {raised.value.message}\n"


def test_instruments_that_come_later(tmp_path: Path) -> None:
    path = tmp_path / "data"
    with kept(path, instruments=MARKETS[:1]) as exchange:
        fund(exchange.sequencer)
        send(exchange.sequencer, 1, 200)
        settled(exchange)
    with kept(path, instruments=MARKETS) as exchange:
        fund(exchange.sequencer)
        send(exchange.sequencer, 2, 400)
        settled(exchange)
    source = played(path)
    asyncio.run(source.open())
    assert [each.symbol for each in source.instruments()] == ["BTC-USD"]
    source = played(path)
    view = final(source)
    assert_same(source, path)
    events = run_json("replay", path)["last_event"]
    counted = 0
    for instrument in source.instruments():
        source.select(instrument.symbol)
        counted += source.view().event_count
    assert (counted, view.sequence) == (events, events)


def test_an_instrument_that_goes(tmp_path: Path) -> None:
    """Who looks at an instrument that is not there any more is shown the first one."""
    path = tmp_path / "data"
    for instruments in (MARKETS[:2], MARKETS[:1]):
        with kept(path, instruments=instruments) as exchange:
            settled(exchange)
    source = played(path)

    async def play() -> None:
        await source.open()
        source.select("ETH-USD")
        assert source.view().symbol == "ETH-USD"
        await source.run()
        assert source.view().symbol == "BTC-USD"

    asyncio.run(play())


def test_events_that_are_lost_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a frame makes more events than are held, the others are not passed off as all there were."""
    path, _ = long(tmp_path / "data")
    monkeypatch.setattr(journal_module, "EVENTS_HELD", 10)
    source = played(path)
    view = final(source)
    lost = view.sequence - view.event_count
    assert lost > 5_000
    assert view.state_text == f"record 6,002, events too many at once to be counted: {lost:,}"
    assert of_view(view) == run_json("replay", path, "--levels", 500)["instruments"][0]


@pytest.mark.parametrize("events", [1, 7, 100])
def test_steps_are_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, events: int) -> None:
    """Events are counted some at a time, so that a frame of many does not hold up the view; none is left out."""
    path, counts = market(tmp_path / "data")
    monkeypatch.setattr(journal_module, "EVENTS_PER_STEP", events)
    source = played(path)
    final(source)
    assert_same(source, path)
    for symbol, expected in counts.items():
        source.select(symbol)
        view = source.view()
        assert (view.trade_count, view.volume, view.event_count) == expected


def test_an_empty_journal(tmp_path: Path) -> None:
    path = copy(told(tmp_path / "data"), "empty")
    for segment in segments(path):
        segment.unlink()
    source = played(path)
    assert final(source).state == "ended"
    assert source.controls.position == 1.0


def test_in_the_view(tmp_path: Path) -> None:
    """Through the app: instruments are gone through with n, and the last picture stays until it is left."""
    path, counts = market(tmp_path / "data")
    source = played(path, speed=1)

    async def use() -> dict[str, tuple[int, int, int]]:
        app = WatchApp(source)
        seen = {}
        async with app.run_test(size=(140, 40)) as pilot:
            await until(lambda: source.view().state == "ended")
            for _ in MARKETS:
                view = source.view()
                seen[view.symbol] = (view.trade_count, view.volume, view.event_count)
                await pilot.press("n")
            assert app.is_running
            await pilot.press("q")
        assert app.error is None
        return seen

    assert asyncio.run(use()) == counts
