"""TWAP over connections that are lost: the cycle goes on, nothing is sent twice, nothing stays in the book."""

import pytest

from .scripted import Script
from .test_twap import BEGIN, twap


def test_an_order_whose_answer_was_lost_and_that_comes_late_is_taken_back():
    script = Script(twap(once=True))
    script.play(BEGIN)
    script.play("""
        limit bid 3 @ 100   -> rests 2
        until 1000          -> 1000
        cancel 2            -> 3
        orders              -> 1 bid 3 @ 100
        cancel 1            -> 2
        orders              -> filled 1 bid 1 @ 100
        tape                -> 1 100
        limit bid 5 @ 100   -> done 3
    """)


def test_a_lost_connection_does_not_lose_the_cycle():
    """The next life goes on with the slice whose turn it is, and knows what was traded until the orders were gone."""
    reports = []
    script = Script(twap(reports, once=True))
    script.play(BEGIN)
    script.play("""
        limit bid 3 @ 100   -> rests 1
        until 1000          -> 1000
        cancel 1            -> 3
        orders              -> -
        tape                -> 0 0
        limit bid 6 @ 100   -> rests 2
    """)
    script.lose_connection(1_700, "filled 2 bid 4 @ 100")
    script.play("""
        until 2000          -> 2000
        orders              -> -
        tape                -> 4 400 gap
        limit bid 5 @ 100   -> done 11
        until 3000          -> 3000
        orders              -> taken 11 bid 5 @ 100
        tape                -> 9 900 gap
        limit bid 1 @ 100   -> rests 12
        until 4000          -> 4000
        cancel 12           -> 1
        orders              -> -
        tape                -> 9 900 gap
        end
    """)
    (report,) = reports
    assert (report.orders_sent, report.filled_quantity, report.market_is_complete) == (4, 9, False)
    assert not report.is_cut_short


def test_a_connection_lost_for_long_holds_the_schedule_up():
    script = Script(twap(once=True))
    script.play(BEGIN)
    script.play("limit bid 3 @ 100 -> rests 1")
    script.lose_connection(7_000, "filled 1 bid 3 @ 100")
    script.play("""
        until 1000          -> 7000
        orders              -> -
        tape                -> 3 300
        limit bid 3 @ 100   -> done 11
        until 8000          -> 8000
        orders              -> -
        tape                -> 3 300
        limit bid 6 @ 100   -> done 12
        until 9000          -> 9000
    """)


WHOLE = """
    best                -> 98/102
    tape                -> 0 0
    until 0             -> 0
    orders              -> -
    tape                -> 0 0
    limit bid 10 @ 100  -> rests 1
    until 1000          -> 1000
    cancel 1            -> 10
    orders              -> -
    tape                -> 0 0
"""
ANEW = """
    best                -> 98/102
    tape                -> 0 0
    until 300           -> 300
    orders              -> -
    tape                -> 0 0
    limit bid 10 @ 100  -> rests 11
    until 1300          -> 1300
    cancel 11           -> 10
    orders              -> -
    tape                -> 0 0
    end
"""
LATE = """
    until 0             -> 300
    orders              -> -
    tape                -> 0 0
    limit bid 10 @ 100  -> rests 11
    until 1000          -> 1000
    cancel 11           -> 10
    orders              -> -
    tape                -> 0 0
    end
"""
WAITS = """
    until 1000          -> 1000
    orders              -> -
    tape                -> 0 0
    end
"""


@pytest.mark.parametrize(("steps", "goes_on"), [*enumerate([ANEW] * 2 + [LATE] * 3 + [WAITS] * 5)])
def test_wherever_the_connection_is_lost_no_slice_is_sent_twice(steps, goes_on):
    """An order whose answer was lost was sent all the same."""
    reports = []
    script = Script(twap(reports, slices=1, once=True))
    script.play("\n".join(WHOLE.strip().splitlines()[:steps]))
    script.lose_connection(300)
    script.play(goes_on)
    assert [report.orders_sent for report in reports] == [1]


def test_a_connection_lost_in_the_pause_leads_to_the_next_cycle_not_to_a_second_report():
    reports = []
    script = Script(twap(reports, slices=1))
    script.play(BEGIN)
    script.play("""
        limit bid 10 @ 100  -> done 1
        until 1000          -> 1000
        orders              -> taken 1 bid 10 @ 100
        tape                -> 10 1000
    """)
    script.lose_connection(2_000)
    script.play("""
        until 7000          -> 7000
        best                -> -/-
    """)
    assert len(reports) == 1


def test_with_once_a_life_after_the_end_has_nothing_to_do():
    script = Script(twap(slices=1, once=True))
    script.play(BEGIN)
    script.play("""
        limit bid 10 @ 100  -> done 1
        until 1000          -> 1000
        orders              -> -
        tape                -> 0 0
        end
    """)
    script.lose_connection(2_000)
    script.play("end")
