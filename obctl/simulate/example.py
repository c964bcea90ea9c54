"""The configuration that `obctl simulate --example` prints: a market of noise traders, and the three agents in it."""

EXAMPLE = """\
# A simulation: noise traders make a market, and three agents trade in it.
# Run it with: obctl simulate FILE

seed = 1              # same seed, same run, on every machine
seconds = 60          # of simulated time
sample_millis = 1000  # from one sample to the next

[market]              # an instrument: all keys may be left out
symbol = "BTC-USD"
base = "BTC"
quote = "USD"

[[agents]]
strategy = "noise-trader"
name = "noise"
count = 30            # so many of them: noise-1, noise-2 and so on
latency_micros = 500  # from the agent to the market, and as long back
[agents.settings]     # those of the strategy; all have defaults but a TWAP's price
actions_per_second = 10
reference_price = 100_000
depth_ticks = 25

[[agents]]
strategy = "market-maker"
latency_micros = 50
[agents.settings]
mid_price = 100_000
spread = 5
quantity = 20
tick_millis = 200
inventory_skew = 0.02

[[agents]]
strategy = "twap"
latency_micros = 1000
start_millis = 2000   # when it begins
base_deposit = 0      # lots
quote_deposit = 1_000_000_000_000  # ticks x lots
[agents.settings]
side = "bid"
order_type = "limit"
price = 100_020
total_quantity = 1000
slices = 10
slice_interval_millis = 5000
time_jitter_percent = 20
once = true

[[agents]]
strategy = "passive-buyer"
latency_micros = 1000
[agents.settings]
target_price = 99_998
quantity = 25
"""
