"""Configurations: what every key means, and that a wrong one is named with its file, table and key."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from agents.simulation import AgentConfig, Config, ConfigError, Simulation, load_config, parse_config
from agents.strategies import MarketMakerSettings, NoiseTraderSettings, PassiveBuyerSettings, TwapSettings
from orderbook import Instrument, OrderType, SelfTradePrevention, Side

NOISE = '[[agents]]\nstrategy = "noise-trader"\n'

WHOLE = """
seed = 9
seconds = 1.5
sample_millis = 250
[market]
symbol = "BTC-USD"
base = "BTC"
quote = "USD"
tick_size = 0.01
self_trade_prevention = "cancel_oldest"
reference_price = 1000
price_band = 100
[[agents]]
strategy = "market-maker"
name = "mm"
account_id = 77
latency_micros = 0.5
start_millis = 2
base_deposit = 3
quote_deposit = 4
settings = { mid_price = 1000, inventory_skew = 0.25, inventory_max = 8 }
[[agents]]
strategy = "noise-trader"
count = 2
[agents.settings]
actions_per_second = 2.5
[[agents]]
strategy = "twap"
[agents.settings]
side = "ask"
order_type = "ioc"
price = 5
once = true
[[agents]]
strategy = "passive-buyer"
"""


def test_every_key():
    noise = NoiseTraderSettings(actions_per_second=Fraction(5, 2))
    maker = MarketMakerSettings(mid_price=1000, inventory_skew=Fraction(1, 4), inventory_max=8)
    twap = TwapSettings(side=Side.ASK, order_type=OrderType.IOC, price=5, once=True)
    assert parse_config(WHOLE) == Config(
        agents=(
            AgentConfig("mm", maker, "mm", 77, False, 500, 2_000_000, 3, 4),
            AgentConfig("noise-trader-1", noise, "noise-trader"),
            AgentConfig("noise-trader-2", noise, "noise-trader"),
            AgentConfig("twap", twap, "twap"),
            AgentConfig("passive-buyer", PassiveBuyerSettings(), "passive-buyer"),
        ),
        seed=9,
        duration_ns=1_500_000_000,
        sample_interval_ns=250_000_000,
        instrument=Instrument(
            *("BTC-USD", "BTC", "USD"),
            tick_size=Decimal("0.01"),
            self_trade_prevention=SelfTradePrevention.CANCEL_OLDEST,
            reference_price=1000,
            price_band=100,
        ),
    )


def test_what_is_left_out_has_a_default():
    config = parse_config(NOISE)
    assert config == Config(agents=(AgentConfig("noise-trader", NoiseTraderSettings(), "noise-trader"),))
    assert (config.seed, config.duration_ns, config.instrument.symbol) == (1, 60_000_000_000, "BASE-QUOTE")


def test_accounts_are_the_lowest_that_are_free():
    config = parse_config(f"seconds = 0\n{NOISE}count = 2\n{NOISE}name='x'\naccount_id = 2\n{NOISE}name='y'")
    assert [agent.account_id for agent in Simulation(config).run().agents] == [1, 3, 2, 4]


def test_a_seed_in_the_settings_counts():
    alone, first, second, drawn = parse_config(
        f"{NOISE}settings = {{seed = 5}}\n{NOISE}name = 'n'\ncount = 2\nsettings = {{seed = 5}}\n{NOISE}name = 'm'"
    ).agents
    assert (alone.settings.seed, alone.seeded, drawn.seeded) == (5, True, False)
    assert first.seeded
    assert len({5, first.settings.seed, second.settings.seed}) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "agents: there are none; each is a table [[agents]]"),
        ("seed = ", "is no TOML: Invalid value (at end of document)"),
        ("sed = 1\n" + NOISE, "sed: there is no such key; there are seed, seconds, sample_millis"),
        ("seed = -1\n" + NOISE, "seed: is -1, and must be 0 to 2^64-1"),
        ("seed = true\n" + NOISE, "seed: True must be a whole number"),
        ("seed = 1.0\n" + NOISE, "seed: 1.0 must be a whole number"),
        ("seconds = -1\n" + NOISE, "seconds: must be 0 to 2305843009"),
        ("seconds = inf\n" + NOISE, "seconds: Infinity must be a number"),
        ("seconds = nan\n" + NOISE, "seconds: NaN must be a number"),
        ("seconds = '1'\n" + NOISE, "seconds: '1' must be a number"),
        ("sample_millis = 0\n" + NOISE, "sample_millis: is 0, and must be 1 to "),
        ("market = 1\n" + NOISE, "market: must be a table, [market]"),
        (NOISE + "[market]\nsymbol = 5", "market.symbol: 5 must be a text"),
        (NOISE + "[market]\nsymbols = 'A'", "market.symbols: there is no such key; there are symbol, base, "),
        (NOISE + "[market]\nbase = 'USD'\nquote = 'USD'", "market: base and quote of BASE-QUOTE are the same asset"),
        (NOISE + "[market]\ntick_size = 0", "market: tick_size 0 is not above 0"),
        (NOISE + "[market]\nself_trade_prevention = 'no'", "market.self_trade_prevention: 'no' must be one of \"can"),
        ("agents = 5", "agents: must be tables, [[agents]]"),
        ("agents = [5]", "agents: must be tables, [[agents]]"),
        ("[[agents]]", "agents[1].strategy: is missing"),
        ("[[agents]]\nstrategy = 'noise'", "agents[1].strategy: 'noise' must be one of market-maker, noise-trader, "),
        (NOISE + "[[agents]]\nstrategy = 5", "agents[2].strategy: 5 must be a text"),
        (NOISE + "nam = 'x'", "agents[1].nam: there is no such key; there are strategy, name, count, "),
        (NOISE + "count = 0", "agents[1].count: is 0, and must be 1 to 100000"),
        (NOISE + "count = 2\naccount_id = 1", "agents[1].account_id: is of one agent, and count is 2"),
        (NOISE + "latency_micros = -1", "agents[1].latency_micros: must be 0 to "),
        (NOISE + "latency_micros = true", "agents[1].latency_micros: True must be a number"),
        (NOISE + "start_millis = 1e300", "agents[1].start_millis: must be 0 to "),
        (NOISE + "base_deposit = 18446744073709551616", "agents[1].base_deposit: is 18446744073709551616, and must be"),
        (NOISE + "name = '\\n'\nsettings = 5", "agents[1].settings: must be a table, [agents.settings]"),
        (NOISE + 'name = "a\\n"', "agents[1].name: 'a\\n' must have printable characters alone"),
        (NOISE + NOISE, "agents: two have the name 'noise-trader'"),
        (NOISE + "account_id=3\n" + NOISE + "name='x'\naccount_id=3", "agents: two have the account_id 3"),
        (NOISE + "[agents.settings]\nspeed = 1", "agents[1].settings.speed: there is no such key; there are actions_"),
        (NOISE + "[agents.settings]\ndepth_ticks = 0", "agents[1].settings.depth_ticks: is 0, and must be 1 to "),
        (NOISE + "[agents.settings]\ndepth_ticks = '5'", "agents[1].settings.depth_ticks: '5' must be a whole number"),
        ("[[agents]]\nstrategy = 'twap'", "agents[1].settings.price: is needed for limit orders"),
        (
            "[[agents]]\nstrategy = 'twap'\nsettings = {side = 'buy'}",
            'agents[1].settings.side: \'buy\' must be one of "bid", "ask"',
        ),
        ("[[agents]]\nstrategy = 'twap'\nsettings = {once = 1}", "agents[1].settings.once: 1 must be true or false"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, message):
    path = tmp_path / "run.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value).startswith(f"{path}: {message}")


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_config(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is no UTF-8 text"):
        load_config(tmp_path / "binary.toml")


def test_the_example_is_the_one_that_is_printed():
    from obctl.simulate.example import EXAMPLE

    example = Path(__file__).parents[3] / "examples" / "simulation.toml"
    assert example.read_text() == EXAMPLE
    assert len(load_config(example).agents) == 33
