"""The clock of playback: what is due when, at every speed, and what keys change."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from math import inf

import pytest

from obctl.watch.playback import PLACE_MAX, SPEEDS, TICK_SECONDS, WAIT_SECONDS_MAX, PlaybackClock, lasting
from obctl.watch.timeline import Timeline

from .played import SECOND, FakeTime, until

LATE = TICK_SECONDS + 1e-6  # at most, who looks at the clock in ticks


class Script:
    """A recording of events at places, in seconds. `done` says when each was carried out; `cost`: seconds of work."""

    def __init__(self, time: FakeTime, places: list[float], cost: float = 0.0) -> None:
        self.time = time
        self.places = [round(place * SECOND) for place in places]
        self.cost = cost
        self.began = time.seconds
        self.done: list[float] = []

    async def look_ahead(self) -> int | None:
        return self.places[len(self.done)] if len(self.done) < len(self.places) else None

    def carry_out(self, place: int) -> None:
        assert self.places[len(self.done)] <= place, "it is not due yet"
        self.time.seconds += self.cost
        self.done.append(self.time.seconds - self.began)


def play(places: list[float], speed: float, cost: float = 0.0) -> Script:
    """Play a script to its end."""
    time = FakeTime()
    script = Script(time, places, cost)
    clock = time.clock(speed)
    asyncio.run(clock.play(script))
    assert clock.state == "ended"
    return script


def play_beside(script: Script, clock: PlaybackClock, watch: Callable[[], object]) -> None:
    """Play a script while a coroutine function goes on; both come to an end."""

    async def both() -> None:
        playing = asyncio.create_task(clock.play(script))
        await watch()  # type: ignore[misc]
        await asyncio.wait_for(playing, 30)

    asyncio.run(both())


@pytest.mark.parametrize("speed", [0.5, 1, 3, 10])
@pytest.mark.parametrize("begin", [0, 1_700_000_000])
def test_events_come_when_they_are_due(speed: float, begin: float) -> None:
    places = [begin + each for each in (0, 0.2, 0.2, 0.7, 1.0, 1.9)]
    script = play(places, speed)
    for place, done in zip(places, script.done, strict=True):
        due = (place - begin) / speed
        assert due - 1e-6 <= done <= due + LATE


def test_max_waits_for_nothing() -> None:
    script = play([0, 50, 3_600, 1e6], inf)
    assert script.done == [0, 0, 0, 0]


def test_what_is_quiet_for_long_is_passed_over() -> None:
    script = play([0, 3_600, 3_601, 90_000], 1)
    waits = [later - before for before, later in pairwise(script.done)]
    assert waits == pytest.approx([WAIT_SECONDS_MAX, 1, WAIT_SECONDS_MAX], abs=LATE)


def test_it_is_told_that_this_will_be_passed_over() -> None:
    time = FakeTime()
    script = Script(time, [0, 3_700, 3_701.5])
    clock = time.clock()

    async def watch() -> None:
        await until(lambda: clock.quiet is not None)
        assert clock.quiet == "nothing for 1 h 1 min: goes on in 2 s"
        await until(lambda: script.done[-1] > 1)
        assert clock.quiet is None  # half a second, or two, are nothing to speak of

    play_beside(script, clock, watch)


def test_a_pause_is_no_time_at_all() -> None:
    time = FakeTime()
    script = Script(time, [0, 1, 1.5])
    clock = time.clock()

    async def watch() -> None:
        await until(lambda: time.seconds - script.began > 0.5)
        clock.toggle()
        assert (clock.is_paused, clock.state) == (True, "paused")
        paused = time.seconds
        await until(lambda: time.seconds - paused > 60)
        assert len(script.done) == 1
        clock.toggle()
        assert clock.state == "playing"

    play_beside(script, clock, watch)
    assert script.done[1] == pytest.approx(61, abs=4 * TICK_SECONDS)
    assert script.done[2] - script.done[1] == pytest.approx(0.5, abs=LATE)


def test_keys_change_the_speed_of_what_is_waited_for() -> None:
    time = FakeTime()
    script = Script(time, [0, 1.9])
    clock = time.clock(1)

    async def watch() -> None:
        await until(lambda: time.seconds - script.began > 0.9)
        for _ in range(3):
            clock.faster()
        assert clock.speed == 10

    play_beside(script, clock, watch)
    assert script.done[1] == pytest.approx(1.0, abs=4 * TICK_SECONDS)


def test_the_steps_of_speed() -> None:
    clock = FakeTime().clock(1)
    up = []
    while not up or up[-1] != clock.speed:
        up.append(clock.speed)
        clock.faster()
    assert up == [speed for speed in SPEEDS if speed >= 1]
    assert up[-2:] == [10_000, inf]
    down = []
    while not down or down[-1] != clock.speed:
        down.append(clock.speed)
        clock.slower()
    assert down == list(reversed(SPEEDS))


def test_a_speed_between_the_steps() -> None:
    clock = FakeTime().clock(3)
    clock.faster()
    assert clock.speed == 5
    clock = FakeTime().clock(3)
    clock.slower()
    assert clock.speed == 2


@pytest.mark.parametrize("speed", [10_000, inf])
def test_work_is_cut_into_slices(speed: float) -> None:
    """However much is due, others have their turn every 20 ms, and what they ask for is done."""
    time = FakeTime()
    script = Script(time, [0.001 * i for i in range(1_000)], cost=0.004)
    clock = time.clock(speed)
    turns: list[int] = []

    async def watch() -> None:
        while len(script.done) < 500:
            turns.append(len(script.done))
            await asyncio.sleep(0)
        clock.toggle()
        for _ in range(100):
            await asyncio.sleep(0)
        assert 500 <= len(script.done) <= 510
        clock.toggle()

    play_beside(script, clock, watch)
    assert max(later - before for before, later in pairwise(turns)) <= 6


def test_what_cannot_keep_up_does_not_pile_up() -> None:
    """Who was asked for too much, and is then asked for less, does no more than that."""
    time = FakeTime()
    script = Script(time, [0.01 * i for i in range(3_000)], cost=0.004)  # 250 a second, at most
    clock = time.clock(100)

    async def watch() -> None:
        await until(lambda: len(script.done) >= 1_000)
        while clock.speed > 1:
            clock.slower()

    play_beside(script, clock, watch)
    begin = script.done[1_010]
    assert script.done[1_510] - begin == pytest.approx(5.0, rel=0.1)  # a hundred a second


def test_what_a_recording_raises_ends_it() -> None:
    time = FakeTime()

    class Broken(Script):
        def carry_out(self, place: int) -> None:
            raise OSError("gone")

    clock = time.clock()
    with pytest.raises(OSError, match="gone"):
        asyncio.run(clock.play(Broken(time, [0])))
    assert clock.state == "playing"


def test_nothing_at_all_ends_at_once() -> None:
    script = play([], 1)
    assert script.done == []


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (2.5, "2.5 s"),
        (59.4, "59.4 s"),
        (60, "1 min 0 s"),
        (3_599, "59 min 59 s"),
        (3_600, "1 h 0 min"),
        (200_000, "2 d 7 h"),
    ],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert lasting(seconds) == words


def places(*times: int) -> list[int]:
    """Return where events with these times lie."""
    timeline = Timeline()
    found = []
    for time in times:
        found.append(timeline.place_of(time))
        timeline.pass_by(time)
        assert timeline.place == found[-1]
    return found


def test_a_timeline_is_what_the_times_say() -> None:
    assert places(1_000, 1_000, 1_005, 2_000) == [1_000, 1_000, 1_005, 2_000]


def test_a_timeline_never_goes_back() -> None:
    assert places(1_000, 1_010, 400, 405, 1_010) == [1_000, 1_010, 1_010, 1_015, 1_620]


def test_what_has_no_time_comes_a_millisecond_later() -> None:
    assert places(0, 0, 0) == [0, 1_000_000, 2_000_000]
    assert places(5_000, 0, 6_000) == [5_000, 1_005_000, 1_006_000]


def test_a_timeline_has_an_end() -> None:
    assert places(1, PLACE_MAX, 1, PLACE_MAX, 0) == [1, PLACE_MAX, PLACE_MAX, PLACE_MAX, PLACE_MAX]
