"""What a run is told by, and what it comes to: conservation, results, samples, wrong uses."""

import signal
from dataclasses import replace
from fractions import Fraction

import pytest

from agents.requests import ReadOrders, Submit, WaitUntil
from agents.simulation import AgentConfig, Config, Simulation
from agents.strategies import MarketMakerSettings, NoiseTraderSettings, TwapSettings
from orderbook import Instrument, OrderType, Side, Trade

from .helpers import Scripted, simulation

SECOND = 1_000_000_000


@pytest.fixture(scope="module")
def run():
    """Return a simulation of thirty noise traders, a market maker and a TWAP that ran for ten seconds."""
    noise = [AgentConfig(f"noise-{number}", NoiseTraderSettings(), group="noise") for number in range(30)]
    maker = AgentConfig("maker", MarketMakerSettings(spread=3, tick_millis=100), latency_ns=1_000)
    twap = AgentConfig("twap", TwapSettings(order_type=OrderType.MARKET, slice_interval_millis=3_000), start_ns=SECOND)
    config = Config(agents=(*noise, maker, twap), duration_ns=10 * SECOND, sample_interval_ns=SECOND)
    simulation = Simulation(config)
    return simulation, simulation.run()


def test_nothing_is_made_or_lost(run):
    simulation, result = run
    simulation.exchange.check()
    assert simulation.exchange.total("BASE") == sum(agent.base_deposit for agent in simulation.config.agents)
    assert sum(agent.inventory_lots for agent in result.agents) == 0
    assert sum(agent.cash for agent in result.agents) == 0
    assert sum(agent.bought_lots for agent in result.agents) == result.market.volume
    assert sum(agent.sold_lots for agent in result.agents) == result.market.volume
    assert sum(agent.fills for agent in result.agents) == 2 * result.market.trades
    assert all(agent.inventory_lots == agent.bought_lots - agent.sold_lots for agent in result.agents)


def test_a_market_comes_about(run):
    simulation, result = run
    bids, asks = simulation.exchange.market("BASE-QUOTE").order_book.depth(100)
    assert min(len(bids), len(asks)) >= 12, "a dozen levels"
    traded = {time_ns // SECOND for time_ns in result.trades["time_ns"]}
    assert traded >= set(range(10)), "trades in every second"
    assert result.market.best_bid < result.market.best_ask
    assert all(99_900 < price < 100_100 for price in result.trades["price"])


def test_the_market_is_summed_up(run):
    simulation, result = run
    market, trades = result.market, result.trades
    assert market.trades == len(trades["price"])
    assert market.value == sum(map(int.__mul__, trades["price"], trades["quantity"]))
    assert market.vwap == market.value / market.volume
    assert market.last_price == trades["price"][-1]
    assert market.state_hash == simulation.exchange.state_hash()
    assert market.resting_orders == len(simulation.exchange.market("BASE-QUOTE").order_book)
    assert market.actions == sum(agent.actions for agent in result.agents) > 2_000
    assert market.actions_per_second == pytest.approx(market.actions / market.wall_seconds, rel=1e-2)


def test_the_trades_are_the_events_of_the_exchange(run):
    simulation, result = run
    events = simulation.exchange.events(after=simulation.exchange.oldest_sequence - 1)
    trades = [event for event in events if isinstance(event, Trade)]
    assert list(result.trades["time_ns"]) == [trade.timestamp for trade in trades]
    accounts = [agent.account_id for agent in result.agents]
    assert set(result.trades["taker_account"]) | set(result.trades["maker_account"]) <= set(accounts)
    assert [order_id >> 32 for order_id in result.trades["taker_order_id"]] == list(result.trades["taker_account"])


def test_what_strategies_were_told_is_what_they_have(run):
    simulation, result = run
    maker = next(seat.participant.strategy for seat in simulation._seats if seat.participant.name == "maker")
    agent = result.agent("maker")
    assert (maker.inventory, maker.cash) == (agent.inventory_lots, agent.cash)


def test_a_twap_under_way_is_reported(run):
    (report,) = run[1].agent("twap").reports
    assert report.is_cut_short
    assert report.begin_ns == SECOND
    assert report.filled_quantity == run[1].agent("twap").bought_lots == 800, "slices at 1, 4, 7 and 10 s"


def test_samples(run):
    _, result = run
    samples = result.samples
    assert [sample.time_ns for sample in samples.market] == [second * SECOND for second in range(11)]
    assert samples.market[0] == (0, None, None, None, 0, 0)
    last = samples.market[-1]
    assert (last.best_bid, last.best_ask) == (result.market.best_bid, result.market.best_ask)
    assert (last.trades, last.volume) == (result.market.trades, result.market.volume)
    middle = samples.market[5]
    before = [row for row, time_ns in enumerate(result.trades["time_ns"]) if time_ns <= middle.time_ns]
    assert middle.trades == len(before)
    assert middle.last_price == result.trades["price"][before[-1]]
    for agent in result.agents:
        assert samples.inventories(agent.name)[-1] == agent.inventory_lots
        assert float(samples.profits(agent.name)[-1]) == agent.profit
    assert sum(samples.profits(name)[5] for name in samples.names) == 0


def test_a_sample_holds_what_happens_at_its_time():
    def life(self, now_ns):
        yield WaitUntil(100)
        yield Submit(Side.BID, OrderType.LIMIT, 9, 1)
        yield WaitUntil(101)
        yield Submit(Side.BID, OrderType.LIMIT, 10, 1)

    run = simulation(duration_ns=250, sample_interval_ns=100)
    run.add("agent", Scripted(life))
    market = run.run().samples.market
    assert [(sample.time_ns, sample.best_bid) for sample in market] == [(0, None), (100, 9), (200, 10), (250, 10)]
    assert market[1].mid == 9


def test_profit_is_at_the_last_middle_there_was():
    def maker(self, now_ns):
        placed = yield Submit(Side.ASK, OrderType.LIMIT, 20, 2)
        yield WaitUntil(150)
        yield from (Submit(Side.ASK, OrderType.LIMIT, price, 1) for price in (31,))
        assert placed.order_id

    def taker(self, now_ns):
        yield WaitUntil(50)
        yield Submit(Side.BID, OrderType.MARKET, None, 2)
        yield WaitUntil(151)
        yield Submit(Side.BID, OrderType.LIMIT, 22, 1)

    run = simulation(duration_ns=300, sample_interval_ns=100)
    run.add("maker", Scripted(maker))
    run.add("taker", Scripted(taker))
    result = run.run()
    assert result.samples.mids() == [20, 20, Fraction(53, 2), Fraction(53, 2)], "the book was empty at 100"
    assert result.samples.profits("taker") == [0, 0, 13, 13]
    assert result.agent("maker").profit == -13.0


def test_what_was_not_told_in_time_is_told_at_the_end():
    def maker(self, now_ns):
        yield Submit(Side.ASK, OrderType.LIMIT, 20, 2)
        yield WaitUntil(1_000)
        yield ReadOrders()  # the answer is still on its way at the end

    run = simulation(duration_ns=1_500)
    seller = Scripted(maker)
    run.add("maker", seller, latency_ns=400)
    taker = Scripted(lambda self, now_ns: (yield Submit(Side.BID, OrderType.MARKET, None, 2)))
    run.add("taker", taker, start_ns=900)
    run.run()
    assert [(fill.quantity, fill.is_maker) for fill in seller.fills] == [(2, True)]
    assert [(fill.quantity, fill.is_maker) for fill in taker.fills] == [(2, False)]
    assert seller.is_finished
    assert taker.is_finished


def test_without_trades_kept_the_sums_are_there(run):
    result = Simulation(run[0].config, keep_trades=False).run()
    assert replace(result.market, wall_seconds=0, actions_per_second=0) == replace(
        run[1].market, wall_seconds=0, actions_per_second=0
    )
    assert result.agents == run[1].agents
    assert not any(result.trades.values())


def test_others_may_trade_before_the_run():
    run = simulation()
    run.exchange.market("BASE-QUOTE").credit_account(99, 10, 0)
    run.exchange.submit("BASE-QUOTE", 99, 1, Side.ASK, OrderType.LIMIT, 50, 3)
    run.add("agent", Scripted(lambda self, now_ns: (yield Submit(Side.BID, OrderType.MARKET, None, 2))))
    result = run.run()
    assert list(result.trades["maker_account"]) == [0]
    assert result.agent("agent").inventory_lots == 2


def test_the_rules_of_the_instrument_hold():
    agent = AgentConfig("noise", NoiseTraderSettings(quantity_max=10))
    config = Config(agents=(agent,), instrument=Instrument("BTC-USD", "BTC", "USD", quantity_max=3))
    (result,) = Simulation(config).run().agents
    assert result.refusals["quantity_too_large"] > 100


def test_chances_are_of_the_seed_and_the_place():
    def seeds(config):
        return [seat.participant.strategy.settings.seed for seat in Simulation(config)._seats]

    agents = tuple(AgentConfig(f"n{number}", NoiseTraderSettings(seed=5)) for number in range(3))
    config = Config(agents=agents, seed=1)
    assert len({*seeds(config), *seeds(replace(config, seed=2))}) == 6
    kept = replace(config, agents=tuple(replace(agent, seeded=True) for agent in agents))
    assert seeds(kept) == [5, 5, 5]


def test_wrong_uses():
    run = simulation()
    run.add("agent", Scripted(lambda self, now_ns: (yield WaitUntil(0))), account_id=2)
    with pytest.raises(ValueError, match="there is an agent 'agent' already"):
        run.add("agent", Scripted(None))
    with pytest.raises(ValueError, match="account 2 is there already"):
        run.add("other", Scripted(None), account_id=2)
    with pytest.raises(ValueError, match=r"more than 2\^63-1"):
        run.add("rich", Scripted(None), quote_deposit=2**63 - 1)
    with pytest.raises(OverflowError):
        run.add("slow", Scripted(None), latency_ns=2**63)
    with pytest.raises(TypeError):
        run.add("odd", Scripted(None), speed=3)
    run.run()
    with pytest.raises(RuntimeError, match="is over"):
        run.run()
    with pytest.raises(RuntimeError, match="is over"):
        run.add("late", Scripted(None))


def test_ctrl_c_ends_it():
    """An agent that never lets time pass does not hold the interrupt up."""

    def life(self, now_ns):
        yield WaitUntil(10)
        signal.raise_signal(signal.SIGINT)
        while True:
            yield WaitUntil(0)

    run = simulation()
    run.add("restless", Scripted(life))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # shells turn it off in what runs behind them
    try:
        with pytest.raises(KeyboardInterrupt):
            run.run()
    finally:
        signal.signal(signal.SIGINT, before)
