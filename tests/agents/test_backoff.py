"""Delays before trying again."""

from random import Random

from agents.runner.backoff import Backoff


def delays(backoff, count):
    return [backoff.next_delay_s() for _ in range(count)]


def test_delays_double_up_to_the_cap_and_stay_there():
    steps = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0, 10.0]
    for delay, step in zip(delays(Backoff(random=Random(1)), len(steps)), steps, strict=True):
        assert step / 2 <= delay <= step + 1e-9


def test_delays_are_varied_by_chance_but_the_same_for_the_same_seed():
    assert delays(Backoff(random=Random(1)), 5) == delays(Backoff(random=Random(1)), 5)
    assert delays(Backoff(random=Random(1)), 5) != delays(Backoff(random=Random(2)), 5)
    assert len(set(delays(Backoff(first_s=1, cap_s=1, random=Random(1)), 20))) == 20


def test_a_thousand_failures_do_not_overflow():
    assert delays(Backoff(), 2_000)[-1] <= 10.0


def test_after_a_reset_it_begins_again():
    backoff = Backoff()
    delays(backoff, 6)
    backoff.reset()
    assert backoff.next_delay_s() <= 0.1


def test_first_and_cap_are_what_was_asked_for():
    backoff = Backoff(first_s=2.0, cap_s=3.0, random=Random(3))
    first, second, third = delays(backoff, 3)
    assert 1.0 <= first <= 2.0
    assert 1.5 <= second <= 3.0
    assert 1.5 <= third <= 3.0
    assert Backoff(first_s=5.0, cap_s=1.0).next_delay_s() <= 1.0
