"""When slices go out and how large they are, with chance in it; and on the engine, that the total is never exceeded."""

from itertools import islice, pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from agents.gateways.in_process import InProcessGateway
from agents.requests import Submit
from agents.strategies import Twap, TwapSettings
from agents.strategies.twap_schedule import schedule
from orderbook import OrderType, Side, Trade

from .staged import AGENT, OTHERS, Stage, market

MILLI = 1_000_000


def settings(**chosen):
    return TwapSettings(**{"price": 100} | chosen)


def goals_and_sizes(slices):
    goals = [due.goal for due in slices]
    return goals, [after - before for before, after in pairwise([0, *goals])]


jitters = st.fixed_dictionaries(
    {
        "total_quantity": st.integers(1, 400),
        "slices": st.integers(1, 40),
        "slice_interval_millis": st.integers(1, 1_000),
        "time_jitter_percent": st.integers(0, 100),
        "size_jitter_percent": st.integers(0, 100),
        "seed": st.integers(0, 2**64 - 1),
    }
)


@given(chosen=jitters)
def test_the_total_stays_and_every_slice_is_within_its_part(chosen):
    its = settings(**chosen)
    slices = schedule(its, Random(its.seed))
    goals, sizes = goals_and_sizes(slices)
    _, plain = goals_and_sizes(schedule(settings(**chosen | {"size_jitter_percent": 0}), Random(0)))
    assert goals[-1] == sum(plain) == its.total_quantity
    assert set(plain[:-1]) <= {its.slice_quantity}
    assert 1 <= plain[-1] <= its.slice_quantity
    for size, as_planned in zip(sizes, plain, strict=True):
        assert abs(size - as_planned) * 100 <= as_planned * its.size_jitter_percent


@given(chosen=jitters)
def test_every_slice_goes_out_within_its_interval(chosen):
    its = settings(**chosen)
    for number, due in enumerate(schedule(its, Random(its.seed))):
        late_ns = due.delay_ns - number * its.slice_interval_ns
        assert 0 <= late_ns * 100 <= its.slice_interval_ns * its.time_jitter_percent


def test_without_jitter_chance_has_no_say():
    for seed in range(20):
        assert schedule(settings(), Random(seed)) == [
            (number * 1_000 * MILLI, number * 200 + 200) for number in range(5)
        ]


def test_jitter_does_vary_and_reaches_its_ends():
    its = settings(
        total_quantity=20, slices=5, slice_interval_millis=1, time_jitter_percent=50, size_jitter_percent=100
    )
    runs = [schedule(its, Random(seed)) for seed in range(300)]
    sizes = {size for slices in runs for size in goals_and_sizes(slices)[1]}
    assert sizes == set(range(9))  # nothing to twice a slice of 4
    delays = {due.delay_ns % MILLI for slices in runs for due in slices}
    assert min(delays) < 10_000
    assert 490_000 < max(delays) <= 500_000


def asked(seed, order_type=OrderType.LIMIT):
    """Return what a TWAP with jitter asks for in three cycles of a quiet market."""
    its = settings(
        seed=seed, order_type=order_type, time_jitter_percent=80, size_jitter_percent=80, cycle_pause_millis=700
    )
    return Stage(Twap(its), InProcessGateway(market(), AGENT)).run(17_000 * MILLI)


def sizes_of(steps):
    return [step.request.quantity for step in steps if isinstance(step.request, Submit)]


def test_a_seed_repeats_and_another_does_not():
    assert asked(7) == asked(7)
    assert asked(7) != asked(8)


def test_every_cycle_is_drawn_anew():
    sizes = sizes_of(asked(7, OrderType.IOC))
    assert len(sizes) == 15
    assert (sizes[4], sizes[9], sizes[14]) == (1_000,) * 3  # nothing is filled, all is carried forward
    assert len({tuple(sizes[:5]), tuple(sizes[5:10]), tuple(sizes[10:])}) == 3


def test_slices_that_jitter_left_nothing_for_are_not_sent():
    """Each of the requests has something in it, and what was asked for adds up."""
    counts = set()
    for seed in range(40):
        engine = market()
        engine.submit(OTHERS, 1, Side.ASK, OrderType.LIMIT, 100, 1_000)
        its = settings(
            total_quantity=6, slices=3, size_jitter_percent=100, order_type=OrderType.IOC, seed=seed, once=True
        )
        sizes = sizes_of(Stage(Twap(its), InProcessGateway(engine, AGENT)).run(60_000 * MILLI))
        assert sum(sizes) == 6
        assert 0 not in sizes
        counts.add(len(sizes))
    assert counts == {2, 3}


flows = st.lists(st.tuples(st.sampled_from(Side), st.integers(96, 104), st.integers(1, 12)), max_size=30)
late = st.lists(st.integers(0, 3_000), max_size=8)


@given(
    flow=flows, late_millis=late, side=st.sampled_from(Side), order_type=st.sampled_from(OrderType),
    total=st.integers(1, 30), slices=st.integers(1, 6), jitter=st.sampled_from((0, 50, 100)),
    money=st.sampled_from((0, 500, 10**9)),
)  # fmt: skip
def test_on_the_engine_no_more_is_sent_than_is_missing(
    flow, late_millis, side, order_type, total, slices, jitter, money
):
    """Whatever others trade, however late it wakes up, and also when its money runs out."""
    engine = market(base=money // 100, quote=money)
    before = engine.account_snapshot(AGENT)
    orders, delays = iter(enumerate(flow, 1)), iter(late_millis)
    reports = []

    def traded():
        """Return what the account has traded, in lots and ticks × lots."""
        after = engine.account_snapshot(AGENT)
        lots = after.available_base + after.reserved_base - before.available_base
        value = before.available_quote - after.available_quote - after.reserved_quote
        return (lots, value) if side is Side.BID else (-lots, -value)

    def watch(request):
        if isinstance(request, Submit):
            missing = total - (traded()[0] - sum(report.filled_quantity for report in reports))
            assert 1 <= request.quantity <= missing

    def meanwhile(time_ns):
        for order_id, order in islice(orders, 2):
            engine.submit(OTHERS, order_id, order[0], OrderType.LIMIT, order[1], order[2])
        return time_ns + next(delays, 0) * MILLI

    its = settings(
        side=side, order_type=order_type, total_quantity=total, slices=slices,
        size_jitter_percent=jitter, time_jitter_percent=jitter, cycle_pause_millis=100,
    )  # fmt: skip
    gateway = InProcessGateway(engine, AGENT)
    Stage(Twap(its, reports.append), gateway, meanwhile=meanwhile, watch=watch).run(30_000 * MILLI)
    assert all(report.filled_quantity <= report.total_quantity == total for report in reports)
    assert sum(report.filled_quantity for report in reports) == traded()[0]
    assert sum(report.value for report in reports) == traded()[1]
    volume = sum(event.quantity for event in engine.events() if isinstance(event, Trade))
    assert sum(report.market_volume for report in reports) <= volume
    whole = [report for report in reports if not report.is_cut_short]
    assert all(report.filled_quantity <= report.market_volume and report.market_is_complete for report in whole)
